"""The key barrier: a key is withdrawn anywhere only when its successor is accepted everywhere.

An agent holds one private key and is registered with its public half in several organizations. The
first organization that withdraws the old key cuts the agent off there if it still runs with that key;
so every organization that knows the agent must have been read in this pass, be part of it, and have
another declared key of the agent that is registered and authorized.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diff.change import Group
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.state import Resource, State
from reconciler.plan.action import Action, ActionId, Held, Verb

UNAUTHORIZED = "false"


@dataclass(frozen=True, slots=True)
class Organization:
    """What the barrier knows of one organization. `live` is None where keys were not read to the end.

    `is_selected` is false where this run leaves the organization out; `agents` are the ids of the
    agents that it is declared or recorded to hold.
    """

    place: Place
    desired: State
    live: State | None
    agents: frozenset[str]
    is_selected: bool = True


@dataclass(slots=True)
class Barrier:
    """What the barrier says of the actions of a plan, over all organizations."""

    held: dict[ActionId, Held] = field(default_factory=dict)
    awaits: dict[ActionId, tuple[ResourceKey, ...]] = field(default_factory=dict)
    edges: list[tuple[ActionId, ActionId]] = field(default_factory=list)


def barrier(actions: Sequence[Action], organizations: Sequence[Organization]) -> Barrier:
    """Judge every withdrawal of a key: held with the reason, or ordered after its successors everywhere."""
    found = Barrier()
    created = {
        change.key: action.id
        for action in actions
        if action.verb is Verb.CREATE
        for change in (action.subject, *action.carried)
        if change.key.kind is Kind.KEY
    }
    for action in actions:
        if action.verb is not Verb.DELETE or action.key.kind is not Kind.KEY:
            continue
        if action.subject.group is not Group.PRUNE:
            continue
        _judge(action, organizations, created, found)
    return found


def _judge(
    action: Action,
    organizations: Sequence[Organization],
    created: Mapping[ResourceKey, ActionId],
    found: Barrier,
) -> None:
    agent, _, fingerprint = action.key.id.partition("/")
    reasons: list[str] = []
    awaited: list[ResourceKey] = []
    for organization in organizations:
        if agent not in organization.agents:
            continue
        if not organization.is_selected or organization.live is None:
            why = "was not read" if organization.is_selected else "is not part of this run"
            reasons.append(f"organization {organization.place} also knows agent {agent} and {why}")
            continue
        if not _holds(organization, agent, fingerprint):
            continue
        successors = list(_successors(organization, agent, fingerprint, created))
        if not successors:
            if organization.place != action.key.place:
                reasons.append(f"no other key of agent {agent} is declared for {organization.place}")
            continue
        accepted = [key for key in successors if _is_authorized(organization.live.resources.get(key))]
        if accepted:
            continue
        awaited.append(successors[0])
        if successors[0] in created:
            found.edges.append((created[successors[0]], action.id))
        else:
            reasons.append(f"{successors[0]} is not authorized yet in {organization.place}")
    if reasons:
        found.held[action.id] = Held("; ".join(reasons))
    elif awaited:
        found.awaits[action.id] = tuple(awaited)


def _holds(organization: Organization, agent: str, fingerprint: str) -> bool:
    assert organization.live is not None
    key = ResourceKey(organization.place, Kind.KEY, f"{agent}/{fingerprint}")
    return key in organization.live.resources


def _successors(
    organization: Organization, agent: str, fingerprint: str, created: Mapping[ResourceKey, ActionId]
) -> Iterator[ResourceKey]:
    """Other declared keys of the agent that are live or will be; live ones first, then by fingerprint."""
    assert organization.live is not None
    declared = sorted(
        key
        for key in organization.desired.resources
        if key.kind is Kind.KEY and key.id.startswith(f"{agent}/") and key.id != f"{agent}/{fingerprint}"
    )
    yield from (key for key in declared if key in organization.live.resources)
    yield from (key for key in declared if key in created)


def _is_authorized(key: Resource | None) -> bool:
    return key is not None and key.status.get("is_authorized") != UNAUTHORIZED
