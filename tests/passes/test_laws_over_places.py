"""Laws of plans over two organizations: shared keys, moved criteria, renamed agents, deletes and selections.

Plans are carried out by the real schedule, with one worker and with eight, in a world that refuses what the
servers refuse and checks at each withdrawal of a key that no agent is cut off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from threading import Event, Lock

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.diff.change import Group
from reconciler.diff.compare import compare, is_owned
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.place import Place, organization
from reconciler.model.record import Inventory, Ownership
from reconciler.model.state import Resource, State
from reconciler.passes.schedule import Schedule
from reconciler.plan.action import Action, ActionId, Outcome, Status, TargetPlan, Verb
from reconciler.plan.approval import Approval, parse
from reconciler.plan.barrier import Organization
from reconciler.plan.build import Basis, build
from reconciler.plan.parts import agent_of, fingerprint_of
from reconciler.plan.selection import Selection
from reconciler.settings import Policy, Safety
from tests.building import ALL_KINDS, agent, agent_key, definition
from tests.plan.test_laws import perform, record

ACME, BETA = PLACES = organization("acme"), organization("beta")
AGENTS = ("eu", "eu-2", "us")
FINGERPRINTS = ("aa", "bb", "cc")
SELECTORS = ("", "env_type=dev", "app_id=shop")
World = Mapping[Place, State]
few = settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Case:
    """What is wanted, what is there, what of it is owned, and how the run is limited."""

    desired: World
    live: World
    owned: Mapping[Place, Inventory]
    selection: Selection

    @property
    def places(self) -> list[Place]:
        """Those of the run."""
        return [one for one in PLACES if not self.selection.targets or one.name in self.selection.targets]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Agents with the same keys in one or both organizations; criteria are unique per organization and type."""
    owners = {one: draw(st.sampled_from((*AGENTS, None))) for one in FINGERPRINTS}
    members = {one: draw(st.sampled_from((PLACES, PLACES[:1], PLACES[1:]))) for one in AGENTS}
    found = {}
    for place in PLACES:
        resources: list[Resource] = []
        for name in AGENTS:
            keys = [agent_key(name, one) for one, owner in owners.items() if owner == name]
            if keys and place in members[name]:
                resources.extend((agent(name), *keys))
        taken: dict[str, str] = {}
        for selector in SELECTORS:
            if (holder := draw(st.sampled_from(("a", "b", "c", None)))) is not None:
                taken[selector] = holder
        # Their type is fixed, so that only their criteria change.
        resources.extend(
            definition(name, *(s for s, holder in taken.items() if holder == name))
            for name in draw(st.sets(st.sampled_from("abc")))
        )
        found[place] = State({one.key: one for one in (_at(place, one) for one in resources)}, ALL_KINDS)
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    desired, live = draw(worlds()), draw(worlds())
    entries = {}
    for place, state in live.items():
        others = {
            whole
            for whole in sorted({_whole(key) for key in state.resources})
            if draw(st.sampled_from((False, False, False, True))) and _is_apart(whole, desired[place], state)
        }
        entries[place] = {
            key: record(resource) for key, resource in state.resources.items() if _whole(key) not in others
        }
    owned = {place: Inventory("test", place.name, of) for place, of in entries.items()}
    names = sorted({str(key) for world in (desired, live) for one in world.values() for key in one.resources})
    only = draw(st.sets(st.sampled_from(names), max_size=1)) if names else set()
    targets = draw(st.sampled_from(((), (), ("acme",))))
    return Case(desired, live, owned, Selection(frozenset(targets), frozenset(only)))


def _whole(key: ResourceKey) -> ResourceKey:
    """An agent with its keys belongs to one of us or to others as a whole."""
    return agent_of(key) if key.kind is Kind.KEY else key


def _is_apart(whole: ResourceKey, desired: State, live: State) -> bool:
    """True where others can have it: a key of theirs cannot be declared for another agent, the server refuses it."""
    wanted = {
        fingerprint_of(key) for key in desired.resources if key.kind is Kind.KEY and _whole(key) != whole
    }
    return not any(
        key.kind is Kind.KEY and _whole(key) == whole and fingerprint_of(key) in wanted
        for key in live.resources
    )


