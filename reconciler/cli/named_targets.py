"""The target and the cluster definitions that `target/ID` names, with the scope that rules see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from reconciler.cli.passes import Composition
from reconciler.errors import UsageError
from reconciler.facts.definition import CLUSTER_TYPE, DeclaredDefinition
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declarations
from reconciler.model.finding import Severity
from reconciler.model.wording import plural

PREFIX = "target/"


@dataclass(frozen=True, slots=True)
class Named:
    """A target and the cluster definitions that were named: one, or all."""

    scope: Scope
    definitions: tuple[DeclaredDefinition, ...]


def find(text: str, scopes: Sequence[Scope]) -> Named:
    """What `NAME`, `NAME/DEFINITION` or `DEFINITION` refers to; NAME is a target, or else an organization.

    Raises UsageError for an unknown name, with the nearest known one, and for one that fits several targets.
    """
    targets = f"targets are {', '.join(scope.target for scope in scopes)}"
    if not text:
        raise UsageError(f"{PREFIX} needs the name of a target", advice=targets)
    name, slash, identifier = text.partition("/")
    called = [scope for scope in scopes if scope.target == name]
    called = called or [scope for scope in scopes if scope.organization == name]
    if len(called) == 1:
        return Named(called[0], _wanted(called[0], identifier))
    if called:
        names = ", ".join(f"{PREFIX}{scope.target}{slash}{identifier}" for scope in called)
        raise UsageError(f"several targets have the organization {name!r}", advice=f"name one of {names}")
    holding = [scope for scope in scopes if text in _ids(scope)]
    if len(holding) == 1:
        return Named(holding[0], _wanted(holding[0], text))
    if holding:
        names = ", ".join(f"{PREFIX}{scope.target}/{text}" for scope in holding)
        raise UsageError(f"several targets have a cluster definition {text!r}", advice=f"name one of {names}")
    known: list[str] = [scope.target for scope in scopes]
    known += [scope.organization for scope in scopes]
    known += [identifier for scope in scopes for identifier in _ids(scope)]
    raise UsageError(
        f"there is no target, organization or cluster definition {text!r}",
        advice=_hint(text, known) or targets,
    )


def _wanted(scope: Scope, identifier: str) -> tuple[DeclaredDefinition, ...]:
    clusters = tuple(scope.of_type(CLUSTER_TYPE))
    if not identifier:
        return clusters
    found = tuple(definition for definition in clusters if definition.id == identifier)
    if found:
        return found
    ids = _ids(scope)
    raise UsageError(
        f"target {scope.target!r} has no cluster definition {identifier!r}",
        advice=_hint(identifier, ids)
        or (f"it has {', '.join(ids)}" if ids else f"it declares none of type {CLUSTER_TYPE}"),
    )


def _ids(scope: Scope) -> list[str]:
    return [definition.id for definition in scope.of_type(CLUSTER_TYPE)]


def _hint(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""


def seen_live(composed: Composition, named: Named) -> Named:
    """The named target with its live organization, read by a client that cannot write.

    Raises UsageError where the target has no orchestrator, and OrchestratorError.
    """
    from reconciler.facts.demand import demand  # noqa: PLC0415  only --live needs it
    from reconciler.model.surroundings import Beside  # noqa: PLC0415  as above
    from reconciler.orchestrator.sight import Hints  # noqa: PLC0415  as above

    scope = named.scope
    target = composed.settings.targets[scope.target]
    if target.orchestrator is None:
        raise UsageError(
            f"target {scope.target!r} has no orchestrator to read",
            advice=f"set targets.{scope.target}.orchestrator, or leave out --live",
        )
    client = composed.adapters.connect(scope.target)
    try:
        beside = demand(scope) | {Beside.STORES, Beside.DRIVERS}
        look = client.look(Hints(agents=scope.agent_ids, beside=beside))
    finally:
        client.close()
    seen = replace(scope, live=look.state)
    asked = {definition.id for definition in named.definitions}
    return Named(seen, tuple(found for found in seen.of_type(CLUSTER_TYPE) if found.id in asked))


def refused_words(number: int) -> str:
    """A notice about errors found while reading."""
    return f"{plural(number, 'error')} in the files (see `reconciler validate`); the objects concerned are left out"


def count_refused(loaded: Declarations) -> int:
    """Number of errors found while reading; the objects they concern are left out of every answer."""
    return sum(finding.severity is Severity.ERROR for finding in loaded.findings)
