"""Rules about keys that are registered (compatibility rules, Keys): R20, R21, R24, R26."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from reconciler.facts.key_place import key_places, look
from reconciler.facts.keyring import AgentKeys, agent_keys, declared_keys, is_waiting
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import shown
from reconciler.model.key import KeyOwner
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

WARNING_PERIOD = timedelta(days=60)
"""Time before the end of a key's life from which on it is told; keys live two years (v1 reference 3)."""
_AT_ONCE = 2
"""Keys that a rotation needs."""


def _lasts(scope: Scope) -> Iterator[Finding | Unknown]:
    for keys in agent_keys(scope):
        in_use = {*keys.declared, *keys.mounted}
        if keys.live is None:
            if keys.declared:
                yield Unknown(
                    "R20", f"{scope.unread(Kind.KEY)}: when they expire is not known", scope.unread(Kind.KEY)
                )
            continue
        for fingerprint, resource in keys.live.items():
            if in_use and fingerprint not in in_use:
                continue
            told = resource.status.get("expired_at", "")
            found = _expiry(scope, told)
            if found is None:
                yield Unknown("R20", f"when the keys of Agent `{keys.id}` expire is not told")
            elif found:
                yield Finding(
                    "R20",
                    Severity.WARNING,
                    f"Key {shown(fingerprint)} of Agent `{keys.id}` {found}",
                    keys.origin_of(fingerprint),
                    key=keys.key_of(scope, fingerprint),
                    advice="Rotate it: register a new key, mount that one, and only then remove this one.",
                )
    yield from _operators_keys_last(scope)


def _expiry(scope: Scope, told: str) -> str | None:
    """What to say about a key's end, "" where it is far off, None where it is not known."""
    if scope.now is None:
        return None
    try:
        end = datetime.fromisoformat(told)
    except ValueError:
        return None
    if end.tzinfo is None:
        end = end.replace(tzinfo=UTC)
    if end - scope.now > WARNING_PERIOD:
        return ""
    return f"{'expired' if end <= scope.now else 'expires'} {end.date().isoformat()}"


def _operators_keys_last(scope: Scope) -> Iterator[Finding | Unknown]:
    used = _operator_keys(scope)
    registered = scope.surroundings.operator_keys
    if not used:
        return
    if registered is None:
        yield Unknown("R20", _unread_operator_keys(scope))
        return
    for known in registered:
        place = used.get(known.fingerprint)
        if place is None:
            continue
        owner, origin = place
        found = _expiry(scope, known.expired_at)
        if found is None:
            yield Unknown("R20", f"when the key of {owner.name} expires is not told")
        elif found:
            yield Finding(
                "R20",
                Severity.WARNING,
                f"Key {shown(known.fingerprint)} of {owner.name} {found}",
                origin,
                advice="Rotate it: register a new key, replace the Secret, restart the Operator, remove this one.",
            )


def _unread_operator_keys(scope: Scope) -> str:
    return f"the registered Operator keys of organization `{scope.organization}` were not read"


def _operator_keys(scope: Scope) -> Mapping[str, tuple[KeyOwner, Origin]]:
    """Keys of the organization's Operators by fingerprint: declared, named, or found in their Secrets."""
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


def _accepted(scope: Scope) -> Iterator[Finding | Unknown]:
    for keys in agent_keys(scope):
        if keys.live is None:
            if keys.declared:
                yield Unknown(
                    "R21",
                    f"{scope.unread(Kind.KEY)}: whether they are accepted is not known",
                    scope.unread(Kind.KEY),
                )
            continue
        for fingerprint, resource in keys.live.items():
            if not is_waiting(resource) or not (fingerprint in keys.declared or fingerprint in keys.mounted):
                continue
            switching = _left_behind(keys)
            yield Finding(
                "R21",
                Severity.WARNING,
                f"Key {shown(fingerprint)} is registered but not yet accepted in `{scope.organization}`"
                + (f"; key {shown(switching)} of Agent `{keys.id}` stays until it is" if switching else ""),
                keys.origin_of(fingerprint),
                key=keys.key_of(scope, fingerprint),
                advice="Wait until it is accepted before the Secret is replaced.",
            )


