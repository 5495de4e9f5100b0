"""The part of the declarations that belongs to a target, and what belongs to none.

Patterns in `targets.<name>.paths` (`.gitignore` syntax) assign files to targets. Some kinds do not
follow their file: an agent, a secret store and an Operator belong to every target whose
organization they name, and a key belongs to the targets of its agent or Operator, because a key is
registered in every organization of its owner.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain

from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declarations, Declared
from reconciler.model.finding import Finding, sort_findings
from reconciler.model.identity import TargetName
from reconciler.model.key import KeyDocument, KeyOwner
from reconciler.model.operator import OperatorDocument
from reconciler.model.origin import Origin
from reconciler.model.reading_rule import concern, problem
from reconciler.settings import EVERY_FILE, Target
from reconciler.source.quoted import quoted
from reconciler.source.violation import nearest

Targets = Mapping[str, frozenset[TargetName]]
"""Targets by file: those whose patterns match it, and those of its documents."""


def targets_of(
    declarations: Declarations, targets: Mapping[TargetName, Target], files: Collection[str]
) -> Targets:
    """Targets of each of the files; empty for a file that belongs to none."""
    found: dict[str, set[TargetName]] = {file: set() for file in files}
    for name, target in targets.items():
        matches = _matcher(target)
        declared = {document.file for document in select(declarations, target).documents()}
        for file, names in found.items():
            if file in declared or matches(file):
                names.add(name)
    return {file: frozenset(names) for file, names in found.items()}


def select(declarations: Declarations, target: Target) -> Declarations:
    """Declarations of the target. Findings, private keys and notes are kept complete: they concern the whole tree."""
    matches = _matcher(target)
    agents = tuple(agent for agent in declarations.agents if _has_agent(agent, target, matches))
    definitions = tuple(declared for declared in declarations.definitions if matches(declared.file))
    runners = tuple(declared for declared in declarations.runners if matches(declared.file))
    operators = tuple(
        declared
        for declared in declarations.operators
        if _is_listed(_one(declared.document.spec.organization), declared.file, target, matches)
    )
    declared_owners = _owners(declarations.agents, declarations.operators)
    own_owners = _owners(agents, operators)
    keys = tuple(key for key in declarations.keys if _has_key(key, own_owners, declared_owners, matches))
    origins = {key.origin() for key in keys} | {runner.origin() for runner in runners}
    return replace(
        declarations,
        definitions=definitions,
        agents=agents,
        keys=keys,
        runners=runners,
        operators=operators,
        secret_stores=tuple(
            declared
            for declared in declarations.secret_stores
            if _is_listed(declared.document.spec.organizations, declared.file, target, matches)
        ),
        rejected=tuple(rejected for rejected in declarations.rejected if matches(rejected.file)),
        foreign=tuple(declared for declared in declarations.foreign if matches(declared.file)),
        public_keys={
            origin: facts for origin, facts in declarations.public_keys.items() if origin in origins
        },
        placed_keys={
            origin: facts for origin, facts in declarations.placed_keys.items() if origin in origins
        },
    )


def is_bare(declarations: Declarations, target: Target) -> bool:
    """True if the target's paths match no file with a document, valid or not."""
    matches = _matcher(target)
    documents = chain(declarations.documents(), declarations.rejected)
    return not any(matches(document.file) for document in documents)


