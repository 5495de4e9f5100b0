"""Problems of a plan: what the server is known to refuse, said before anything is sent."""

from dataclasses import replace

import pytest

from reconciler.model.identity import TargetName
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.record import Inventory
from reconciler.model.state import Resource, State
from reconciler.plan.action import Action, TargetPlan, Verb
from reconciler.plan.check import cycle, problems
from reconciler.plan.graph import CycleError
from reconciler.plan.problem import PROBLEMS
from tests.building import ALL_KINDS, agent, agent_key, definition, key, owning, state
from tests.plan.test_build import plan

DEV = "env_type=dev"
MINE, THEIRS = definition("mine", DEV), definition("theirs", DEV)
BUILT_IN = definition("built-in", "", is_built_in=True)
EU, KEY = agent("eu"), agent_key("eu", "aa")


def rules(found: TargetPlan) -> list[str]:
    return [problem.rule for problem in found.problems]


@pytest.mark.parametrize(
    ("desired", "live", "inventory", "expected"),
    [
        pytest.param([], [], owning(), [], id="nothing"),
        pytest.param([EU, KEY], [], owning(), [], id="an agent with a key"),
        pytest.param([EU], [], owning(), ["P01"], id="an agent without a key"),
        pytest.param([EU], [EU], owning(EU), [], id="an agent that is there needs none"),
        pytest.param([KEY], [], owning(), ["P05"], id="a key without an agent"),
        pytest.param([KEY], [EU], owning(), [], id="a key of an agent of others"),
        pytest.param([KEY], [EU], owning(EU), ["P05"], id="a key of an agent that goes"),
        pytest.param([MINE], [THEIRS], owning(), ["P02"], id="a criterion that others hold"),
        pytest.param([MINE], [THEIRS], owning(THEIRS), [], id="a criterion that this plan frees"),
        pytest.param([MINE], [definition("theirs", DEV, type_="dns")], owning(), [], id="of another type"),
        pytest.param([MINE], [MINE, definition("theirs")], owning(MINE), [], id="a criterion that is mine"),
        pytest.param(
            [definition("mine", DEV, "app_id=x")], [THEIRS, definition("too", "app_id=x")], owning(),
            ["P02", "P02"], id="each criterion by itself",
        ),
        pytest.param([MINE, definition("theirs")], [THEIRS], owning(), ["P02"], id="held by a contested one"),
        pytest.param([definition("mine", "")], [BUILT_IN], owning(), ["P02"], id="held by a built-in one"),
        pytest.param([definition("built-in", "")], [BUILT_IN], owning(), ["P03"], id="a built-in one is declared"),
        pytest.param(
            [definition("mine", manages_criteria=False)], [THEIRS], owning(), [], id="criteria not managed"
        ),
    ],
)  # fmt: skip
def test_what_the_server_is_known_to_refuse_is_a_problem(
    desired: list[Resource], live: list[Resource], inventory: Inventory, expected: list[str]
) -> None:
    found = plan(state(*desired), state(*live), inventory)
    assert rules(found) == expected
    assert not (found.problems and found.allowed)


def test_an_agent_is_no_problem_while_keys_were_not_read() -> None:
    unread = State({}, ALL_KINDS - {Kind.KEY})
    assert rules(plan(state(EU), unread)) == []


@pytest.mark.parametrize(
    ("holder", "owned", "said"),
    [
        (THEIRS, False, "unmanaged"),
        (THEIRS, True, "owned, and not deleted by this plan"),
        (replace(THEIRS, is_built_in=True), False, "built in"),
    ],
)
def test_a_taken_criterion_names_who_holds_it_and_where_it_was_asked_for(
    holder: Resource, owned: bool, said: str  # noqa: FBT001  a table's column
) -> None:  # fmt: skip
    asking = replace(MINE, origin=Origin("mine.yaml", 8, 3))
    found = plan(state(asking), state(holder), owning(holder) if owned else owning())
    actions = [action for action in found.actions if action.verb is Verb.CREATE]
    (problem,) = problems(actions, found.diff, state(holder), ())
    assert (
        f"Definition/mine asks for the criterion [{DEV}] of type s3, which Definition/theirs holds"
        in problem.message
    )
    assert f"({said})" in problem.message
    assert str(problem.origin) == "mine.yaml:8:3"
    assert ("builtIn.disabled" in problem.advice) is holder.is_built_in


def create(identifier: str) -> Action:
    return plan(state(definition(identifier)), state()).actions[0]


def test_a_circle_is_one_problem_for_each_action_in_it() -> None:
    a, b, outside = create("a"), create("b"), create("c")
    found = cycle(CycleError([a.id, b.id]), [a, b, outside])
    assert [problem.key for problem in found] == [a.key, b.key]
    assert all("create Definition/a, create Definition/b" in problem.message for problem in found)


def test_a_circle_of_another_target_is_one_problem_here() -> None:
    (problem,) = cycle(CycleError([(Verb.CREATE, key(Kind.DEFINITION, "far"))]), [create("a")])
    assert problem.rule == "P07"
    assert "actions of another target require each other: create Definition/far" in problem.message


def test_problems_come_in_one_order_whatever_the_order_of_actions() -> None:
    found = plan(state(EU, agent("us"), MINE), state(THEIRS))
    live = state(THEIRS)
    assert problems(found.actions, found.diff, live, ()) == problems(
        found.actions[::-1], found.diff, live, ()
    )
    assert len(found.problems) == 3


def test_every_problem_has_a_meaning_and_numbers_without_gaps() -> None:
    assert sorted(PROBLEMS) == [f"P0{number}" for number in range(1, len(PROBLEMS) + 1)]
    assert TargetName("acme") == plan(state(), state()).target
