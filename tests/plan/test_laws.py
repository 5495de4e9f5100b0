"""Properties of the core, checked on many generated worlds."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diff.change import Group
from reconciler.diff.compare import compare, criteria_digest, is_owned
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.json import digest
from reconciler.model.kind import Kind
from reconciler.model.record import Inventory, Ownership
from reconciler.model.secret import Expression, Reference
from reconciler.model.state import Resource, State
from reconciler.plan.action import Action, TargetPlan, Verb
from reconciler.plan.build import Basis, build
from reconciler.plan.parts import agent_of, criterion_selector, stores_of
from reconciler.settings import Policy, Safety
from tests.building import (
    ALL_KINDS,
    ORGANIZATION,
    agent,
    agent_key,
    definition,
    operator_key,
    rule,
    runner,
    state,
    store,
)

SELECTORS = ["", "env_type=dev", "env_type=test", "app_id=shop", "res_id=agent,class=big"]


@st.composite
def worlds(draw: st.DrawFn) -> State:
    """A consistent state: criteria unique per type, rules only for runners that exist."""
    resources: list[Resource] = []
    taken: set[tuple[str, str]] = set()
    resources.extend(operator_key(name) for name in draw(st.sets(st.sampled_from(["cc", "dd"]))))
    stores = draw(st.sets(st.sampled_from(["s1", "s2", "s3"])))
    primary = draw(st.sampled_from([*sorted(stores), ""]))
    resources.extend(
        store(
            name,
            draw(st.sampled_from(["https://a.test", "https://b.test"])),
            agent=draw(st.sampled_from(["", "eu", "us"])),
            is_primary=name == primary,
        )
        for name in sorted(stores)
    )
    for name in draw(st.sets(st.sampled_from("abcdef"))):
        kind = draw(st.sampled_from(["s3", "dns", "agent"]))
        selectors = [
            s for s in draw(st.lists(st.sampled_from(SELECTORS), unique=True)) if (kind, s) not in taken
        ]
        taken.update((kind, selector) for selector in selectors)
        document: dict[str, Any] = {}
        if kind == "agent":
            document["values"] = {"id": draw(st.sampled_from(["eu", "us"]))}
        if kind == "dns" and draw(st.booleans()):
            document["secrets"] = {"/url": Expression("${resources['agent#agent'].outputs.url}")}
        if kind == "s3" and stores and draw(st.booleans()):
            document["secrets"] = {"/password": Reference(draw(st.sampled_from(sorted(stores))), "p")}
        resources.append(
            definition(name, *selectors, type_=kind, name=draw(st.sampled_from(["x", "y"])), **document)
        )
    for name in draw(st.sets(st.sampled_from(["eu", "us"]))):
        resources.append(agent(name, draw(st.sampled_from(["", "text"]))))
        resources.extend(
            agent_key(name, key) for key in draw(st.sets(st.sampled_from(["aa", "bb"]), min_size=1))
        )
    runners = draw(st.sets(st.sampled_from(["r1", "r2"])))
    resources.extend(
        runner(name, draw(st.sampled_from(["kubernetes-eks", "kubernetes-gke"]))) for name in runners
    )
    if runners:
        resources.extend(
            rule(pair, draw(st.sampled_from(sorted(runners))))
            for pair in draw(st.sets(st.sampled_from(["*/dev", "shop/*", "*/*"])))
        )
    return state(*resources)


@st.composite
def cases(draw: st.DrawFn) -> tuple[State, State, Inventory]:
    desired, live = draw(worlds()), draw(worlds())
    owned = draw(st.sets(st.sampled_from(sorted(live.resources)))) if live.resources else set()
    entries = {key: record(live.resources[key]) for key in owned}
    return desired, live, Inventory("test", "acme", entries)


def record(resource: Resource) -> Ownership:
    return Ownership(resource.key, applied=digest(resource.document), criteria=criteria_digest(resource))


def plan(desired: State, live: State, inventory: Inventory) -> TargetPlan:
    basis = Basis(
        TargetName("acme"), ORGANIZATION, desired, live, inventory, compare(desired, live, inventory),
        Policy(), Safety(),
    )  # fmt: skip
    (found,) = build([basis])
    return found


def carried_out(found: TargetPlan, live: State, inventory: Inventory) -> tuple[State, Inventory]:
    """The world after the plan, refusing what the server would refuse."""
    resources, entries = dict(live.resources), dict(inventory.entries)
    for action in in_the_worst_order(found.actions):
        perform(action, resources, entries)
        for change in action.carried:
            if action.verb is Verb.CREATE and change.desired is not None:
                resources[change.key] = change.desired
                entries[change.key] = record(change.desired)
            else:
                resources.pop(change.key, None)
                entries.pop(change.key, None)
    return State(resources, ALL_KINDS), inventory.with_entries(entries)


def in_the_worst_order(actions: tuple[Action, ...]) -> list[Action]:
    """Workers may take any action whose requirements are met; this one always takes the last."""
    waiting, done = list(actions), []
    met: set[tuple[Verb, ResourceKey]] = set()
    while waiting:
        following = next(action for action in reversed(waiting) if action.required <= met)
        waiting.remove(following)
        done.append(following)
        met.add(following.id)
    return done


def perform(
    action: Action, resources: dict[ResourceKey, Resource], entries: dict[ResourceKey, Ownership]
) -> None:
    desired = action.subject.desired
    if action.key.kind is Kind.CRITERION:
        selector, held = criterion_selector(action.key), resources[action.subject.key]
        criteria = dict(held.criteria or {})
        if action.verb is Verb.DELETE:
            del criteria[selector]
        else:
            assert desired is not None
            assert desired.criteria is not None
            assert_free(resources, held, selector)
            criteria[selector] = desired.criteria[selector]
        resources[action.subject.key] = replace(held, criteria=criteria)
    elif action.verb is Verb.DELETE:
        assert action.key in resources
        assert action.key in entries, "nothing unowned is ever deleted"
        assert action.key.id not in {s for r in resources.values() for s in stores_of(r)}, "in use"
        del resources[action.key], entries[action.key]
    elif action.verb is Verb.FORGET:
        del entries[action.key]
    else:
        assert desired is not None
        if action.verb is Verb.CREATE:
            assert action.key not in resources
            for needed in stores_of(desired):
                assert action.key.beside(Kind.SECRET_STORE, needed) in resources
            for selector in desired.criteria or ():
                assert_free(resources, desired, selector)
            if action.key.kind is Kind.RUNNER_RULE:
                assert action.key.beside(Kind.RUNNER, str(desired.document["runner_id"])) in resources
            if action.key.kind is Kind.KEY:
                assert agent_of(action.key) in resources
        present = resources.get(action.key)
        criteria_now = (
            present.criteria if present is not None and action.verb is Verb.UPDATE else desired.criteria
        )
        resources[action.key] = replace(desired, criteria=criteria_now)
        entries[action.key] = record(desired)


def assert_free(resources: dict[ResourceKey, Resource], holder: Resource, selector: str) -> None:
    for other in resources.values():
        if other.key != holder.key and other.document.get("type") == holder.document["type"]:
            assert selector not in (other.criteria or {}), "the server refuses a second equal criterion"


@settings(max_examples=60, derandomize=True)
@given(worlds())
def test_comparing_a_state_with_itself_finds_nothing(world: State) -> None:
    owned = Inventory("test", "acme", {key: record(resource) for key, resource in world.resources.items()})
    groups = {change.group for change in compare(world, world, owned).changes.values()}
    assert groups <= {Group.UNCHANGED}


@settings(max_examples=80, derandomize=True)
@given(cases())
def test_every_plan_without_a_problem_can_be_applied_and_leaves_nothing_to_do(
    case: tuple[State, State, Inventory],
) -> None:
    """Runs the actions one by one against a world that refuses what the server refuses."""
    desired, live, inventory = case
    found = plan(desired, live, inventory)
    if found.problems or any(refusal.guard in ("cascade", "store-in-use") for refusal in found.refusals):
        return
    after, owned = carried_out(found, live, inventory)
    again = plan(desired, after, owned)
    contested = {change.key for change in found.contested}
    assert [action for action in again.actions if action.key not in contested] == []


@settings(max_examples=80, derandomize=True)
@given(cases())
def test_nothing_unowned_is_deleted_or_changed(case: tuple[State, State, Inventory]) -> None:
    desired, live, inventory = case
    for action in plan(desired, live, inventory).actions:
        if action.verb in (Verb.DELETE, Verb.UPDATE):
            held = live.resources[action.subject.key]
            assert is_owned(inventory.entries.get(held.key), held)


@settings(max_examples=80, derandomize=True)
@given(cases())
def test_every_action_comes_after_what_it_requires(case: tuple[State, State, Inventory]) -> None:
    seen: set[tuple[Verb, ResourceKey]] = set()
    for action in plan(*case).actions:
        assert action.required <= seen
        seen.add(action.id)


@settings(max_examples=60, derandomize=True)
@given(cases(), st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_input_order(
    case: tuple[State, State, Inventory], random: object
) -> None:
    desired, live, inventory = case

    def shuffled(side: State) -> State:
        items = list(side.resources.items())
        random.shuffle(items)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
        return State(dict(items), side.complete)

    one, other = plan(desired, live, inventory), plan(shuffled(desired), shuffled(live), inventory)
    assert one.actions == other.actions
    assert one.refusals == other.refusals


@settings(max_examples=60, derandomize=True)
@given(cases(), st.integers(min_value=0, max_value=30))
def test_stopping_after_any_action_and_starting_over_reaches_the_desired_state(
    case: tuple[State, State, Inventory], stop_after: int
) -> None:
    desired, live, inventory = case
    found = plan(desired, live, inventory)
    if found.problems or any(refusal.guard in ("cascade", "store-in-use") for refusal in found.refusals):
        return
    part = replace(found, actions=tuple(in_the_worst_order(found.actions)[:stop_after]))
    halfway, owned = carried_out(part, live, inventory)
    second = plan(desired, halfway, owned)
    assert not second.problems
    after, owned = carried_out(second, halfway, owned)
    whole, _ = carried_out(found, live, inventory)
    assert {k: r.document for k, r in after.resources.items()} == {
        k: r.document for k, r in whole.resources.items()
    }
