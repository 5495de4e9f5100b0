"""Objects and their successors: freed before taken, prepared before freed, pruned last, whole objects."""

from reconciler.plan.action import TargetPlan, Verb
from tests.building import agent, agent_key, definition, owning, rule, runner, state
from tests.plan.test_build import lines, plan, refused


def before(found: TargetPlan, first: str, second: str) -> bool:
    return lines(found).index(first) < lines(found).index(second)


def test_a_definition_is_deleted_after_its_successor_exists() -> None:
    old, new = definition("old", "env_type=dev"), definition("new", "app_id=shop")
    found = plan(state(new), state(old), owning(old))
    assert lines(found) == ["create Definition/new", "delete Definition/old"]
    assert found.actions[0].id in found.actions[1].required


def test_definitions_of_other_types_do_not_hold_each_other() -> None:
    old, new = definition("old", type_="dns"), definition("new")
    found = plan(state(new), state(old), owning(old))
    assert not any(action.required for action in found.actions)


def test_a_successor_that_is_refused_holds_what_it_replaces() -> None:
    """The new runner type needs an approval; until then the old definition of its kind is kept."""
    changed, old = runner("a", type_="kubernetes-gke"), [runner("a"), runner("b")]
    found = plan(state(changed), state(*old), owning(*old))
    assert refused(found) == [("replace", 1)]
    assert not found.allowed


def test_a_deletion_that_frees_a_criterion_waits_for_all_that_the_successor_needs() -> None:
    """Otherwise a failing agent would leave neither the old cluster nor the new one."""
    old = definition("old", "env_type=dev", type_="agent", values={"id": "us"})
    new = definition("new", "env_type=dev", type_="agent", values={"id": "eu"})
    live = [old, agent("us"), agent_key("us", "aa")]
    found = plan(
        state(new, agent("us"), agent_key("us", "aa"), agent("eu"), agent_key("eu", "bb")),
        state(*live),
        owning(*live),
    )
    assert lines(found) == ["create Agent/eu", "delete Definition/old", "create Definition/new"]


def test_a_key_that_moves_to_another_agent_is_freed_first() -> None:
    live = [agent("old"), agent_key("old", "aa")]
    found = plan(state(agent("new"), agent_key("new", "aa")), state(*live), owning(*live))
    assert lines(found) == ["delete Agent/old", "create Agent/new"]
    assert found.actions[1].requires == {found.actions[0].id}
    assert refused(found) == [("last-key", 1)]


def test_a_criterion_is_removed_after_its_replacement_is_added() -> None:
    live = [definition("a", "env_type=dev"), definition("b")]
    found = plan(
        state(definition("a"), definition("b", "app_id=x,env_type=dev")), state(*live), owning(*live)
    )
    assert lines(found) == [
        "create Criterion/b[app_id=x,env_type=dev]", "delete Criterion/a[env_type=dev]",
    ]  # fmt: skip


def test_many_successors_share_one_gate() -> None:
    """One gate for each pair would be quadratic."""
    old = [definition(f"old{i}", f"app_id=o{i}") for i in range(30)]
    new = [definition(f"new{i}", f"app_id=n{i}") for i in range(30)]
    found = plan(state(*new), state(*old), owning(*old))
    assert len({id(action.gate) for action in found.actions if action.gate is not None}) == 1


def test_selecting_one_of_two_that_swap_selects_both_completely() -> None:
    live = [definition("a", "env_type=dev"), definition("b", "env_type=test")]
    desired = state(definition("a", "env_type=test"), definition("b", "env_type=dev"), definition("c"))
    found = plan(desired, state(*live), owning(*live), only=frozenset({live[0].key}))
    assert len(found.actions) == 4
    assert {action.subject.key.id for action in found.actions} == {"a", "b"}


def test_rules_that_the_files_do_not_manage_are_released() -> None:
    from dataclasses import replace

    live = [runner("a"), rule("*/dev", "a")]
    desired = replace(state(runner("a")), open=frozenset({live[0].key}))
    found = plan(desired, state(*live), owning(*live))
    assert not found.actions
    assert [change.key.id for change in found.released] == ["*/dev"]
    assert lines(plan(state(runner("a")), state(*live), owning(*live))) == ["delete RunnerRule/*/dev"]


def test_rules_of_a_deleted_runner_are_deleted_with_it() -> None:
    keep, live = runner("keep"), [runner("a"), rule("*/dev", "a")]
    found = plan(state(keep), state(keep, *live), owning(keep, *live))
    assert lines(found) == ["delete RunnerRule/*/dev", "delete Runner/a"]


def test_a_changed_key_of_a_runner_is_held_until_approved() -> None:
    def with_key(key: str) -> object:
        return runner("r", runner_configuration={"type": "kubernetes-agent", "key": key})

    old, new = with_key("old"), with_key("new")
    found = plan(state(new), state(old), owning(old))  # type: ignore[arg-type]
    assert refused(found) == [("runner-key", 1)]
    assert not found.allowed
    approved = plan(state(new), state(old), owning(old), approvals=frozenset({"runner-key=Runner/r"}))  # type: ignore[arg-type]
    assert [action.verb for action in approved.allowed] == [Verb.UPDATE]
