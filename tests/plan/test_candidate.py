"""Which actions a change asks for, by the group it falls into."""

import pytest

from reconciler.diff.compare import compare
from reconciler.model.identity import ResourceKey
from reconciler.model.record import Inventory, Phase
from reconciler.model.state import Resource
from reconciler.plan.action import Action
from reconciler.plan.candidate import Leave, candidates
from tests.building import agent, agent_key, definition, owning, rule, runner, state

NONE = owning()
A, CHANGED, OTHER_TYPE = definition("a"), definition("a", name="new"), definition("a", type_="dns")
EU, FIRST, SECOND = agent("eu"), agent_key("eu", "aa"), agent_key("eu", "bb")
JOBS, RULE = runner("jobs"), rule("*/dev", "jobs")


def asked(
    desired: list[Resource], live: list[Resource], inventory: Inventory, leave: Leave = Leave()  # noqa: B008  frozen
) -> list[Action]:  # fmt: skip
    return candidates(compare(state(*desired), state(*live), inventory), leave)


def lines(actions: list[Action]) -> list[str]:
    return sorted(
        f"{action.verb} {action.key}" + "".join(f" with {one.key}" for one in action.carried)
        for action in actions
    )


@pytest.mark.parametrize(
    ("desired", "live", "inventory", "expected"),
    [
        pytest.param([], [], NONE, [], id="nothing"),
        pytest.param([A], [], NONE, ["create Definition/a"], id="new"),
        pytest.param([A], [A], owning(A), [], id="unchanged"),
        pytest.param([CHANGED], [A], owning(A), ["update Definition/a"], id="changed"),
        pytest.param(
            [OTHER_TYPE], [A], owning(A), ["create Definition/a", "delete Definition/a"], id="replaced"
        ),
        pytest.param([], [A], owning(A), ["delete Definition/a"], id="pruned"),
        pytest.param([], [A], NONE, [], id="not ours"),
        pytest.param([], [], owning(A), ["forget Definition/a"], id="gone on both sides"),
        pytest.param([A], [A], NONE, ["adopt Definition/a"], id="equal and of nobody"),
        pytest.param([CHANGED], [A], NONE, [], id="different and of nobody"),
        pytest.param(
            [A], [A], owning(A, phase=Phase.PENDING), ["adopt Definition/a"], id="created by an apply that was killed"
        ),
        pytest.param(
            [definition("a", "app_id=x", name="new")], [definition("a", "env_type=dev")],
            owning(definition("a", "env_type=dev")),
            ["create Criterion/a[app_id=x]", "delete Criterion/a[env_type=dev]", "update Definition/a"],
            id="fields and criteria each by itself",
        ),
        pytest.param(
            [definition("a", manages_criteria=False)], [definition("a", "env_type=dev")], owning(A), [],
            id="criteria that the files do not manage",
        ),
        pytest.param(
            [EU, FIRST, SECOND], [], NONE, ["create Agent/eu with Key/eu/aa", "create Key/eu/bb"],
            id="an agent comes with its lowest key",
        ),
        pytest.param([EU], [], NONE, ["create Agent/eu"], id="an agent without a key"),
        pytest.param([FIRST], [EU], owning(EU), ["create Key/eu/aa", "delete Agent/eu"], id="a key whose agent goes"),
        pytest.param(
            [], [EU, FIRST, SECOND], owning(EU, FIRST, SECOND),
            ["delete Agent/eu with Key/eu/aa with Key/eu/bb"], id="keys go with their agent",
        ),
        pytest.param(
            [], [EU, FIRST, SECOND], owning(EU, FIRST), ["delete Agent/eu with Key/eu/aa"],
            id="only owned keys are deleted with it",
        ),
        pytest.param([EU], [EU, FIRST], owning(EU, FIRST), ["delete Key/eu/aa"], id="a key alone"),
        pytest.param(
            [JOBS, rule("*/dev", "jobs")], [JOBS, rule("*/dev", "old")], owning(JOBS, rule("*/dev", "old")),
            ["create RunnerRule/*/dev", "delete RunnerRule/*/dev"], id="a rule has no update",
        ),
        pytest.param(
            [runner("jobs", type_="kubernetes-gke"), RULE], [JOBS, RULE], owning(JOBS, RULE),
            ["create Runner/jobs", "create RunnerRule/*/dev", "delete Runner/jobs", "delete RunnerRule/*/dev"],
            id="an unchanged rule goes and comes back with its runner",
        ),
    ],
)  # fmt: skip
def test_what_a_change_asks_for(
    desired: list[Resource], live: list[Resource], inventory: Inventory, expected: list[str]
) -> None:
    assert lines(asked(desired, live, inventory)) == expected


def alone(*keys: ResourceKey) -> Leave:
    return Leave(alone=frozenset(keys))


def test_what_is_left_alone_gets_no_action_and_takes_no_part_in_others() -> None:
    assert asked([A], [], NONE, alone(A.key)) == []
    assert lines(asked([EU, FIRST, SECOND], [], NONE, alone(FIRST.key))) == ["create Agent/eu with Key/eu/bb"]
    owned = owning(EU, FIRST, SECOND)
    kept = asked([], [EU, FIRST, SECOND], owned, alone(FIRST.key))
    assert lines(kept) == ["delete Agent/eu with Key/eu/bb"]
    gke = runner("jobs", type_="kubernetes-gke")
    assert asked([gke, RULE], [JOBS, RULE], owning(JOBS, RULE), alone(JOBS.key)) == []


def test_what_is_taken_over_is_updated_or_only_recorded() -> None:
    over = Leave(taken_over=frozenset({A.key}))
    assert lines(asked([CHANGED], [A], NONE, over)) == ["update Definition/a"]
    assert lines(asked([OTHER_TYPE], [A], NONE, over)) == ["create Definition/a", "delete Definition/a"]
    with_criterion = asked([definition("a", "app_id=x")], [A], NONE, over)
    assert lines(with_criterion) == ["adopt Definition/a", "create Criterion/a[app_id=x]"]


def test_actions_say_why() -> None:
    drifted = asked([A], [CHANGED], owning(A))
    assert [action.reason for action in drifted] == ["drift"]
    assert [action.reason for action in asked([CHANGED], [A], owning(A))] == [""]
    assert [action.reason for action in asked([], [A], owning(A))] == ["no longer declared"]
    assert {action.reason for action in asked([OTHER_TYPE], [A], owning(A))} == {"replaced"}
