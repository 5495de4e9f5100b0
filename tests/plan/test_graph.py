"""The graph of actions: order, circles, what is behind an action, and what a selection brings along."""

from itertools import permutations

import pytest

from reconciler.diff.change import Change, Group
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.graph import CycleError, Graph, connect
from tests.building import agent, agent_key, definition, key

LEVELS = (Kind.AGENT, Kind.KEY, Kind.DEFINITION)


def act(verb: Verb, kind: Kind, identifier: str, place: str = "acme") -> Action:
    named = ResourceKey(organization(place), kind, identifier)
    return Action(verb, named, Change(named, Group.CREATION))


def ids(graph: Graph) -> list[str]:
    return [f"{verb} {named.id}" for verb, named in graph.actions]


A, B, C = (act(Verb.CREATE, Kind.DEFINITION, name) for name in "abc")
GOING = act(Verb.DELETE, Kind.DEFINITION, "going")


def test_nothing_is_a_graph_of_nothing() -> None:
    assert connect([]).actions == {}
    assert connect([]).behind([]) == {}
    assert connect([]).with_requirements([]) == frozenset()


def test_the_same_action_twice_is_one() -> None:
    assert ids(connect([A, A])) == ["create a"]


def test_what_is_free_goes_by_verb_then_level_then_name() -> None:
    """Deletions first and bottom-up, creations top-down; each in a place of its own, so that nothing waits."""
    kinds = [(verb, kind, f"{verb}-{kind}") for verb in (Verb.CREATE, Verb.DELETE) for kind in LEVELS]
    actions = [act(verb, kind, "x", place) for verb, kind, place in kinds]
    actions += [act(Verb.UPDATE, Kind.DEFINITION, "y", "other"), act(Verb.FORGET, Kind.DEFINITION, "z"), B, A]
    assert [f"{verb} {named.kind}/{named.id}" for verb, named in connect(actions).actions] == [
        "forget Definition/z",
        "delete Definition/x", "delete Key/x", "delete Agent/x",
        "update Definition/y",
        "create Agent/x", "create Key/x", "create Definition/a", "create Definition/b", "create Definition/x",
    ]  # fmt: skip


@pytest.mark.parametrize("order", list(permutations((A, B, C))))
def test_the_order_given_does_not_matter(order: tuple[Action, ...]) -> None:
    graph = connect(order, [(C.id, A.id)])
    assert ids(graph) == ["create b", "create c", "create a"]
    assert graph.actions[A.id].requires == {C.id}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param((A.id, A.id), id="an action before itself"),
        pytest.param((C.id, A.id), id="one that is not in the plan comes first"),
        pytest.param((A.id, C.id), id="one that is not in the plan comes after"),
    ],
)
def test_a_pair_that_says_nothing_has_no_effect(more: tuple[ActionId, ActionId]) -> None:
    assert not any(action.required for action in connect([A, B], [more]).actions.values())


def test_a_circle_names_those_in_it_and_those_behind_it() -> None:
    with pytest.raises(CycleError, match="require each other: create Definition/a, ") as found:
        connect([A, B, C], [(A.id, B.id), (B.id, A.id), (B.id, C.id)])
    assert found.value.actions == (A.id, B.id, C.id)


def test_a_circle_over_two_places_is_found() -> None:
    there = act(Verb.CREATE, Kind.DEFINITION, "a", "beta")
    with pytest.raises(CycleError) as found:
        connect([A, there], [(A.id, there.id), (there.id, A.id)])
    assert set(found.value.actions) == {A.id, there.id}


def test_behind_an_action_is_all_that_requires_it_each_with_its_cause() -> None:
    graph = connect([A, B, C], [(A.id, B.id), (B.id, C.id)])
    assert graph.behind([A.id]) == {B.id: A.id, C.id: A.id}
    assert graph.behind([B.id]) == {C.id: B.id}
    assert graph.behind([C.id]) == {}


def test_a_late_deletion_is_behind_every_create_of_its_kind_through_its_gate() -> None:
    graph = connect([A, B, GOING])
    assert graph.actions[GOING.id].required == {A.id, B.id}
    assert graph.behind([A.id]) == {GOING.id: A.id}


def test_a_deletion_that_frees_a_value_is_behind_the_create_that_takes_it() -> None:
    old, new = definition("old", "env_type=dev"), definition("new", "env_type=dev")
    going = Action(Verb.DELETE, old.key, Change(old.key, Group.PRUNE, live=old))
    coming = Action(Verb.CREATE, new.key, Change(new.key, Group.CREATION, desired=new))
    graph = connect([coming, going])
    assert ids(graph) == ["delete old", "create new"]
    assert graph.frees == {going.id: {coming.id}}
    assert graph.behind([coming.id]) == {going.id: coming.id}
    assert graph.behind([going.id]) == {coming.id: going.id}


def test_a_selection_brings_along_whole_objects_and_what_they_require_and_nothing_behind() -> None:
    part = Action(Verb.CREATE, key(Kind.CRITERION, "a[x]"), A.subject)
    graph = connect([A, B, C, part], [(B.id, A.id), (A.id, C.id)])
    assert graph.with_requirements([part.id]) == {A.id, B.id, part.id}
    assert graph.with_requirements([C.id]) == {A.id, B.id, C.id, part.id}
    assert graph.with_requirements([B.id]) == {B.id}


def test_a_selected_key_does_not_wait_for_others_of_its_gate() -> None:
    """A late deletion is selected alone: its gate orders it, and is no requirement of its object."""
    assert connect([A, GOING]).with_requirements([GOING.id]) == {GOING.id}


def test_a_key_is_created_after_its_agent_and_before_an_old_one_goes() -> None:
    owner, new, old = agent("eu"), agent_key("eu", "bb"), agent_key("eu", "aa")
    actions = [
        Action(Verb.DELETE, old.key, Change(old.key, Group.PRUNE, live=old)),
        Action(Verb.CREATE, new.key, Change(new.key, Group.CREATION, desired=new)),
        Action(Verb.CREATE, owner.key, Change(owner.key, Group.CREATION, desired=owner)),
    ]
    assert ids(connect(actions)) == ["create eu", "create eu/bb", "delete eu/aa"]
