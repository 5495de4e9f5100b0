"""What a plan contains: actions, order, refusals, problems."""

import itertools
from dataclasses import replace

import pytest

from reconciler.diff.compare import compare
from reconciler.model.finding import Severity
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.record import Inventory
from reconciler.model.secret import Expression
from reconciler.model.state import State
from reconciler.plan.action import TargetPlan, Verb
from reconciler.plan.approval import parse
from reconciler.plan.build import Basis, build
from reconciler.plan.graph import CycleError, connect
from reconciler.plan.guards import GUARDS, allowed_deletes
from reconciler.plan.problem import AGENT_WITHOUT_KEY, BUILT_IN, CRITERION_TAKEN, CYCLE, KEY_WITHOUT_AGENT
from reconciler.settings import Drift, KindPolicy, Policy, Prune, Safety
from tests.building import ORGANIZATION, agent, agent_key, definition, owning, rule, runner, state

NONE = owning()


def plan(
    desired: State,
    live: State,
    inventory: Inventory = NONE,
    *,
    approvals: frozenset[str] = frozenset(),
    policy: Policy = Policy(),  # noqa: B008  frozen
    safety: Safety = Safety(),  # noqa: B008  frozen
    only: frozenset[ResourceKey] | None = None,
) -> TargetPlan:
    basis = Basis(
        TargetName("acme"),
        ORGANIZATION,
        desired,
        live,
        inventory,
        compare(desired, live, inventory),
        policy,
        safety,
    )
    (found,) = build(
        [basis],
        includes=lambda key: only is None or key in only,
        approvals=frozenset(map(parse, approvals)),
    )
    return found


def lines(found: TargetPlan) -> list[str]:
    return [f"{action.verb} {action.key}" for action in found.actions]


def refused(found: TargetPlan) -> list[tuple[str, int]]:
    return [(refusal.guard, refusal.count) for refusal in found.refusals]


AGENT_URL = {"/agent_url": Expression("${resources['agent#agent'].outputs.url}")}


def test_the_chain_from_agent_to_cluster_is_created_top_down() -> None:
    cluster = definition("cluster", "env_type=dev", type_="k8s-cluster", secrets=AGENT_URL)
    link = definition("link", "res_id=agent", type_="agent", values={"id": "eu"})
    found = plan(state(cluster, link, agent("eu"), agent_key("eu", "aa"), agent_key("eu", "bb")), state())
    assert lines(found) == [
        "create Agent/eu",
        "create Key/eu/bb",
        "create Definition/link",
        "create Definition/cluster",
    ]
    assert [change.key.id for change in found.actions[0].carried] == ["eu/aa"]


def test_the_chain_is_deleted_bottom_up_and_keys_go_with_their_agent() -> None:
    cluster = definition("cluster", "env_type=dev", type_="k8s-cluster", secrets=AGENT_URL)
    link = definition("link", "res_id=agent", type_="agent", values={"id": "eu"})
    live = [cluster, link, agent("eu"), agent_key("eu", "aa")]
    keep = definition("keep")
    found = plan(state(keep), state(keep, *live), owning(keep, *live))
    assert lines(found) == ["delete Definition/cluster", "delete Definition/link", "delete Agent/eu"]
    assert [change.key.id for change in found.actions[2].carried] == ["eu/aa"]


def test_a_moved_criterion_is_deleted_before_it_is_added() -> None:
    before = state(definition("a", "env_type=dev"), definition("b"))
    after = state(definition("a"), definition("b", "env_type=dev"))
    found = plan(after, before, owning(*before.resources.values()))
    assert lines(found) == ["delete Criterion/a[env_type=dev]", "create Criterion/b[env_type=dev]"]
    assert found.actions[1].requires == {found.actions[0].id}


