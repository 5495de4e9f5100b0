"""Rules about registered keys (compatibility rules, Keys): R20, R21, R24, R26."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.facts.key_place import key_places, look
from reconciler.facts.keyring import AgentKeys, declared_keys, is_waiting
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.identity import shown
from reconciler.model.key import KeyOwner
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.registration import RENEWAL, Registration
from reconciler.model.state import Resource
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.model.wording import plural
from reconciler.rules.over import KEYRINGS, TARGET, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

_NO_END = "the orchestrator does not return the time of expiry"
_AT_ONCE = 2
"""Keys registered at the same time during a rotation."""


def _registered(subject: Subject[AgentKeys]) -> Mapping[str, Resource]:
    """Live keys of an Agent; empty where none were read and none are declared, since they are not managed then."""
    keys = subject.fact
    if keys.live is None and keys.declared:
        raise UnseenError(subject.scope.unread(Kind.KEY))
    return keys.live or {}


def _lasts(subject: Subject[AgentKeys]) -> Iterator[Answer]:
    keys, scope = subject.fact, subject.scope
    in_use, is_known = {*keys.declared, *keys.mounted}, True
    for fingerprint, resource in _registered(subject).items():
        if in_use and fingerprint not in in_use:
            continue
        found = _expiry(scope, resource.status.get("expired_at", ""))
        is_known = is_known and found is not None
        if found:
            yield subject.says(
                f"Key {shown(fingerprint)} of Agent `{keys.id}` {found}",
                at=keys.origin_of(fingerprint),
                key=keys.key_of(scope, fingerprint),
                advice="Rotate it: register a new key, mount it, and only then remove this one.",
            )
    if not is_known:
        raise UnseenError(unspecified(_NO_END))


def _expiry(scope: Scope, text: str) -> str | None:
    """Expiry of a key in words, "" where it is far off, None where it is not known."""
    if scope.now is None:
        return None
    end = Registration(expired_at=text).end
    if end is None:
        return None
    if end - scope.now > RENEWAL:
        return ""
    return f"{'expired' if end <= scope.now else 'expires'} {end.date().isoformat()}"


@dataclass(frozen=True, slots=True)
class _OperatorKey:
    """A key that an Operator uses."""

    fingerprint: str
    owner: KeyOwner


def _used_by_operators(scope: Scope) -> Iterator[Subject[_OperatorKey]]:
    for fingerprint, (owner, place) in _operator_keys(scope).items():
        yield Subject(_OperatorKey(fingerprint, owner), scope, f"key of {owner.name}", place)


OPERATOR_KEYS = Over("key of an Operator", _used_by_operators)


def _operators_key_lasts(subject: Subject[_OperatorKey]) -> Iterator[Answer]:
    fingerprint, owner = subject.fact.fingerprint, subject.fact.owner
    for known in subject.seen.operator_keys:
        if known.fingerprint != fingerprint:
            continue
        found = _expiry(subject.scope, known.expired_at)
        if found is None:
            raise UnseenError(unspecified(_NO_END))
        if found:
            yield subject.says(
                f"Key {shown(fingerprint)} of {owner.name} {found}",
                advice="Rotate it: register a new key, replace the Secret, restart the Operator, remove this one.",
            )


def _operator_keys(scope: Scope) -> Mapping[str, tuple[KeyOwner, Origin]]:
    """Keys of the organization's Operators by fingerprint: from `Key` documents, `driverKey` and their Secrets."""
    found: dict[str, tuple[KeyOwner, Origin]] = {}
    for operator in scope.operators:
        key = operator.document.spec.driverKey
        if key is not None and key.fingerprint is not None:
            owner = KeyOwner(operator=operator.document.metadata.id)
            found[key.fingerprint.lower()] = (owner, operator.origin(("spec", "driverKey", "fingerprint")))
    declared, _ = declared_keys(scope)
    for owner, keys in declared.items():
        if owner.operator is not None:
            for fingerprint, document in keys.items():
                found.setdefault(fingerprint, (owner, document.origin(("spec", "publicKey"))))
    for place in key_places(scope):
        if place.owner.operator is not None:
            mounted = look(scope, place).key
            if mounted is not None and mounted.fingerprint:
                found.setdefault(mounted.fingerprint, (place.owner, place.origin))
    return found