def unassigned(declarations: Declarations, targets: Mapping[TargetName, Target]) -> tuple[Finding, ...]:
    """Findings for files whose documents belong to no target (F11) and for organizations that no target has (F12)."""
    organizations = sorted({target.organization for target in targets.values()})
    findings = [
        finding for named in _named(declarations) for finding in _unknown_organizations(named, organizations)
    ]
    # What names organizations needs no pattern, and neither do its keys.
    agents = [agent for agent in declarations.agents if agent.document.spec.organizations is not None]
    operators = [one for one in declarations.operators if one.document.spec.organization is not None]
    listing = _owners(agents, operators)
    files = {definition.file for definition in declarations.definitions}
    files.update(runner.file for runner in declarations.runners)
    files.update(a.file for a in declarations.agents if a.document.spec.organizations is None)
    files.update(key.file for key in declarations.keys if key.document.spec.for_ not in listing)
    files.update(d.file for d in declarations.operators if d.document.spec.organization is None)
    files.update(d.file for d in declarations.secret_stores if d.document.spec.organizations is None)
    for target in targets.values():
        matches = _matcher(target)
        files = {file for file in files if not matches(file)}
    message = "the file belongs to no target, so what it declares is not applied"
    advice = "add a pattern for it to `targets.<name>.paths` in the settings"
    findings.extend(concern("F11", message, Origin(file), advice=advice) for file in files)
    return sort_findings(findings)


@dataclass(frozen=True, slots=True)
class _Named:
    """A document that names organizations, and the place of each."""

    name: str
    places: tuple[tuple[str, Origin], ...]


def _named(declarations: Declarations) -> Iterator[_Named]:
    at = ("spec", "organizations")
    for agent in declarations.agents:
        listed = agent.document.spec.organizations or ()
        places = tuple((name, agent.origin((*at, index))) for index, name in enumerate(listed))
        yield _Named(f"agent {quoted(agent.document.metadata.id)}", places)
    for store in declarations.secret_stores:
        listed = store.document.spec.organizations or ()
        places = tuple((name, store.origin((*at, index))) for index, name in enumerate(listed))
        yield _Named(f"secret store {quoted(store.document.metadata.id)}", places)
    for operator in declarations.operators:
        served = operator.document.spec.organization
        if served is not None:
            place = operator.origin(("spec", "organization"))
            yield _Named(f"operator {quoted(operator.document.metadata.id)}", ((served, place),))


def _unknown_organizations(named: _Named, organizations: list[str]) -> Iterator[Finding]:
    for organization, place in named.places:
        if organization not in organizations:
            meant = nearest(organization, organizations)
            yield problem(
                "F12",
                f"{named.name} lists the organization {quoted(organization)}, which no target in the "
                "settings has",
                place,
                advice=f"did you mean `{meant}`?" if meant else "add a target with that organization",
            )


def _has_agent(agent: Declared[AgentDocument], target: Target, matches: Callable[[str], bool]) -> bool:
    return _is_listed(agent.document.spec.organizations, agent.file, target, matches)


def _one(organization: str | None) -> Collection[str] | None:
    return None if organization is None else (organization,)


def _is_listed(
    organizations: Collection[str] | None, file: str, target: Target, matches: Callable[[str], bool]
) -> bool:
    """True if a document belongs to the target: by its organizations, or by its file if it names none."""
    return matches(file) if organizations is None else target.organization in organizations


def _has_key(
    key: Declared[KeyDocument], own: set[KeyOwner], declared: set[KeyOwner], matches: Callable[[str], bool]
) -> bool:
    owner = key.document.spec.for_
    return owner in own if owner in declared else matches(key.file)


def _owners(
    agents: Iterable[Declared[AgentDocument]], operators: Iterable[Declared[OperatorDocument]]
) -> set[KeyOwner]:
    """Agents and Operators as owners of keys."""
    return {
        *(KeyOwner(agent=agent.document.metadata.id) for agent in agents),
        *(KeyOwner(operator=operator.document.metadata.id) for operator in operators),
    }


def _matcher(target: Target) -> Callable[[str], bool]:
    """A test whether a path belongs to the target; cached, because many documents share a file."""
    if target.paths == EVERY_FILE:
        return lambda _: True
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  few settings need it, and all would wait for it

    spec = GitIgnoreSpec.from_lines(target.paths)

    @cache
    def matches(path: str) -> bool:
        return spec.match_file(path)

    return matches