def test_swapped_criteria_are_both_deleted_first() -> None:
    before = state(definition("a", "env_type=dev"), definition("b", "env_type=test"))
    after = state(definition("a", "env_type=test"), definition("b", "env_type=dev"))
    found = plan(after, before, owning(*before.resources.values()))
    assert [action.verb for action in found.actions] == [Verb.DELETE, Verb.DELETE, Verb.CREATE, Verb.CREATE]


def test_a_new_definition_waits_for_the_criterion_of_a_deleted_one() -> None:
    old, new = definition("old", "app_id=x"), definition("new", "app_id=x")
    found = plan(state(new), state(old), owning(old))
    assert lines(found) == ["delete Definition/old", "create Definition/new"]
    assert found.actions[1].requires == {found.actions[0].id}


def test_criteria_of_other_types_do_not_wait_for_each_other() -> None:
    old, new = definition("old", "app_id=x", type_="dns"), definition("new", "app_id=x")
    found = plan(state(new), state(old), owning(old))
    assert all(not action.requires for action in found.actions)


def test_a_new_key_is_added_before_the_old_one_is_withdrawn() -> None:
    old, new = agent_key("eu", "aa"), agent_key("eu", "bb")
    found = plan(state(agent("eu"), new), state(agent("eu"), old), owning(agent("eu"), old))
    assert lines(found) == ["create Key/eu/bb", "delete Key/eu/aa"]
    assert found.actions[1].requires == {found.actions[0].id}
    assert not found.refusals


def test_a_rule_moves_only_when_its_new_runner_exists() -> None:
    before = [runner("a"), rule("*/dev", "a")]
    found = plan(state(runner("a"), runner("b"), rule("*/dev", "b")), state(*before), owning(*before))
    assert lines(found) == ["create Runner/b", "delete RunnerRule/*/dev", "create RunnerRule/*/dev"]


def test_a_replaced_runner_is_deleted_with_its_rules_and_needs_approval() -> None:
    """Deleting a runner silently deletes its rules (v2 reference 5.5)."""
    before = [runner("a"), rule("*/dev", "a")]
    after = state(runner("a", type_="kubernetes-gke"), rule("*/dev", "a"))
    found = plan(after, state(*before), owning(*before))
    assert lines(found) == [
        "delete RunnerRule/*/dev", "delete Runner/a", "create Runner/a", "create RunnerRule/*/dev",
    ]  # fmt: skip
    assert refused(found) == [("replace", 1)]
    assert not plan(
        after, state(*before), owning(*before), approvals=frozenset({"replace=Runner/a"})
    ).refusals


def test_a_replaced_runner_is_never_deleted_with_an_unmanaged_rule() -> None:
    after = state(runner("a", type_="kubernetes-gke"), rule("*/dev", "a"))
    found = plan(after, state(runner("a"), rule("*/dev", "a")), owning(runner("a")))
    assert refused(found) == [("cascade", 1), ("replace", 1)]


def test_a_renamed_agent_definition_and_a_changed_user_do_not_wait_for_each_other() -> None:
    """The criterion moves from the old definition to the new one; the user refers before and after."""
    before = [
        definition("old", "res_id=agent", type_="agent", values={"id": "eu"}),
        definition("user", type_="k8s-cluster", secrets=AGENT_URL),
    ]
    after = state(
        definition("new", "res_id=agent", type_="agent", values={"id": "eu"}),
        definition("user", type_="k8s-cluster", secrets=AGENT_URL, name="changed"),
    )
    found = plan(after, state(*before), owning(*before))
    assert lines(found) == ["delete Definition/old", "create Definition/new", "update Definition/user"]


def test_keys_that_the_policy_keeps_hold_their_agent() -> None:
    live = [agent("eu"), agent_key("eu", "aa"), definition("keep")]
    policy = Policy(kinds={"Key": KindPolicy(prune=Prune.NEVER)})
    found = plan(state(definition("keep")), state(*live), owning(*live), policy=policy)
    assert refused(found) == [("last-key", 1), ("cascade", 1)]


