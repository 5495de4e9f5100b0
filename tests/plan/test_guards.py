"""Guards at the level of values: what each names, which actions it holds, and where it keeps still."""

from dataclasses import replace

import pytest

from reconciler.model.active_resource import ActiveResource
from reconciler.model.identity import TargetName
from reconciler.model.kind import Kind
from reconciler.model.record import Inventory
from reconciler.model.state import Resource
from reconciler.plan.action import Verb
from reconciler.plan.case import Case, Tripped
from reconciler.plan.guards import allowed_deletes, reduced_definitions, takeover, tripped
from reconciler.settings import Safety
from tests.building import agent, agent_key, definition, owning, rule, runner, state
from tests.plan.test_build import plan

A, B = definition("a", "env_type=dev"), definition("b", "app_id=shop")
EU, KEY = agent("eu"), agent_key("eu", "aa")
JOBS, RULE = runner("jobs"), rule("*/dev", "jobs")
USED = ActiveResource("a", "", "shop", "dev", "dev", "db", "default", "s3", "active")


def case(
    desired: list[Resource], live: list[Resource], inventory: Inventory, safety: Safety = Safety()  # noqa: B008  frozen
) -> Case:  # fmt: skip
    wanted, there = state(*desired), state(*live)
    owned = {kind: sum(key.kind is kind for key in inventory.entries) for kind in Kind}
    actions = plan(wanted, there, inventory).actions
    return Case(TargetName("acme"), wanted, there, actions, owned, safety)


def named(found: list[Tripped]) -> dict[str, list[str]]:
    return {one.refusal.guard: [str(key) for key in one.refusal.keys] for one in found}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(case([], [], owning()), {}, id="nothing"),
        pytest.param(case([A], [], owning()), {}, id="a create"),
        pytest.param(case([B], [A, B], owning(A, B)), {}, id="one delete"),
        pytest.param(case([], [A], owning(A)), {"empty-tree": ["Definition/a"]}, id="nothing is declared"),
        pytest.param(case([], [A], owning()), {}, id="nothing is declared or owned"),
        pytest.param(
            case([B], [A, B], owning(A, B), Safety(maxDelete="0")), {"deletes": ["Definition/a"]}, id="none may go"
        ),
        pytest.param(
            case([B], [A, B], owning(A, B), Safety(protect=("Definition/a",))), {"protected": ["Definition/a"]},
            id="protected",
        ),
        pytest.param(
            case([B], [A, B], owning(A, B), Safety(protect=("Agent/a",))), {}, id="the same name of another kind"
        ),
        pytest.param(
            case([EU, B], [EU, KEY, B], owning(EU, KEY, B)), {"last-key": ["Agent/eu"]}, id="the last key"
        ),
        pytest.param(
            case([B], [EU, KEY, B], owning(EU, B)), {"last-key": ["Agent/eu"], "cascade": ["Key/eu/aa"]},
            id="an agent that takes a key of others along",
        ),
        pytest.param(
            case([B], [JOBS, RULE, B], owning(JOBS, B)), {"cascade": ["RunnerRule/*/dev"]},
            id="a runner that takes a rule of others along",
        ),
        pytest.param(
            case([definition("a", type_="dns")], [A], owning(A)), {"replace": ["Definition/a"]}, id="replaced"
        ),
        pytest.param(
            case([runner("jobs", bucket="new")], [JOBS], owning(JOBS)), {"state-storage": ["Runner/jobs"]},
            id="state storage",
        ),
    ],
)  # fmt: skip
def test_what_a_guard_names(given: Case, expected: dict[str, list[str]]) -> None:
    assert named(tripped(given)) == expected


def test_a_guard_holds_both_halves_of_a_replacement() -> None:
    (found,) = tripped(case([definition("a", type_="dns")], [A], owning(A)))
    assert found.holds == {A.key: {(Verb.DELETE, A.key), (Verb.CREATE, A.key)}}


@pytest.mark.parametrize(
    ("desired", "used", "expected"),
    [
        pytest.param([B], (), {}, id="not looked up, or not used"),
        pytest.param([B], (USED,), {"in-use": ["Definition/a"]}, id="a definition that goes"),
        pytest.param(
            [definition("a"), B], (USED,), {"in-use": ["Definition/a"]}, id="a criterion that fits what is used"
        ),
        pytest.param(
            [definition("a"), B], (replace(USED, environment_type="qa"),), {},
            id="a criterion that fits nothing used",
        ),
        pytest.param([definition("a", "env_type=dev", "app_id=x"), B], (USED,), {}, id="one more criterion"),
    ],
)  # fmt: skip
def test_what_is_in_use_is_named_once(
    desired: list[Resource], used: tuple[ActiveResource, ...], expected: dict[str, list[str]]
) -> None:
    given = replace(case(desired, [A, B], owning(A, B)), active={"a": (*used, *used)})
    found = tripped(given)
    assert named(found) == expected
    assert all(one.refusal.message.count("shop/dev/db") == 1 for one in found)


def test_what_reduced_definitions_something_away_is_looked_up_and_nothing_else() -> None:
    assert reduced_definitions(case([B], [A, B], owning(A, B)).actions) == {"a"}
    assert reduced_definitions(case([definition("a"), B], [A, B], owning(A, B)).actions) == {"a"}
    assert reduced_definitions(case([A, B], [EU, KEY], owning(EU, KEY)).actions) == set()


@pytest.mark.parametrize(
    ("limit", "owned", "allowed"),
    [("0", 100, 0), ("10%", 9, 0), ("10%", 10, 1), ("3 or 50%", 4, 3), ("100%", 7, 7), ("5", 2, 5)],
)
def test_a_limit_of_deletes_is_the_larger_of_its_parts(limit: str, owned: int, allowed: int) -> None:
    assert allowed_deletes(limit, owned) == allowed


def test_built_in_things_and_things_that_are_gone_are_never_offered_for_taking_over() -> None:
    built_in = definition("c", is_built_in=True)
    desired, live = state(definition("a", name="x"), definition("c", name="x")), state(A, built_in)
    contested = plan(desired, live).contested
    assert [change.key.id for change in contested] == ["a", "c"]
    (refusal,) = takeover(TargetName("acme"), contested)
    assert refusal.approvals == ("contested=Definition/a",)
    (of_many,) = takeover(TargetName("acme"), contested, is_one_of_many=True)
    assert of_many.approvals == ("contested=acme:Definition/a",)
    assert takeover(TargetName("acme"), ()) == []