def _accepted(subject: Subject[AgentKeys]) -> Iterator[Answer]:
    keys, scope = subject.fact, subject.scope
    for fingerprint, resource in _registered(subject).items():
        if is_waiting(resource) and (fingerprint in keys.declared or fingerprint in keys.mounted):
            switching = _left_behind(keys)
            yield subject.says(
                f"Key {shown(fingerprint)} is registered but not yet accepted in `{scope.organization}`"
                + (f"; key {shown(switching)} of Agent `{keys.id}` is kept until it is" if switching else ""),
                at=keys.origin_of(fingerprint),
                key=keys.key_of(scope, fingerprint),
                advice="Wait until it is accepted before you replace the Secret.",
            )


def _left_behind(keys: AgentKeys) -> str:
    """An accepted, no longer declared key while no declared key is accepted, "" where there is none."""
    live = keys.live or {}
    if not keys.declared or any(name in live and not is_waiting(live[name]) for name in keys.declared):
        return ""
    return next((name for name in live if name not in keys.declared and not is_waiting(live[name])), "")


def _none_left_over(subject: Subject[AgentKeys]) -> Iterator[Answer]:
    keys, live = subject.fact, _registered(subject)
    if keys.live is None or not keys.is_certain:
        return
    mounted = keys.mounted
    present = {*live, *keys.declared}
    candidates = sorted(name for name in live if name not in keys.declared and name not in mounted)
    if candidates and keys.unseen and len(present) <= _AT_ONCE:
        raise UnseenError(keys.unseen)
    if not candidates and len(present) <= _AT_ONCE:
        return
    names, count = candidates or sorted(present - set(mounted)), len(present)
    yield subject.says(
        f"{plural(count, 'key')} on Agent `{keys.id}`; {', '.join(map(shown, names)) or 'some'} "
        f"{'appears' if len(names) == 1 else 'appear'} to be left over",
        advice="Remove keys that no installation uses; a rotation needs two keys for a while, never three.",
    )


def _is_used(subject: Subject[Scope]) -> Iterator[Answer]:
    scope = subject.scope
    declared, _ = declared_keys(scope)
    places = [operator.origin(("metadata", "id")) for operator in scope.operators]
    places += [
        key.origin(("metadata", "id"))
        for owner, keys in declared.items()
        if owner.operator is not None
        for key in keys.values()
    ]
    if not places:
        return
    used = _operator_keys(scope)
    stray = [known.fingerprint for known in subject.seen.operator_keys if known.fingerprint not in used]
    silent = _without_known_key(scope)
    if stray and silent:
        question = f"whether a registered key belongs to {silent}"
        yield subject.doubts(
            question, unspecified("its own key is not declared, and was not found in its Secret")
        )
        return
    for fingerprint in stray:
        yield subject.says(
            f"Registered Operator key {shown(fingerprint)} is not used by any cluster in these files; it may belong to "
            "someone else, so it is not deleted",
            at=places[0],
            advice="If nobody uses it, delete it in the orchestrator; otherwise declare the Operator that does.",
        )


def _without_known_key(scope: Scope) -> str:
    """Name of an Operator whose key is not known, "" where every key is known."""
    known: dict[KeyOwner, bool] = defaultdict(bool)
    for owner, _ in _operator_keys(scope).values():
        known[owner] = True
    for operator in scope.operators:
        owner = KeyOwner(operator=operator.document.metadata.id)
        if operator.document.spec.driverKey is not None and not known[owner]:
            return owner.name
    return ""


RULES = (
    Rule(
        id="R20",
        title="Keys do not expire soon",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.LIVE,),
        over=KEYRINGS,
        check=_lasts,
        also=(Part(OPERATOR_KEYS, _operators_key_lasts),),
    ),
    Rule(
        id="R21",
        title="The key that an Agent is to use is accepted",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.LIVE,),
        over=KEYRINGS,
        check=_accepted,
    ),
    Rule(
        id="R24",
        title="An Agent has no leftover keys",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.LIVE, Side.CLUSTER),
        over=KEYRINGS,
        check=_none_left_over,
    ),
    Rule(
        id="R26",
        title="Every registered Operator key belongs to a known Operator",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.LIVE, Side.CLUSTER),
        over=TARGET,
        check=_is_used,
    ),
)
