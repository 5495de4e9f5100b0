"""The rule about things that may exist only once (compatibility rules, Identity): R08."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from reconciler.facts.context import class_of, where
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.scope import Scope, live_criteria
from reconciler.model.declaration import D, Declared
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import ResourceKey, shown
from reconciler.model.key import KeyDocument
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.resource_definition import Criterion
from reconciler.model.runner import RunnerDocument
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_RENAME = "Remove one of them, or give it another id."


@dataclass(frozen=True, slots=True)
class _Claim:
    """Something that one document may claim and no second one."""

    place: Origin
    key: ResourceKey | None
    name: str
    advice: str = "Keep it in one place only; the orchestrator refuses the second."


Claiming = tuple[Hashable, Callable[[], _Claim]]
"""What is claimed, and how to spell the claim out: done for repetitions only, since it costs a walk."""


def _declared_once(scope: Scope) -> Iterator[Finding | Unknown]:
    claims = chain(_ids(scope), _criteria(scope), _fingerprints(scope), _runner_rules(scope))
    yield from _repeated(claims)
    if any(definition.entity.criteria for definition in scope.definitions):
        if scope.has_read(Kind.DEFINITION):
            yield from _held_in_live(scope)
        else:
            yield Unknown(
                "R08",
                f"{scope.unread(Kind.DEFINITION)}: criteria that other definitions hold there are not known",
                scope.unread(Kind.DEFINITION),
            )


def _repeated(claims: Iterable[Claiming]) -> Iterator[Finding]:
    first: dict[Hashable, Callable[[], _Claim]] = {}
    for subject, spell in claims:
        before = first.setdefault(subject, spell)
        if before is not spell:
            one, other = before(), spell()
            yield Finding(
                "R08",
                Severity.ERROR,
                f"{other.name} is declared twice ({one.place}, {other.place})",
                other.place,
                key=other.key,
                others=(one.place,),
                advice=other.advice,
            )


def _ids(scope: Scope) -> Iterator[Claiming]:
    for definition in scope.definitions:
        yield (Kind.DEFINITION, definition.id), partial(_definition, scope, definition)
    for agent in scope.agents:
        yield _id(scope, Kind.AGENT, agent.document.metadata.id, agent)
    for document in scope.declarations.keys:
        yield _id(scope, Kind.KEY, document.document.metadata.id, document)
    for runner in scope.declarations.runners:
        yield _id(scope, Kind.RUNNER, runner.document.metadata.id, runner)
    for operator in scope.declarations.operators:
        yield _checked_id("Operator", operator.document.metadata.id, operator)
    for store in scope.declarations.secret_stores:
        yield _checked_id("SecretStore", store.document.metadata.id, store)


def _definition(scope: Scope, definition: DeclaredDefinition) -> _Claim:
    key = scope.key(Kind.DEFINITION, definition.id)
    return _Claim(definition.id_origin, key, f"Definition `{key.id}`", _RENAME)


def _id(scope: Scope, kind: Kind, identifier: str, declared: Declared[D]) -> Claiming:
    def spell() -> _Claim:
        place, key = declared.origin(("metadata", "id")), scope.key(kind, identifier)
        return _Claim(place, key, f"{kind} `{identifier}`", _RENAME)

    return (kind, identifier), spell


def _checked_id(kind: str, identifier: str, declared: Declared[D]) -> Claiming:
    """Name a document of a kind that is checked and not applied."""

    def spell() -> _Claim:
        return _Claim(declared.origin(("metadata", "id")), None, f"{kind} `{identifier}`", _RENAME)

    return (kind, identifier), spell


def _criteria(scope: Scope) -> Iterator[Claiming]:
    for definition in scope.definitions:
        for index, criterion in enumerate(definition.entity.criteria or ()):
            subject = (definition.entity.type, *_values(criterion))
            yield subject, partial(_criterion, scope, definition, index)


def _values(criterion: Criterion) -> tuple[str | None, ...]:
    """What makes a criterion the same as another."""
    return class_of(criterion), criterion.res_id or None, *where(criterion)


def _criterion(scope: Scope, definition: DeclaredDefinition, index: int) -> _Claim:
    selector = (definition.entity.criteria or ())[index].selector()
    return _Claim(
        definition.origin(("criteria", index)),
        scope.key(Kind.DEFINITION, definition.id),
        f"Criterion `{selector or 'any'}` of type `{definition.entity.type}`",
        "Criteria of one type are unique in an organization; remove one, or make it more specific.",
    )


def _fingerprints(scope: Scope) -> Iterator[Claiming]:
    for declared in scope.declarations.keys:
        public_key = scope.public_key(declared.origin())
        if public_key is not None:
            owner = declared.document.spec.for_
            subject = ("fingerprint", owner, public_key.fingerprint)
            yield subject, partial(_fingerprint, scope, declared, public_key.fingerprint)


def _fingerprint(scope: Scope, declared: Declared[KeyDocument], fingerprint: str) -> _Claim:
    owner = declared.document.spec.for_
    is_registered = owner.agent is not None
    return _Claim(
        declared.origin(("spec", "publicKey")),
        scope.key(Kind.KEY, f"{owner.agent}/{fingerprint}") if is_registered else None,
        f"Key {shown(fingerprint)} of {owner.name}",
    )


def _runner_rules(scope: Scope) -> Iterator[Claiming]:
    for runner in scope.declarations.runners:
        for index, rule in enumerate(runner.document.spec.rules or ()):
            yield (Kind.RUNNER_RULE, rule.pair()), partial(_runner_rule, scope, runner, index, rule.pair())


def _runner_rule(scope: Scope, runner: Declared[RunnerDocument], index: int, pair: str) -> _Claim:
    place, key = runner.origin(("spec", "rules", index)), scope.key(Kind.RUNNER_RULE, pair)
    return _Claim(place, key, f"Runner rule `{pair}` (project/environment type)")


def _held_in_live(scope: Scope) -> Iterator[Finding]:
    """Compare with definitions that only exist live.

    A built-in one is never touched, so the API is certain to answer 409. Any other may be ours
    and about to go or to change, which only the plan knows.
    """
    holders = {
        (resource.document.get("type"), *_values(criterion)): resource
        for resource in scope.live_of(Kind.DEFINITION)
        if resource.key.id not in scope.definition_ids
        for criterion in live_criteria(resource)
    }
    for definition in scope.definitions if holders else ():
        for index, criterion in enumerate(definition.entity.criteria or ()):
            holder = holders.get((definition.entity.type, *_values(criterion)))
            if holder is None:
                continue
            held = (
                f"Criterion `{criterion.selector() or 'any'}` of type `{definition.entity.type}` is held by"
            )
            yield Finding(
                "R08",
                Severity.ERROR if holder.is_built_in else Severity.WARNING,
                f"{held} the built-in definition `{holder.key.id}`, which is never changed from here"
                if holder.is_built_in
                else f"{held} definition `{holder.key.id}`, which is not declared",
                definition.origin(("criteria", index)),
                key=scope.key(Kind.DEFINITION, definition.id),
                advice=f"Take the criterion from `{holder.key.id}` in the orchestrator first, or make this "
                "one more specific."
                if holder.is_built_in
                else f"If the plan does not remove `{holder.key.id}`, declare it with other criteria or "
                "take the criterion from it first; adding the criterion would be answered with 409.",
            )


RULES = (
    Rule(
        id="R08",
        title="Nothing is declared twice",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_declared_once,
    ),
)
