"""The key barrier: a key is withdrawn anywhere only when its successor is accepted everywhere.

An agent holds one private key and is registered with its public half in several organizations. The
first organization that withdraws the old key cuts the agent off there if it still runs with that key;
so every organization that knows the agent must have been read in this pass, be part of it, and have
another declared key of the agent that is registered and authorized. Where our record has the key and the
list does not show it, the record is checked first: an apply that was killed may have withdrawn it there.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diff.change import Group
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.state import State
from reconciler.plan.action import Action, ActionId, Held, Verb
from reconciler.plan.parts import agent_of


@dataclass(frozen=True, slots=True)
class Organization:
    """What the barrier knows of one organization. `live` is None if its keys were not read completely.

    `is_selected` is false if this run leaves the organization out; `agents` are the ids of agents
    declared or recorded there, None if that is not known: then it may have any. `recorded` are the
    ids of keys in its ownership record.
    """

    place: Place
    desired: State
    live: State | None
    agents: frozenset[str] | None
    is_selected: bool = True
    recorded: frozenset[str] = frozenset()


@dataclass(slots=True)
class Barrier:
    """What the barrier holds, adds to `awaits` and puts in order, over all organizations."""

    held: dict[ActionId, Held] = field(default_factory=dict)
    awaits: dict[ActionId, tuple[ResourceKey, ...]] = field(default_factory=dict)
    edges: list[tuple[ActionId, ActionId]] = field(default_factory=list)


def barrier(
    actions: Sequence[Action],
    organizations: Sequence[Organization],
    revoked: Collection[str] = (),
) -> Barrier:
    """Every withdrawal of a key: held with the reason, or ordered after its successors everywhere.

    Not of `revoked` ones: what runs with them is meant to be cut off.
    """
    found = Barrier()
    created = {
        change.key: action.id
        for action in actions
        if action.verb is Verb.CREATE
        for change in (action.subject, *action.carried)
        if change.key.kind is Kind.KEY
    }
    forgotten = {
        action.key: action.id
        for action in actions
        if action.verb is Verb.FORGET and action.key.kind is Kind.KEY
    }
    for action in actions:
        if action.verb is not Verb.DELETE or action.key.kind is not Kind.KEY:
            continue
        if action.subject.group is not Group.PRUNE or action.key.id in revoked:
            continue
        _judge(action, organizations, _Keys(created, forgotten), found)
    return found


@dataclass(frozen=True, slots=True)
class _Keys:
    """What the plan does about keys: which action creates one, and which checks that a recorded one is gone."""

    created: Mapping[ResourceKey, ActionId]
    forgotten: Mapping[ResourceKey, ActionId]


def _judge(
    action: Action,
    organizations: Sequence[Organization],
    keys: _Keys,
    found: Barrier,
) -> None:
    agent, _, fingerprint = action.key.id.partition("/")
    # A key that is live belongs to this agent there too, whoever registered it: it has one private half.
    knowing = [
        one
        for one in organizations
        if one.agents is None or agent in one.agents or _holds(one, agent, fingerprint)
    ]
    reasons = [reason for one in knowing for reason in _unseen(one, agent, fingerprint, keys.forgotten)]
    holding = [one for one in knowing if _holds(one, agent, fingerprint)]
    declared = [set(_successors(one, agent, fingerprint, keys.created)) for one in holding]
    elsewhere = [one for one in holding if one.place != action.key.place]
    # An agent runs with one private key: its successor has to be the same in every organization.
    common = set.intersection(*declared) if declared else set[str]()
    if not reasons and not common and elsewhere:
        names = ", ".join(str(one.place) for one in holding)
        reasons.append(
            f"no other key of agent {agent} is declared, and registered or created, in each of {names}"
        )
    if not reasons and common:
        chosen = min(common, key=lambda one: (_lacking(holding, agent, one), one))
        reasons.extend(_await(action, holding, chosen, keys.created, found))
    checks = (keys.forgotten.get(_key_in(one, agent, fingerprint)) for one in knowing)
    found.edges.extend((check, action.id) for check in checks if check is not None)
    if reasons:
        found.held[action.id] = Held("; ".join(reasons))
        found.awaits.pop(action.id, None)


def _unseen(
    organization: Organization, agent: str, fingerprint: str, forgotten: Mapping[ResourceKey, ActionId]
) -> Iterator[str]:
    """Reasons why it is not known, and will not be before the key is withdrawn, whether the organization has it."""
    place = organization.place
    knows = (
        f"organization {place} {'may know' if organization.agents is None else 'also knows'} agent {agent}"
    )
    if not organization.is_selected:
        yield f"{knows} and is not part of this run"
    elif organization.live is None:
        yield f"{knows} and was not read"
    elif (
        f"{agent}/{fingerprint}" in organization.recorded
        and not _holds(organization, agent, fingerprint)
        and _key_in(organization, agent, fingerprint) not in forgotten
    ):
        yield f"the key is recorded in {place} but is not listed there"


def _await(
    action: Action,
    holding: Sequence[Organization],
    chosen: str,
    created: Mapping[ResourceKey, ActionId],
    found: Barrier,
) -> Iterator[str]:
    """Reasons to hold a withdrawal whose successor is not accepted; if the plan creates it, the order is added."""
    awaited = []
    agent = agent_of(action.key).id
    for organization in holding:
        key = _key_in(organization, agent, chosen)
        live = organization.live.resources.get(key) if organization.live is not None else None
        if live is not None and live.is_accepted:
            continue
        if key in created:
            found.edges.append((created[key], action.id))
            awaited.append(key)
        else:
            yield f"{key} is not authorized yet in {organization.place}"
    if awaited:
        found.awaits[action.id] = tuple(awaited)


def _lacking(holding: Sequence[Organization], agent: str, fingerprint: str) -> int:
    """Number of organizations where a key is not accepted yet."""
    lives = (
        one.live.resources.get(_key_in(one, agent, fingerprint)) for one in holding if one.live is not None
    )
    return sum(live is None or not live.is_accepted for live in lives)


def _holds(organization: Organization, agent: str, fingerprint: str) -> bool:
    key = _key_in(organization, agent, fingerprint)
    return organization.live is not None and key in organization.live.resources


def _key_in(organization: Organization, agent: str, fingerprint: str) -> ResourceKey:
    return ResourceKey(organization.place, Kind.KEY, f"{agent}/{fingerprint}")


def _successors(
    organization: Organization, agent: str, fingerprint: str, created: Mapping[ResourceKey, ActionId]
) -> Iterator[str]:
    """Fingerprints of other declared keys of the agent that are live or will be."""
    live = organization.live.resources if organization.live is not None else {}
    for key in organization.desired.resources:
        owner, _, other = key.id.partition("/")
        if (
            key.kind is Kind.KEY
            and owner == agent
            and other != fingerprint
            and (key in live or key in created)
        ):
            yield other
