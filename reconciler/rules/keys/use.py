"""Rules about who uses a key, and about taking it away (compatibility rules, Keys): R16, R22, R23."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.facts.key_place import key_places, look
from reconciler.facts.keyring import AgentKeys, agent_keys, is_shared, is_waiting, live_keys
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import shown
from reconciler.model.key import KeyDocument, KeyOwner
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.settings import Prune


@dataclass(frozen=True, slots=True)
class _Use:
    """Someone who uses a key, in words, and the place that tells so; `is_own` where it is of this target."""

    name: str
    is_operator: bool
    origin: Origin
    is_own: bool


def _one_use(scope: Scope) -> Iterator[Finding | Unknown]:
    uses = _uses(scope)
    live = live_keys(scope)
    holders: dict[str, set[str]] = defaultdict(set)
    for agent, keys in (live or {}).items():
        for fingerprint in keys:
            holders[fingerprint].add(f"Agent `{agent}`")
    for known in scope.surroundings.operator_keys or ():
        holders[known.fingerprint].add("a registered Operator")
    for fingerprint, found in uses.items():
        names = {use.name for use in found}
        kinds = {use.is_operator for use in found}
        registered = holders.get(fingerprint, set())
        if kinds == {True}:
            names |= {name for name in registered if name.startswith("Agent")}
        elif kinds == {False}:
            names |= {name for name in registered if not name.startswith("Agent")}
        agents = sum(name.startswith("Agent") for name in names)
        if len(names) < 2 or agents == len(names) or not any(use.is_own for use in found):
            continue
        last = found[-1]
        yield Finding(
            "R16",
            Severity.WARNING,
            f"One key pair ({shown(fingerprint)}) for {' and '.join(sorted(names))}; a leak or a rotation then "
            "hits all of them",
            last.origin,
            others=tuple(use.origin for use in found[:-1]),
            advice="Make a pair for each of them.",
        )
    if live is None and any(use.is_operator and use.is_own for found in uses.values() for use in found):
        yield Unknown(
            "R16",
            f"{scope.unread(Kind.KEY)}: whether an Agent has the key of an Operator is not known",
            scope.unread(Kind.KEY),
        )


def _uses(scope: Scope) -> Mapping[str, Sequence[_Use]]:
    """Users of each fingerprint in the whole tree, each once; runners' keys are of another kind."""
    clusters = {
        operator.document.metadata.id: operator.document.spec.cluster
        for operator in scope.everything.operators
    }
    found: dict[str, dict[str, _Use]] = defaultdict(dict)
    for fingerprint, owner, origin, is_own in _told_uses(scope):
        cluster = clusters.get(owner.operator or "")
        name = owner.name + (f" on `{cluster}`" if cluster else "")
        found[fingerprint].setdefault(name, _Use(name, owner.operator is not None, origin, is_own))
    return {fingerprint: tuple(users.values()) for fingerprint, users in found.items()}


def _told_uses(scope: Scope) -> Iterator[tuple[str, KeyOwner, Origin, bool]]:
    own = {key.origin() for key in scope.declarations.keys}
    own |= {operator.origin() for operator in scope.declarations.operators}
    for declared in scope.everything.keys:
        public_key, owner = scope.public_key(declared.origin()), declared.document.spec.for_
        if public_key is not None and owner.runner is None:
            place = declared.origin(("spec", "publicKey"))
            yield public_key.fingerprint, owner, place, declared.origin() in own
    for operator in scope.everything.operators:
        key = operator.document.spec.driverKey
        if key is not None and key.fingerprint is not None:
            owner = KeyOwner(operator=operator.document.metadata.id)
            place = operator.origin(("spec", "driverKey", "fingerprint"))
            yield key.fingerprint.lower(), owner, place, operator.origin() in own
    for kept in key_places(scope):
        mounted = look(scope, kept).key
        if mounted is not None and mounted.fingerprint and kept.owner.runner is None:
            yield mounted.fingerprint, kept.owner, kept.origin, True


def _not_in_use(scope: Scope) -> Iterator[Finding | Unknown]:
    if scope.settings.inventory.none or scope.settings.policy.prune(Kind.KEY) is Prune.NEVER:
        return
    for keys in agent_keys(scope):
        if not keys.declared or not keys.is_certain:
            continue
        if keys.live is None:
            yield Unknown(
                "R22",
                f"{scope.unread(Kind.KEY)}: whether one in use is not declared any more",
                scope.unread(Kind.KEY),
            )
            continue
        dropped = [fingerprint for fingerprint in keys.live if fingerprint not in keys.declared]
        for fingerprint in dropped:
            yield from _dropped(scope, keys, fingerprint)