@pytest.mark.parametrize("pattern", ["Key/*", "Key/eu/abababababab", "Key/eu/" + "ab" * 32])
def test_protected_keys_hold_their_agent(pattern: str) -> None:
    live = [agent("eu"), agent_key("eu", "ab" * 32), definition("keep")]
    found = plan(state(definition("keep")), state(*live), owning(*live), safety=Safety(protect=(pattern,)))
    assert refused(found) == [("last-key", 1), ("protected", 1)]


def test_selecting_a_key_never_deletes_its_agent() -> None:
    live = [agent("eu"), agent_key("eu", "aa")]
    found = plan(state(), state(*live), owning(*live), only=frozenset({live[1].key}))
    assert lines(found) == []


def test_selecting_a_replacement_selects_both_halves_and_its_rules() -> None:
    before = [runner("a"), rule("*/dev", "a")]
    after = state(runner("a", type_="kubernetes-gke"), rule("*/dev", "a"))
    found = plan(after, state(*before), owning(*before), only=frozenset({before[0].key}))
    assert len(lines(found)) == 4


def test_one_approval_counts_everything_a_guard_refuses() -> None:
    things = [definition(f"d{i}") for i in range(20)] + [runner(f"r{i}") for i in range(20)]
    arguments = (
        state(definition("keep")),
        state(*things, definition("keep")),
        owning(*things, definition("keep")),
    )
    assert refused(plan(*arguments)) == [("deletes", 40)]
    digest = plan(*arguments).refusals[0].digest
    assert refused(plan(*arguments, approvals=frozenset({f"deletes=20:{digest}"}))) == [("deletes", 40)]
    assert not refused(plan(*arguments, approvals=frozenset({f"deletes=40:{digest}"})))


def test_an_agent_is_not_a_problem_while_keys_could_not_be_read() -> None:
    live = state(complete=frozenset(Kind) - {Kind.KEY})
    assert not plan(state(agent("eu"), agent_key("eu", "aa")), live).problems


def test_changed_state_storage_is_refused() -> None:
    found = plan(state(runner("a", bucket="new")), state(runner("a")), owning(runner("a")))
    assert refused(found) == [("state-storage", 1)]


def test_an_empty_tree_never_empties_an_organization() -> None:
    found = plan(state(), state(definition("a")), owning(definition("a")))
    assert refused(found) == [("empty-tree", 1)]


@pytest.mark.parametrize(("deleted", "is_refused"), [(5, False), (6, True)])
def test_too_many_deletes_are_refused(deleted: int, is_refused: bool) -> None:  # noqa: FBT001  a table's column
    all_of_them = [definition(f"d{i}") for i in range(20)]
    found = plan(state(*all_of_them[deleted:]), state(*all_of_them), owning(*all_of_them))
    assert refused(found) == ([("deletes", deleted)] if is_refused else [])
    if is_refused:
        assert found.refusals[0].approval == f"--accept deletes=6:{found.refusals[0].digest}"


def test_an_approval_by_number_is_for_these_objects_only() -> None:
    """Six other deletes are not what was shown."""
    all_of_them = [definition(f"d{i}") for i in range(20)]
    arguments = (state(*all_of_them[6:]), state(*all_of_them), owning(*all_of_them))
    others = (state(*all_of_them[:14]), state(*all_of_them), owning(*all_of_them))
    digest, other = plan(*arguments).refusals[0].digest, plan(*others).refusals[0].digest
    assert refused(plan(*arguments, approvals=frozenset({f"deletes=7:{digest}"})))
    assert refused(plan(*arguments, approvals=frozenset({f"deletes=6:{other}"})))
    approved = plan(*arguments, approvals=frozenset({f"deletes=6:{digest}"}))
    assert not approved.refusals
    assert not approved.held
    assert [accepted.refusal.guard for accepted in approved.accepted] == ["deletes"]


