"""Built-in definitions in a plan: the order of replacing criteria, what is held, what cannot be restored."""

from collections.abc import Mapping

from reconciler.diff.built_in import with_built_in
from reconciler.diff.compare import compare
from reconciler.model.active_resource import ActiveResource
from reconciler.model.identity import TargetName
from reconciler.model.record import Criteria, Inventory
from reconciler.model.state import State
from reconciler.plan.action import TargetPlan
from reconciler.plan.approval import parse
from reconciler.plan.build import Basis, build
from reconciler.plan.problem import CRITERION_TAKEN
from reconciler.settings import Policy, Safety
from tests.building import ORGANIZATION, definition, fields, owning, state

HOLDING = definition("built", "", "env_type=test", type_="dns", is_built_in=True)
EMPTY = definition("built", type_="dns", is_built_in=True)
OWN = definition("own", "", type_="dns")
TAKEN = {"built": {"": fields(""), "env_type=test": fields("env_type=test")}}
USED = ActiveResource("built", "", "shop", "dev", "test", "shared.dns", "default", "dns", "active")


def plan(
    desired: State,
    live: State,
    inventory: Inventory,
    *disabled: str,
    taken: Mapping[str, Criteria] | None = None,
    active: Mapping[str, tuple[ActiveResource, ...]] | None = None,
    approvals: tuple[str, ...] = (),
) -> TargetPlan:
    diff = with_built_in(compare(desired, live, inventory), disabled, taken or {})
    basis = Basis(
        TargetName("acme"), ORGANIZATION, desired, live, inventory, diff, Policy(), Safety(), active or {}
    )
    (found,) = build([basis], approvals=frozenset(map(parse, approvals)))
    return found


def lines(found: TargetPlan) -> list[str]:
    return [f"{action.verb} {action.key}" for action in found.actions]


def test_the_criterion_that_is_replaced_is_removed_first_and_the_others_last() -> None:
    found = plan(state(OWN), state(HOLDING), owning(), "built")
    assert not found.problems
    assert lines(found) == [
        "delete Criterion/built[]",
        "create Definition/own",
        "delete Criterion/built[env_type=test]",
    ]


def test_a_replacement_is_deleted_before_the_criterion_is_restored() -> None:
    found = plan(state(), state(EMPTY, OWN), owning(OWN), taken=TAKEN)
    assert "Definition/built" not in {str(key) for refusal in found.refusals for key in refusal.keys}
    order = lines(found)
    assert order.index("delete Definition/own") < order.index("create Criterion/built[]")
    assert "create Criterion/built[env_type=test]" in order


def test_use_of_a_built_in_definition_holds_its_criterion_and_the_replacement() -> None:
    live, active = state(HOLDING), {"built": (USED,)}
    found = plan(state(OWN), live, owning(), "built", active=active)
    assert [refusal.guard for refusal in found.refusals] == ["in-use"]
    assert not any(str(action.key) == "Definition/own" for action in found.allowed)
    approved = plan(
        state(OWN), live, owning(), "built", active=active, approvals=("in-use=Definition/built",)
    )
    assert len(approved.allowed) == 3


def test_a_criterion_that_is_still_held_is_a_problem_of_the_definition_to_be_restored() -> None:
    kept = definition("own", "", type_="dns")
    for live in (state(EMPTY, OWN), state(EMPTY)):
        found = plan(state(kept), live, owning(OWN), taken=TAKEN)
        [problem] = found.problems
        assert problem.rule == CRITERION_TAKEN
        assert problem.key is not None
        assert problem.key.id == "built"
        assert not found.allowed


def test_nothing_but_criteria_is_ever_planned() -> None:
    for disabled, live in ((("built",), HOLDING), ((), EMPTY)):
        found = plan(state(), state(live), owning(), *disabled, taken=TAKEN)
        assert found.actions
        assert {action.key.kind for action in found.actions} == {"Criterion"}