def _at(place: Place, resource: Resource) -> Resource:
    return replace(resource, key=resource.key._replace(place=place))


def plan(
    case: Case,
    live: World | None = None,
    owned: Mapping[Place, Inventory] | None = None,
    *,
    approvals: frozenset[Approval] = frozenset(),
    includes: Callable[[ResourceKey], bool] | None = None,
) -> tuple[TargetPlan, ...]:
    live, owned = live or case.live, owned or case.owned
    bases = [
        Basis(
            TargetName(place.name), place, case.desired[place], live[place], owned[place],
            compare(case.desired[place], live[place], owned[place]), Policy(), Safety(),
        )
        for place in case.places
    ]  # fmt: skip
    organizations = [
        Organization(
            place,
            case.desired[place],
            live[place] if place in case.places else None,
            frozenset(
                (key if key.kind is Kind.AGENT else agent_of(key)).id
                for key in (*case.desired[place].resources, *owned[place].entries)
                if key.kind in (Kind.AGENT, Kind.KEY)
            ),
            is_selected=place in case.places,
            recorded=frozenset(key.id for key in owned[place].entries if key.kind is Kind.KEY),
        )
        for place in PLACES
    ]
    return build(
        bases,
        includes=includes or case.selection.includes,
        approvals=approvals,
        organizations=organizations,
    )


def approved(case: Case) -> frozenset[Approval]:
    """Everything that the guards ask for, but for taking over and for what would take along things of others."""
    refusals = [refusal for found in plan(case) for refusal in found.refusals]
    return frozenset(parse(value) for one in refusals if one.guard != "cascade" for value in one.approvals)


class Server:
    """Both organizations. Refuses by failing an assertion, which ends the run."""

    def __init__(self, case: Case) -> None:
        self.resources = {place: dict(state.resources) for place, state in case.live.items()}
        self.entries: dict[Place, dict[ResourceKey, Ownership]] = {
            place: dict(inventory.entries) for place, inventory in case.owned.items()
        }
        self.done: list[Action] = []
        self._lock = Lock()

    def perform(self, action: Action) -> Outcome:
        place = action.key.place
        resources, entries = self.resources[place], self.entries[place]
        with self._lock:
            if action.key.kind is Kind.KEY and action.verb is Verb.DELETE:
                self._assert_nobody_is_cut_off(action)
            perform(action, resources, entries)
            for change in action.carried:
                if action.verb is Verb.CREATE and change.desired is not None:
                    resources[change.key], entries[change.key] = change.desired, record(change.desired)
                else:
                    resources.pop(change.key, None)
                    entries.pop(change.key, None)
            keys = [fingerprint_of(key) for key in resources if key.kind is Kind.KEY]
            assert len(keys) == len(set(keys)), "the server refuses a key of another agent"
            self.done.append(action)
        return Outcome(action, Status.DONE)

    def conclude(self, outcome: Outcome) -> None:
        """Nothing is kept of outcomes."""

    def _assert_nobody_is_cut_off(self, action: Action) -> None:
        """Wherever the agent is known by this key, one other key of it is registered too, the same everywhere."""
        owner = action.key.id.partition("/")[0]
        elsewhere = []
        for resources in self.resources.values():
            known = {
                fingerprint_of(key)
                for key in resources
                if key.kind is Kind.KEY and key.id.startswith(f"{owner}/")
            }
            if fingerprint_of(action.key) in known:
                elsewhere.append(known - {fingerprint_of(action.key)})
        if len(elsewhere) > 1:
            assert set.intersection(*elsewhere), "the agent is cut off in one of its organizations"

    @property
    def live(self) -> World:
        return {place: State(dict(found), ALL_KINDS) for place, found in self.resources.items()}

    def owned(self, case: Case) -> Mapping[Place, Inventory]:
        return {place: case.owned[place].with_entries(found) for place, found in self.entries.items()}