def test_too_many_deletes_hold_only_themselves_and_what_depends_on_them() -> None:
    old = [definition(f"d{i}", f"app_id=a{i}") for i in range(8)]
    heir, other = definition("heir", "app_id=a0"), definition("other", "app_id=z")
    found = plan(state(heir, other), state(*old), owning(*old))
    assert refused(found) == [("deletes", 8)]
    assert [f"{action.verb} {action.key}" for action in found.allowed] == ["create Definition/other"]
    assert found.held[Verb.CREATE, heir.key].guard == "deletes"


def test_the_last_key_of_an_agent_is_kept() -> None:
    live = [agent("eu"), agent_key("eu", "aa")]
    found = plan(state(agent("eu")), state(*live), owning(*live))
    assert refused(found) == [("last-key", 1)]


def test_an_unmanaged_key_keeps_the_agent_alive() -> None:
    owned = [agent("eu"), agent_key("eu", "aa")]
    found = plan(state(agent("eu")), state(*owned, agent_key("eu", "bb")), owning(*owned))
    assert lines(found) == ["delete Key/eu/aa"]
    assert not found.refusals


def test_a_key_that_is_not_accepted_keeps_no_agent_alive() -> None:
    owned = [agent("eu"), agent_key("eu", "aa")]
    foreign = replace(agent_key("eu", "cc"), status={"is_authorized": "false"})
    found = plan(state(agent("eu")), state(*owned, foreign), owning(*owned))
    assert refused(found) == [("last-key", 1)]


def test_protected_objects_are_kept() -> None:
    found = plan(
        state(definition("b")),
        state(definition("a"), definition("b")),
        owning(definition("a"), definition("b")),
        safety=Safety(protect=("Definition/a*",)),
    )
    assert refused(found) == [("protected", 1)]


@pytest.mark.parametrize(
    ("holder", "taken"),
    [(agent("eu"), agent_key("eu", "ff")), (runner("r"), rule("*/prod", "r"))],
    ids=["key of an agent", "rule of a runner"],
)
def test_a_delete_that_would_also_delete_unmanaged_objects_is_refused(holder: object, taken: object) -> None:
    keep = definition("keep")
    found = plan(state(keep), state(keep, holder, taken), owning(keep, holder))  # type: ignore[arg-type]
    assert ("cascade", 1) in refused(found)
    assert not found.allowed


def test_contested_objects_are_left_alone_until_approved() -> None:
    mine, theirs = definition("a", name="mine"), definition("a", name="theirs")
    found = plan(state(mine), state(theirs))
    assert not found.actions
    assert [change.key.id for change in found.contested] == ["a"]
    approved = plan(state(mine), state(theirs), approvals=frozenset({"contested=Definition/a"}))
    assert lines(approved) == ["update Definition/a"]
    assert not approved.contested


def test_built_in_definitions_are_never_taken_over() -> None:
    mine, theirs = definition("a", name="mine"), definition("a", is_built_in=True)
    found = plan(state(mine), state(theirs), approvals=frozenset({"contested=Definition/a"}))
    assert not found.actions
    assert [problem.rule for problem in found.problems] == [BUILT_IN]


def test_an_agent_without_a_key_cannot_be_created() -> None:
    found = plan(state(agent("eu")), state())
    assert [(p.rule, p.severity) for p in found.problems] == [(AGENT_WITHOUT_KEY, Severity.ERROR)]


def test_a_key_of_an_agent_that_does_not_exist_is_reported_before_anything_is_sent() -> None:
    found = plan(state(agent_key("eu", "aa")), state())
    assert [problem.rule for problem in found.problems] == [KEY_WITHOUT_AGENT]
    assert not plan(state(agent_key("eu", "aa")), state(agent("eu"))).problems


@pytest.mark.parametrize("is_built_in", [True, False])
def test_a_criterion_held_elsewhere_is_reported_before_anything_is_sent(is_built_in: bool) -> None:  # noqa: FBT001
    other = definition("default-s3", "", is_built_in=is_built_in)
    found = plan(state(definition("mine", "")), state(other))
    assert [problem.rule for problem in found.problems] == [CRITERION_TAKEN]


