"""The rule about duplicates (compatibility rules, Identity): R08."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from reconciler.facts.context import class_of, where
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.placed_key import PlacedDocument, entries_of, placed_keys
from reconciler.facts.scope import Scope, live_criteria
from reconciler.facts.written_id import WrittenId, accepted_ids, refused_ids
from reconciler.model.declaration import Declared
from reconciler.model.finding import Severity
from reconciler.model.identity import ResourceKey, shown
from reconciler.model.key import KeyDocument
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.resource_definition import Criterion
from reconciler.model.runner import RunnerDocument
from reconciler.model.state import Resource
from reconciler.rules.over import DEFINITIONS, TARGET, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

_RENAME = "Remove one of them, or change its id."


@dataclass(frozen=True, slots=True)
class _Claim:
    """Something that only one document can claim."""

    place: Origin
    key: ResourceKey | None
    name: str
    advice: str = "Keep it in one place only; the orchestrator rejects the second."


Claiming = tuple[Hashable, Callable[[], _Claim]]
"""What is claimed, and a function for the details: called for duplicates only, because finding a place is slow."""


def _declared_once(subject: Subject[Scope]) -> Iterator[Answer]:
    scope = subject.scope
    first: dict[Hashable, Callable[[], _Claim]] = {}
    claims = (_ids, _criteria, _fingerprints, _places, _runner_keys, _runner_rules)
    for claimed, spell in chain.from_iterable(one(scope) for one in claims):
        before = first.setdefault(claimed, spell)
        if before is not spell:
            one, other = before(), spell()
            yield subject.says(
                f"{other.name} is declared twice ({one.place}, {other.place})",
                at=other.place,
                key=other.key,
                others=(one.place,),
                advice=other.advice,
            )


def _ids(scope: Scope) -> Iterator[Claiming]:
    """Ids of documents by kind, including those of definitions generated from Agent documents."""
    for definition in scope.definitions:
        yield ("Definition", definition.id), partial(_definition, scope, definition)
    for agent in scope.agents:
        written = WrittenId("Agent", agent.document.metadata.id, agent)
        yield (written.kind, written.id), partial(_written, scope, written)
    others = accepted_ids(scope, "Key", "Runner", "Operator", "SecretStore")
    for written in chain(others, refused_ids(scope)):
        yield (written.kind, written.id), partial(_written, scope, written)


def _definition(scope: Scope, definition: DeclaredDefinition) -> _Claim:
    key = scope.key(Kind.DEFINITION, definition.id)
    return _Claim(definition.id_origin, key, f"Definition `{key.id}`", _RENAME)


def _written(scope: Scope, written: WrittenId) -> _Claim:
    """Claim on the id of a document; kinds that are checked but not applied have no key."""
    key = scope.key(Kind(written.kind), written.id) if written.kind in set(Kind) else None
    return _Claim(written.origin, key, f"{written.kind} `{written.id}`", _RENAME)


def _criteria(scope: Scope) -> Iterator[Claiming]:
    for definition in scope.definitions:
        for index, criterion in enumerate(definition.entity.criteria or ()):
            subject = (definition.entity.type, *_values(criterion))
            yield subject, partial(_criterion, scope, definition, index)


def _values(criterion: Criterion) -> tuple[str | None, ...]:
    """The values by which two criteria are equal."""
    return class_of(criterion), criterion.res_id or None, *where(criterion)


def _criterion(scope: Scope, definition: DeclaredDefinition, index: int) -> _Claim:
    selector = (definition.entity.criteria or ())[index].selector()
    return _Claim(
        definition.origin(("criteria", index)),
        scope.key(Kind.DEFINITION, definition.id),
        f"Criterion `{selector or 'any'}` of type `{definition.entity.type}`",
        "Criteria must be unique per type in an organization; remove one, or make it more specific.",
    )


def _fingerprints(scope: Scope) -> Iterator[Claiming]:
    for declared in scope.declarations.keys:
        for public_key in scope.public_keys_of(declared):
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


def _places(scope: Scope) -> Iterator[Claiming]:
    """Entries of Secrets in which keys are made, with those of a rotation."""
    for declared in placed_keys(scope.everything):
        if declared.document.spec.generate is not None:
            one, spell = entries_of(declared), partial(_place, declared)
            for entry in (one.entry, one.staged, one.previous):
                yield replace(one, entry=entry), spell


def _place(declared: PlacedDocument) -> _Claim:
    entries = entries_of(declared)
    return _Claim(
        declared.origin(("spec", "privateKey")),
        None,
        f"A key in entry `{entries.entry}` of {entries}",
        "Give each key a Secret or an entry (`key`) of its own.",
    )


def _runner_keys(scope: Scope) -> Iterator[Claiming]:
    """Runners whose only key is read from a Secret."""
    for declared in placed_keys(scope.declarations):
        owner = declared.document.spec.for_
        if owner.runner is not None:
            yield ("key", owner), partial(_runner_key, declared)


def _runner_key(declared: PlacedDocument) -> _Claim:
    owner = declared.document.spec.for_
    return _Claim(
        declared.origin(("spec", "for")),
        None,
        f"The key of {owner.name}",
        "A runner has one key: keep the document of the Secret that its pods mount.",
    )


def _runner_rules(scope: Scope) -> Iterator[Claiming]:
    for runner in scope.declarations.runners:
        for index, rule in enumerate(runner.document.spec.rules or ()):
            yield (Kind.RUNNER_RULE, rule.pair()), partial(_runner_rule, scope, runner, index, rule.pair())


def _runner_rule(scope: Scope, runner: Declared[RunnerDocument], index: int, pair: str) -> _Claim:
    place, key = runner.origin(("spec", "rules", index)), scope.key(Kind.RUNNER_RULE, pair)
    return _Claim(place, key, f"Runner rule `{pair}` (project/environment type)")


@dataclass(frozen=True, slots=True)
class _Criteria:
    """Criteria of a declared definition; `holders` has the live, undeclared definitions by criterion."""

    definition: DeclaredDefinition
    criteria: tuple[Criterion, ...]
    holders: Mapping[Hashable, Resource]


def _with_holders(scope: Scope) -> Iterator[Subject[_Criteria]]:
    holders: dict[Hashable, Resource] = {
        (resource.document.get("type"), *_values(criterion)): resource
        for resource in scope.live_of(Kind.DEFINITION)
        if resource.key.id not in scope.definition_ids
        for criterion in live_criteria(resource)
    }
    for one in DEFINITIONS.subjects(scope):
        if one.fact.entity.criteria:
            fact = _Criteria(one.fact, one.fact.entity.criteria, holders)
            yield Subject(fact, scope, one.name, one.where, one.key)


CRITERIA = Over("criteria of a definition", _with_holders)


def _free(subject: Subject[_Criteria]) -> Iterator[Answer]:
    """Findings for criteria of definitions that exist only live.

    A built-in definition is never changed, so the API will return 409. Any other may be managed, and about to be
    deleted or changed; only the plan knows.
    """
    definition = subject.fact.definition
    subject.seen.live(Kind.DEFINITION)
    for index, criterion in enumerate(subject.fact.criteria):
        holder = subject.fact.holders.get((definition.entity.type, *_values(criterion)))
        if holder is None:
            continue
        held = f"Criterion `{criterion.selector() or 'any'}` of type `{definition.entity.type}` is already used by"
        name = holder.key.id
        if holder.is_built_in:
            message = f"{held} the built-in definition `{name}`"
            advice = (
                f"List `{name}` under `builtIn.disabled` of the target in the settings, or make this criterion more "
                "specific."
            )
        else:
            message = f"{held} definition `{name}`, which is not declared"
            advice = (
                f"If the plan does not delete `{name}`, first declare it with other criteria or remove the criterion "
                "from it; otherwise the API rejects this criterion (409)."
            )
        severity = Severity.ERROR if holder.is_built_in else Severity.WARNING
        place = definition.origin(("criteria", index))
        yield subject.says(message, at=place, advice=advice, severity=severity)


RULES = (
    Rule(
        id="R08",
        title="Nothing is declared twice",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=TARGET,
        check=_declared_once,
        also=(Part(CRITERIA, _free),),
    ),
)
