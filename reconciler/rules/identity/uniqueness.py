"""The rule about things that may exist only once (compatibility rules, Identity): R08."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from reconciler.model.declaration import D, Declared
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import Kind, ResourceKey
from reconciler.model.origin import Origin
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.rules.scope import Scope, live_criteria

_RENAME = "Remove one of them, or give it another id."


@dataclass(frozen=True, slots=True)
class _Claim:
    """Something that one document may claim and no second one.

    `place` is called for repetitions only: finding a place costs a walk through the document.
    """

    subject: Hashable
    place: Callable[[], Origin]
    key: ResourceKey | None
    name: str
    advice: str = "Keep it in one place only; the orchestrator refuses the second."


def _declared_once(scope: Scope) -> Iterator[Finding | Unknown]:
    yield from _repeated(chain(_ids(scope), _criteria(scope), _fingerprints(scope), _runner_rules(scope)))
    if any(definition.entity.criteria for definition in scope.definitions):
        if scope.has_read(Kind.DEFINITION):
            yield from _held_in_live(scope)
        else:
            yield Unknown(
                "R08",
                f"{scope.unread(Kind.DEFINITION)}: criteria that other definitions hold there are not known",
            )


def _repeated(claims: Iterable[_Claim]) -> Iterator[Finding]:
    first: dict[Hashable, _Claim] = {}
    for claim in claims:
        before = first.setdefault(claim.subject, claim)
        if before is not claim:
            one, other = before.place(), claim.place()
            yield Finding(
                "R08",
                Severity.ERROR,
                f"{claim.name} is declared twice ({one}, {other})",
                other,
                key=claim.key,
                others=(one,),
                advice=claim.advice,
            )


def _ids(scope: Scope) -> Iterator[_Claim]:
    for definition in scope.definitions:
        key = scope.key(Kind.DEFINITION, definition.id)
        yield _Claim(key, partial(getattr, definition, "id_origin"), key, f"Definition `{key.id}`", _RENAME)
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


def _id(scope: Scope, kind: Kind, identifier: str, declared: Declared[D]) -> _Claim:
    key = scope.key(kind, identifier)
    return _Claim(key, partial(declared.origin, ("metadata", "id")), key, f"{kind} `{identifier}`", _RENAME)


def _checked_id(kind: str, identifier: str, declared: Declared[D]) -> _Claim:
    """Name a document of a kind that is checked and not applied."""
    origin = partial(declared.origin, ("metadata", "id"))
    return _Claim((kind, identifier), origin, None, f"{kind} `{identifier}`", _RENAME)


def _criteria(scope: Scope) -> Iterator[_Claim]:
    for definition in scope.definitions:
        key = scope.key(Kind.DEFINITION, definition.id)
        for index, criterion in enumerate(definition.entity.criteria or ()):
            selector = criterion.selector()
            yield _Claim(
                (Kind.CRITERION, definition.entity.type, selector),
                partial(definition.origin, ("criteria", index)),
                key,
                f"Criterion `{selector or 'any'}` of type `{definition.entity.type}`",
                "Criteria of one type are unique in an organization; remove one, or make it more specific.",
            )


def _fingerprints(scope: Scope) -> Iterator[_Claim]:
    for declared in scope.declarations.keys:
        public_key = scope.public_key(declared.origin())
        if public_key is not None:
            owner = declared.document.spec.for_
            registered = owner.agent is not None
            key = scope.key(Kind.KEY, f"{owner.agent}/{public_key.fingerprint}") if registered else None
            yield _Claim(
                ("fingerprint", owner, public_key.fingerprint),
                partial(declared.origin, ("spec", "publicKey")),
                key,
                f"Key {public_key.fingerprint[:12]} of {owner.name}",
            )


def _runner_rules(scope: Scope) -> Iterator[_Claim]:
    for runner in scope.declarations.runners:
        for index, rule in enumerate(runner.document.spec.rules or ()):
            key = scope.key(Kind.RUNNER_RULE, rule.pair())
            yield _Claim(
                key,
                partial(runner.origin, ("spec", "rules", index)),
                key,
                f"Runner rule `{rule.pair()}` (project/environment type)",
            )


def _held_in_live(scope: Scope) -> Iterator[Finding]:
    """Compare with definitions that only exist live.

    A built-in one is never touched, so the API is certain to answer 409. Any other may be ours
    and about to go or to change, which only the plan knows.
    """
    holders = {
        (resource.document.get("type"), criterion.selector()): resource
        for resource in scope.live_of(Kind.DEFINITION)
        if resource.key.id not in scope.definition_ids
        for criterion in live_criteria(resource)
    }
    for definition in scope.definitions:
        for index, criterion in enumerate(definition.entity.criteria or ()):
            holder = holders.get((definition.entity.type, criterion.selector()))
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
                f"one more "
                "specific."
                if holder.is_built_in
                else f"If the plan does not remove `{holder.key.id}`, declare it with other criteria or "
                f"take the "
                "criterion from it first; adding the criterion would be answered with 409.",
            )


RULES = (
    Rule(
        id="R08",
        title="Nothing is declared twice",
        severity=Severity.ERROR,
        condition="Within one organization, no two documents of a kind may have one id, no two definitions "
        "of one type an identical criterion (an absent `class` is `default`), no Agent one key twice, and "
        "no two Runners a rule for the same project and environment type. Definitions made by Agent "
        "documents count. A criterion that a built-in definition holds live is an error as well; one that "
        "another undeclared definition holds is a warning, because the plan may be about to free it.",
        why="Which of the two would win depends on the order of files, or the API refuses the second with "
        "409.",
        advice="Keep one of them.",
        source="API description of definitions and criteria; v2 API, runner rules",
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        check=_declared_once,
    ),
)