def test_a_policy_may_report_drift_and_never_prune() -> None:
    policy = Policy(default=KindPolicy(prune=Prune.NEVER, drift=Drift.REPORT))
    a, drifted, gone = definition("a"), definition("a", name="drifted"), definition("gone")
    found = plan(state(a), state(drifted, gone), owning(a, gone), policy=policy)
    assert not found.actions
    assert [change.key.id for change in found.drift_reported] == ["a"]
    assert [change.key.id for change in found.kept] == ["gone"]


def test_a_changed_file_is_applied_even_if_drift_is_only_reported() -> None:
    policy = Policy(default=KindPolicy(drift=Drift.REPORT))
    found = plan(
        state(definition("a", name="new")), state(definition("a")), owning(definition("a")), policy=policy
    )
    assert lines(found) == ["update Definition/a"]


def test_a_selection_includes_what_it_requires() -> None:
    cluster = definition("cluster", type_="k8s-cluster", secrets=AGENT_URL)
    link = definition("link", "res_id=agent", type_="agent", values={"id": "eu"})
    desired = state(cluster, link, agent("eu"), agent_key("eu", "aa"), definition("other"))
    found = plan(desired, state(), only=frozenset({cluster.key}))
    assert lines(found) == ["create Agent/eu", "create Definition/link", "create Definition/cluster"]


def test_input_order_does_not_matter() -> None:
    resources = [agent("eu"), agent_key("eu", "aa"), definition("a", "app_id=x"), definition("b", "app_id=y")]
    live = [definition("c", "app_id=x"), definition("d", "app_id=z")]
    plans = {
        tuple(lines(plan(state(*desired), state(*reversed(live)), owning(*live))))
        for desired in itertools.permutations(resources)
    }
    assert len(plans) == 1


def test_a_cycle_names_the_actions_in_it() -> None:
    found = plan(state(definition("a"), definition("b")), state())
    first, second = (action.id for action in found.actions)
    with pytest.raises(CycleError, match="create Definition/a, create Definition/b"):
        connect(found.actions, [(first, second), (second, first)])


def test_what_cannot_be_put_in_order_is_a_problem_and_not_a_crash() -> None:
    """Two agents that swap their only keys: each needs its new key before the old one is withdrawn."""
    before = [agent("a"), agent_key("a", "11"), agent("b"), agent_key("b", "22")]
    after = state(agent("a"), agent_key("a", "22"), agent("b"), agent_key("b", "11"))
    found = plan(after, state(*before), owning(*before))
    assert {problem.rule for problem in found.problems} == {CYCLE}
    assert len(found.actions) == 4
    assert not found.allowed


def test_every_guard_has_a_description() -> None:
    assert list(GUARDS) == [
        "empty-tree", "unread-file", "deletes", "last-key", "protected", "drifted", "cascade", "replace",
        "state-storage", "runner-key", "primary-store", "default-store", "store-in-use", "in-use", "uninstall",
        "custom-resources", "older-commit", "contested",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "owned", "allowed"), [("10%", 39, 3), ("5", 1000, 5), ("10% or 5", 1000, 100), ("0%", 10, 0)]
)
def test_the_limit_of_deletes(limit: str, owned: int, allowed: int) -> None:
    assert allowed_deletes(limit, owned) == allowed


def test_refused_actions_remain_visible() -> None:
    found = plan(state(), state(definition("a")), owning(definition("a")))
    assert lines(found) == ["delete Definition/a"]
    assert found.has_changes


def test_adopting_writes_only_the_record() -> None:
    found = plan(state(definition("a")), state(definition("a")))
    assert [(action.verb, action.writes_orchestrator) for action in found.actions] == [(Verb.ADOPT, False)]


def test_kinds_of_failed_lists_are_not_planned() -> None:
    live = state(complete=frozenset(Kind) - {Kind.DEFINITION})
    found = plan(state(definition("a")), live, owning(definition("b")))
    assert not found.actions