class Unwatched:
    """Observes nothing."""

    def started(self, action: Action) -> None:
        pass

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        pass


def carried_out(case: Case, plans: tuple[TargetPlan, ...], concurrency: int) -> Server:
    server = Server(case)
    actions = [action for found in plans for action in found.allowed]
    hands = dict.fromkeys(PLACES, server)
    outcomes = Schedule(actions, hands, stop=Event(), observer=Unwatched()).outcomes(concurrency)
    assert {outcome.status for outcome in outcomes} <= {Status.DONE}
    return server


@pytest.mark.parametrize("concurrency", [1, 8])
@few
@given(case=cases())
def test_what_is_planned_is_carried_out_and_planning_again_finds_nothing(
    concurrency: int, case: Case
) -> None:
    plans = plan(case, approvals=approved(case))
    assume(not any(found.problems for found in plans))
    server = carried_out(case, plans, concurrency)
    allowed = [action for found in plans for action in found.allowed]
    assert {action.id for action in server.done} == {action.id for action in allowed}
    assert len(server.done) == len(allowed)
    again = plan(case, server.live, server.owned(case))
    contested = {change.key for found in again for change in found.contested}
    done = {action.id for action in allowed}
    left = [action for found in again for action in found.allowed if action.subject.key not in contested]
    assert not done & {action.id for action in left}
    held = {action.subject.key for found in plans for action in found.actions if action.id in found.held}
    assert [str(action.key) for action in left if action.subject.key not in held] == []


@pytest.mark.parametrize("concurrency", [1, 8])
@few
@given(case=cases())
def test_nothing_of_others_and_nothing_outside_the_run_is_touched(concurrency: int, case: Case) -> None:
    plans = plan(case, approvals=approved(case))
    after = carried_out(case, plans, concurrency).live
    for place in PLACES:
        for key, resource in case.live[place].resources.items():
            if place not in case.places or not is_owned(case.owned[place].entries.get(key), resource):
                assert after[place].resources.get(key) == resource


@few
@given(case=cases())
def test_a_selection_takes_whole_objects_and_nothing_that_the_whole_plan_lacks(case: Case) -> None:
    chosen = plan(case)
    whole = plan(case, includes=lambda _: True)
    assume(not any(problem.rule == "P07" for found in (*chosen, *whole) for problem in found.problems))
    for some, every in zip(chosen, whole, strict=True):
        taken = {action.id for action in some.actions}
        assert taken <= {action.id for action in every.actions}
        selected = {a.subject.key for a in every.actions if case.selection.includes(a.subject.key)}
        for action in every.actions:
            if action.subject.key in selected or action.subject.key in {a.subject.key for a in some.actions}:
                assert action.id in taken


@few
@given(case=cases())
def test_what_guards_name_is_not_carried_out_and_nothing_behind_it_either(case: Case) -> None:
    plans = plan(case)
    allowed = {action.id for found in plans for action in found.allowed}
    for found in plans:
        for refusal in found.refusals:
            for action in found.actions:
                if action.is_deletion and action.subject.group is Group.PRUNE:
                    assert not (action.key in refusal.keys and action.id in allowed)
        if not found.problems:
            for action in found.allowed:
                assert not action.required & {identifier for one in plans for identifier in one.held}


@settings(few, max_examples=150)
@given(case=cases(), order=st.randoms(use_true_random=False))
def test_no_order_that_the_requirements_allow_cuts_an_agent_off(case: Case, order: Random) -> None:
    """What workers may come to, without waiting for them to."""
    plans = plan(case, approvals=approved(case))
    assume(not any(found.problems for found in plans))
    waiting = [action for found in plans for action in found.allowed]
    server, done = Server(case), set[ActionId]()
    while waiting:
        ready = [action for action in waiting if action.required <= done]
        action = order.choice(ready)
        server.perform(action)
        waiting.remove(action)
        done.add(action.id)