def _left_behind(keys: AgentKeys) -> str:
    """An accepted key that is not declared any more while no declared one is accepted, "" where there is none."""
    live = keys.live or {}
    if not keys.declared or any(name in live and not is_waiting(live[name]) for name in keys.declared):
        return ""
    return next((name for name in live if name not in keys.declared and not is_waiting(live[name])), "")


def _none_left_over(scope: Scope) -> Iterator[Finding | Unknown]:
    for keys in agent_keys(scope):
        if keys.live is None:
            if keys.declared:
                yield Unknown(
                    "R24",
                    f"{scope.unread(Kind.KEY)}: whether some are left over is not known",
                    scope.unread(Kind.KEY),
                )
            continue
        if not keys.is_certain:
            continue
        mounted = keys.mounted
        present = {*keys.live, *keys.declared}
        candidates = sorted(name for name in keys.live if name not in keys.declared and name not in mounted)
        if candidates and keys.unseen and len(present) <= _AT_ONCE:
            yield Unknown(
                "R24", f"whether a key of Agent `{keys.id}` is left over: {keys.unseen}", keys.unseen
            )
        elif candidates or len(present) > _AT_ONCE:
            yield _left_over(scope, keys, candidates or sorted(present - set(mounted)), len(present))


def _left_over(scope: Scope, keys: AgentKeys, names: list[str], count: int) -> Finding:
    listed = ", ".join(shown(name) for name in names)
    one = len(names) == 1
    return Finding(
        "R24",
        Severity.WARNING,
        f"{count} {'key' if count == 1 else 'keys'} on Agent `{keys.id}`; {listed or 'some'} "
        f"{'looks' if one else 'look'} left over",
        keys.agent.origin(("metadata", "id")),
        key=scope.key(Kind.AGENT, keys.id),
        advice="Remove what no installation uses any more; a rotation needs two keys for a while, never three.",
    )


def _is_ours(scope: Scope) -> Iterator[Finding | Unknown]:
    operators = scope.operators
    declared, _ = declared_keys(scope)
    documents = [
        key for owner, keys in declared.items() if owner.operator is not None for key in keys.values()
    ]
    if not operators and not documents:
        return
    registered = scope.surroundings.operator_keys
    if registered is None:
        yield Unknown("R26", _unread_operator_keys(scope))
        return
    used = _operator_keys(scope)
    stray = [known.fingerprint for known in registered if known.fingerprint not in used]
    silent = _without_known_key(scope)
    if stray and silent:
        yield Unknown(
            "R26", f"whether a registered key is that of {silent} is not known: its key is not told"
        )
        return
    origin = operators[0].origin(("metadata", "id")) if operators else documents[0].origin(("metadata", "id"))
    for fingerprint in stray:
        yield Finding(
            "R26",
            Severity.WARNING,
            f"Registered Operator key {shown(fingerprint)} is not used by any cluster managed from here; it cannot "
            "be told from someone else's, so it is not deleted",
            origin,
            advice="If nobody uses it, delete it in the orchestrator; else declare the Operator that does.",
        )


def _without_known_key(scope: Scope) -> str:
    """An Operator whose key is not told, in words, "" where every one is known."""
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
        over=SCOPE,
        check=_lasts,
    ),
    Rule(
        id="R21",
        title="The key an Agent is to use is accepted",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.LIVE,),
        over=SCOPE,
        check=_accepted,
    ),
    Rule(
        id="R24",
        title="No key is left over on an Agent",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.LIVE, Side.CLUSTER),
        over=SCOPE,
        check=_none_left_over,
    ),
    Rule(
        id="R26",
        title="Every registered Operator key belongs to a known Operator",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.LIVE, Side.CLUSTER),
        over=SCOPE,
        check=_is_ours,
    ),
)
