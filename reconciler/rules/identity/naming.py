"""Rules about ids (compatibility rules, Identity): R01, R02, R04, R06, R07.

Ids of documents that the reader rejected because of another field are checked as well.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.manifest import secret_stores
from reconciler.facts.scope import Scope
from reconciler.facts.service import services
from reconciler.facts.written_id import WrittenId, written_ids
from reconciler.model.finding import Severity
from reconciler.model.identifier import (
    did_you_mean,
    is_definition_id,
    is_organization_id,
    is_runner_id,
    is_v1_id,
    repaired,
)
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.wording import visible
from reconciler.rules.over import Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

_V1_FORM = "lower-case letters, digits and single inner hyphens only"


@dataclass(frozen=True, slots=True)
class _Id:
    """An id. `is_made` is true for a definition generated from an Agent document."""

    text: str
    is_made: bool = False


def _ids(kind: str, of_resource: Kind | None) -> Over[Subject[_Id]]:
    def found(scope: Scope) -> Iterator[Subject[_Id]]:
        for written in written_ids(scope, kind):
            yield _subject(scope, of_resource, _Id(written.id), partial(_place, written))

    return Over(f"id of {kind}", found)


def _made_ids(scope: Scope) -> Iterator[Subject[_Id]]:
    for definition in scope.definitions:
        if definition.is_made_by_agent:
            yield _subject(
                scope, Kind.DEFINITION, _Id(definition.id, is_made=True), partial(_made_place, definition)
            )


def _store_names(scope: Scope) -> Iterator[Subject[_Id]]:
    for name, origin in secret_stores(scope.everything):
        yield _subject(scope, None, _Id(name), origin)


def _place(written: WrittenId) -> Origin:
    return written.origin


def _made_place(definition: DeclaredDefinition) -> Origin:
    return definition.id_origin


def _subject(
    scope: Scope, kind: Kind | None, written: _Id, place: Origin | Callable[[], Origin]
) -> Subject[_Id]:
    key = None if kind is None else scope.key(kind, written.text)
    return Subject(written, scope, f"`{visible(written.text)}`", place, key)


def _agent_id(subject: Subject[_Id]) -> Iterator[Answer]:
    text = subject.fact.text
    if not is_v1_id(text):
        yield subject.says(
            f"Agent id {subject.name} is invalid: {_V1_FORM}, at least two characters",
            advice=_repair(repaired(text), is_valid=is_v1_id(repaired(text))),
        )


def _definition_id(subject: Subject[_Id]) -> Iterator[Answer]:
    text = subject.fact.text
    if is_definition_id(text):
        return
    suggestion = repaired(text)
    if suggestion and subject.fact.is_made:
        suggestion = suggestion.removesuffix("-agent") + "-agent"
    yield subject.says(
        f"Definition id {subject.name} is invalid: at least three characters, lower-case letters, digits and hyphens "
        "only, no hyphen at either end",
        advice=_repair(suggestion, is_valid=is_definition_id(suggestion)),
    )


def _organizations(scope: Scope) -> Iterator[Subject[str]]:
    for agent in scope.declarations.agents:
        for index, organization in enumerate(agent.document.spec.organizations or ()):
            place = partial(agent.origin, ("spec", "organizations", index))
            yield Subject(organization, scope, "", place)
    own = {agent.origin() for agent in scope.agents}
    for service in services(scope):
        if service.agent is None or service.agent.origin() in own:
            for organization, served_at in service.organizations or ():
                yield Subject(organization, scope, "", served_at)


ORGANIZATIONS = Over("id of an organization", _organizations)


def _organization_id(subject: Subject[str]) -> Iterator[Answer]:
    if not is_organization_id(subject.fact):
        known = {target.organization for target in subject.scope.settings.targets.values()}
        yield subject.says(
            f"`{visible(subject.fact)}` is not a valid organization id: {_V1_FORM}, 2 to 50 characters",
            advice=did_you_mean(subject.fact, sorted(known)) or "Use the organization's id, not its name.",
        )


def _store_id(subject: Subject[_Id]) -> Iterator[Answer]:
    text = subject.fact.text
    if text == BUILT_IN_STORE:
        yield subject.says(
            f"Secret store id {subject.name} is reserved for the built-in store",
            advice="Choose another id, and use it as `store` in every secret reference.",
        )
    elif not is_v1_id(text):
        yield subject.says(
            f"Secret store id {subject.name} is invalid: {_V1_FORM}, at least two characters",
            advice=_repair(repaired(text), is_valid=is_v1_id(repaired(text))),
        )


def _runner_id(subject: Subject[_Id]) -> Iterator[Answer]:
    text = subject.fact.text
    if not is_runner_id(text):
        suggestion = repaired(text).lstrip("0123456789-")
        yield subject.says(
            f"Runner id {subject.name} is invalid: a letter first, then at least one lower-case letter, digit, `_` or "
            "`-`",
            advice=_repair(suggestion, is_valid=is_runner_id(suggestion)),
        )


def _repair(suggestion: str, *, is_valid: bool) -> str:
    return f"Use `{suggestion}`, for example." if is_valid else "Choose another id."


RULES = (
    Rule(
        id="R01",
        title="Agent id is valid",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=_ids("Agent", Kind.AGENT),
        check=_agent_id,
    ),
    Rule(
        id="R02",
        title="Definition id is valid",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=_ids("Definition", Kind.DEFINITION),
        check=_definition_id,
        also=(Part(Over("id of a generated definition", _made_ids), _definition_id),),
    ),
    Rule(
        id="R04",
        title="Organization id is valid",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=ORGANIZATIONS,
        check=_organization_id,
    ),
    Rule(
        id="R06",
        title="Secret store id is valid",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=_ids("SecretStore", None),
        check=_store_id,
        also=(Part(Over("name of a SecretStore", _store_names), _store_id),),
    ),
    Rule(
        id="R07",
        title="Runner id is valid",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=_ids("Runner", Kind.RUNNER),
        check=_runner_id,
    ),
)