def _dropped(scope: Scope, keys: AgentKeys, fingerprint: str) -> Iterator[Finding | Unknown]:
    live, mounted = keys.live or {}, keys.mounted
    at = mounted.get(fingerprint)
    if at is not None:
        problem = f"is in {at.place.name}"
    elif not keys.unseen:
        return
    elif is_waiting(live[fingerprint]) or any(name in live for name in keys.declared):
        yield Unknown(
            "R22",
            f"whether a key of Agent `{keys.id}` that is not declared any more is in use: {keys.unseen}",
            keys.unseen,
        )
        return
    else:
        problem = "is registered, and none of the declared ones is yet"
    yield Finding(
        "R22",
        Severity.ERROR,
        f"Key {shown(fingerprint)} of Agent `{keys.id}` {problem}, but it is not declared any more; add, "
        "switch, verify, then delete",
        keys.agent.origin(("metadata", "id")),
        key=keys.key_of(scope, fingerprint),
        advice="Declare it beside the new key until every Secret holds the new one and the Agent is connected.",
    )


def _everywhere(scope: Scope) -> Iterator[Finding | Unknown]:
    elsewhere = _declared_by_agent(scope)
    documents = Counter(agent.document.metadata.id for agent in scope.everything.agents)
    for keys in agent_keys(scope):
        every = elsewhere.get(keys.id, {})
        if is_shared(keys.agent) and (every or keys.mounted):
            yield from _without_target(scope, keys)
            # keys elsewhere may be those of another Agent where several documents have the id
            wanted = every if documents[keys.id] == 1 else keys.declared
            yield from _missing(scope, keys, wanted)
        yield from _mounted_early(scope, keys)


def _declared_by_agent(scope: Scope) -> Mapping[str, Mapping[str, Declared[KeyDocument]]]:
    found: dict[str, dict[str, Declared[KeyDocument]]] = defaultdict(dict)
    for declared in scope.everything.keys:
        public_key, agent = scope.public_key(declared.origin()), declared.document.spec.for_.agent
        if public_key is not None and agent is not None:
            found[agent].setdefault(public_key.fingerprint, declared)
    return found


def _without_target(scope: Scope, keys: AgentKeys) -> Iterator[Unknown]:
    known = {target.organization for target in scope.settings.targets.values()}
    for organization in keys.agent.document.spec.organizations or ():
        if organization not in known:
            yield Unknown(
                "R23",
                f"whether the keys of Agent `{keys.id}` are registered in `{organization}`: no target of the "
                "settings is for it",
            )


def _missing(
    scope: Scope, keys: AgentKeys, wanted: Mapping[str, Declared[KeyDocument]]
) -> Iterator[Finding | Unknown]:
    """Keys that this organization would lack after the plan: declared for others only, or only mounted."""
    missing = [name for name in {**wanted, **keys.mounted} if name not in keys.declared]
    if not missing or not keys.is_certain:
        return
    if keys.live is None:
        yield Unknown(
            "R23",
            f"{scope.unread(Kind.KEY)}: whether Agent `{keys.id}` has every key there is not known",
            scope.unread(Kind.KEY),
        )
        return
    for fingerprint in missing:
        if fingerprint in keys.live:
            continue
        declared, found = wanted.get(fingerprint), keys.mounted.get(fingerprint)
        where = "" if found is None else f", which is in {found.place.name},"
        yield Finding(
            "R23",
            Severity.ERROR,
            f"Key {shown(fingerprint)} of Agent `{keys.id}`{where} is missing in `{scope.organization}`; the Agent "
            "would be refused there",
            keys.agent.origin(("spec", "organizations"))
            if declared is None
            else declared.origin(("metadata", "id")),
            key=keys.key_of(scope, fingerprint),
            others=() if declared is None else (keys.agent.origin(("spec", "organizations")),),
            advice="Declare its public half as a `Key` of the Agent, in files of every one of its organizations."
            if declared is None
            else f"Put the key's document where the files of target `{scope.target}` are, or take "
            f"`{scope.organization}` from the Agent's `organizations`.",
        )


def _mounted_early(scope: Scope, keys: AgentKeys) -> Iterator[Finding]:
    """A Secret that was replaced before the registration; this plan mends it, so it must not be refused."""
    for fingerprint in keys.mounted:
        if keys.live and fingerprint not in keys.live and fingerprint in keys.declared:
            yield Finding(
                "R23",
                Severity.WARNING,
                f"Key {shown(fingerprint)} of Agent `{keys.id}` is mounted and not yet registered in "
                f"`{scope.organization}`; the Agent is refused there until it is",
                keys.origin_of(fingerprint),
                key=keys.key_of(scope, fingerprint),
                advice="Apply the plan; next time replace the Secret after the key is accepted in every organization.",
            )


RULES = (
    Rule(
        id="R16",
        title="A key pair has one user",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=SCOPE,
        check=_one_use,
    ),
    Rule(
        id="R22",
        title="No key is taken away while it is in use",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.LIVE, Side.CLUSTER),
        over=SCOPE,
        check=_not_in_use,
    ),
    Rule(
        id="R23",
        title="A key is registered in every organization of its Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=SCOPE,
        check=_everywhere,
    ),
)
