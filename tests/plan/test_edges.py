"""Each relation between actions at the level of pairs: what comes first, and what does not matter to it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from reconciler.diff.change import Change, CriteriaChange, Group
from reconciler.model.place import organization
from reconciler.model.secret import Expression
from reconciler.model.state import Resource
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.edges.agent import agent_edges
from reconciler.plan.edges.claim import claim_edges
from reconciler.plan.edges.criterion import criterion_edges
from reconciler.plan.edges.runner import runner_edges
from reconciler.plan.edges.succession import gates
from reconciler.plan.parts import criterion_key
from tests.building import agent, agent_key, definition, rule, runner

Relation = Callable[[Sequence[Action]], Iterable[tuple[ActionId, ActionId]]]
USES = "${resources['agent.default#agent'].outputs.url}"
BETA = organization("beta")


def create(new: Resource, *carried: Resource) -> Action:
    sent = tuple(Change(one.key, Group.CREATION, desired=one) for one in carried)
    return Action(Verb.CREATE, new.key, Change(new.key, Group.CREATION, desired=new), carried=sent)


def delete(old: Resource, *carried: Resource) -> Action:
    gone = tuple(Change(one.key, Group.PRUNE, live=one) for one in carried)
    return Action(Verb.DELETE, old.key, Change(old.key, Group.PRUNE, live=old), carried=gone)


def update(old: Resource, new: Resource) -> Action:
    return Action(Verb.UPDATE, new.key, Change(new.key, Group.UPDATE, desired=new, live=old))


def criterion(verb: Verb, of: Resource, selector: str) -> Action:
    change = Change(of.key, Group.UPDATE, desired=of, live=of, criteria=CriteriaChange())
    return Action(verb, criterion_key(of.key, selector), change)


def elsewhere(resource: Resource) -> Resource:
    return replace(resource, key=resource.key._replace(place=BETA))


def pairs(relation: Relation, *actions: Action) -> list[str]:
    """The edges between actions that are there; others have no effect."""
    there = {action.id for action in actions}
    return sorted(
        f"{first[0]} {first[1]} > {then[0]} {then[1]}"
        for first, then in relation(actions)
        if first in there and then in there and first != then
    )


LINK, LINK_2 = (definition(name, type_="agent", values={"id": "eu"}) for name in ("link", "link-2"))
USER = definition("user", secrets={"/url": Expression(USES)})
USER_BY_VALUE = definition("user", values={"deep": [{"url": USES}]})
PLAIN = definition("user")


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [create(agent("eu")), create(agent_key("eu", "aa"))], ["create Agent/eu > create Key/eu/aa"],
            id="an agent before its key",
        ),
        pytest.param([create(agent("us")), create(agent_key("eu", "aa"))], [], id="a key of another agent"),
        pytest.param(
            [create(elsewhere(agent("eu"))), create(agent_key("eu", "aa"))], [], id="an agent elsewhere"
        ),
        pytest.param(
            [create(agent_key("eu", "bb")), delete(agent_key("eu", "aa"))],
            ["create Key/eu/bb > delete Key/eu/aa"], id="a new key before the old one goes",
        ),
        pytest.param(
            [create(agent_key("us", "bb")), delete(agent_key("eu", "aa"))], [],
            id="keys of two agents do not wait for each other",
        ),
        pytest.param(
            [create(agent("eu")), create(LINK)], ["create Agent/eu > create Definition/link"],
            id="an agent before its definition",
        ),
        pytest.param(
            [delete(agent("eu")), delete(LINK)], ["delete Definition/link > delete Agent/eu"],
            id="its definition goes first",
        ),
        pytest.param(
            [create(LINK), create(USER)], ["create Definition/link > create Definition/user"],
            id="what refers to an agent comes after agent definitions",
        ),
        pytest.param(
            [create(LINK), create(USER_BY_VALUE)], ["create Definition/link > create Definition/user"],
            id="in a value, however deep",
        ),
        pytest.param([create(LINK), create(PLAIN)], [], id="what does not refer"),
        pytest.param(
            [delete(LINK), delete(USER)], ["delete Definition/user > delete Definition/link"],
            id="what refers goes before the agent definition",
        ),
        pytest.param(
            [delete(LINK), update(USER, PLAIN)], ["update Definition/user > delete Definition/link"],
            id="what ends to refer is changed first",
        ),
        pytest.param(
            [delete(LINK), create(LINK_2), update(USER, USER_BY_VALUE)],
            ["create Definition/link-2 > update Definition/user"],
            id="what goes on to refer waits for the new one and not for the old one",
        ),
        pytest.param(
            [create(definition("odd", type_="agent", values={"id": 5})), create(agent("5"))], [],
            id="an agent definition that names no agent",
        ),
        pytest.param(
            [create(definition("odd", type_="agent", values=[])), create(agent("eu"))], [],
            id="values of another shape",
        ),
    ],
)  # fmt: skip
def test_agents_keys_and_what_refers_to_them(actions: list[Action], expected: list[str]) -> None:
    assert pairs(agent_edges, *actions) == expected


OLD, NEW = definition("old", "env_type=dev"), definition("new", "env_type=dev")


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        pytest.param(
            [create(NEW), delete(OLD)], ["delete Definition/old > create Definition/new"],
            id="a criterion of a definition that goes",
        ),
        pytest.param([create(definition("new", "app_id=x")), delete(OLD)], [], id="another criterion"),
        pytest.param(
            [create(definition("new", "env_type=dev", type_="dns")), delete(OLD)], [], id="another type"
        ),
        pytest.param([create(elsewhere(NEW)), delete(OLD)], [], id="another organization"),
        pytest.param(
            [criterion(Verb.CREATE, NEW, "env_type=dev"), criterion(Verb.DELETE, OLD, "env_type=dev")],
            ["delete Criterion/old[env_type=dev] > create Criterion/new[env_type=dev]"],
            id="a criterion by itself",
        ),
        pytest.param(
            [criterion(Verb.CREATE, NEW, ""), delete(definition("old", ""))],
            ["delete Definition/old > create Criterion/new[]"], id="the one that matches everything",
        ),
        pytest.param(
            [create(agent_key("us", "aa")), delete(agent_key("eu", "aa"))],
            ["delete Key/eu/aa > create Key/us/aa"], id="a key that moves to another agent",
        ),
        pytest.param(
            [create(agent("us"), agent_key("us", "aa")), delete(agent("eu"), agent_key("eu", "aa"))],
            ["delete Agent/eu > create Agent/us"], id="keys that agents carry",
        ),
        pytest.param(
            [create(elsewhere(agent_key("us", "aa"))), delete(agent_key("eu", "aa"))], [],
            id="a key in another organization",
        ),
        pytest.param(
            [create(rule("*/dev", "b")), delete(rule("*/dev", "a"))],
            ["delete RunnerRule/*/dev > create RunnerRule/*/dev"], id="the same rule for another runner",
        ),
        pytest.param(
            [create(agent("x")), delete(definition("x"))], [], id="the same id of another kind"
        ),
        pytest.param(
            [create(definition("new", manages_criteria=False)), delete(OLD)], [], id="criteria not managed"
        ),
        pytest.param([create(NEW)], [], id="nothing is freed"),
    ],
)  # fmt: skip
def test_what_is_freed_comes_before_what_takes_it(actions: list[Action], expected: list[str]) -> None:
    assert pairs(claim_edges, *actions) == expected


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        pytest.param(
            [create(runner("a")), create(rule("*/dev", "a"))], ["create Runner/a > create RunnerRule/*/dev"],
            id="a runner before its rule",
        ),
        pytest.param([create(runner("b")), create(rule("*/dev", "a"))], [], id="another runner"),
        pytest.param(
            [delete(runner("a")), delete(rule("*/dev", "a"))], ["delete RunnerRule/*/dev > delete Runner/a"],
            id="a rule goes before its runner",
        ),
        pytest.param([create(elsewhere(runner("a"))), create(rule("*/dev", "a"))], [], id="elsewhere"),
    ],
)  # fmt: skip
def test_runners_and_their_rules(actions: list[Action], expected: list[str]) -> None:
    assert pairs(runner_edges, *actions) == expected


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        (create(NEW), ["create Definition/new > create Criterion/new[app_id=x]"]),
        (update(NEW, NEW), ["update Definition/new > create Criterion/new[app_id=x]"]),
        (delete(NEW), []),
        (create(OLD), []),
    ],
)
def test_a_criterion_waits_for_its_definition(whole: Action, expected: list[str]) -> None:
    assert pairs(criterion_edges, whole, criterion(Verb.CREATE, NEW, "app_id=x")) == expected


def gated(*actions: Action, needed: dict[ActionId, set[ActionId]] | None = None) -> dict[str, int]:
    empty: dict[ActionId, set[ActionId]] = {action.id: set() for action in actions}
    found = gates({action.id: action for action in actions}, empty | (needed or {}))
    return {str(named): len(gate.members) for (_, named), gate in found.items()}


def test_a_late_deletion_waits_for_all_of_its_kind_and_type_in_its_place() -> None:
    others = [create(definition("dns", type_="dns")), create(elsewhere(NEW)), create(agent("eu"))]
    assert gated(delete(OLD), create(NEW), update(PLAIN, PLAIN), *others) == {"Definition/old": 2}


def test_a_deletion_that_something_needs_has_no_gate_and_nor_has_what_it_needs() -> None:
    early, before, new = delete(OLD), delete(PLAIN), create(NEW)
    needed = {new.id: {early.id}, early.id: {before.id}}
    assert gated(early, before, new, needed=needed) == {}


def test_deletions_that_nothing_succeeds_have_no_gate() -> None:
    assert gated(delete(OLD), delete(agent("eu")), create(runner("a"))) == {}
