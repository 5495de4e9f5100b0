"""An optional member that was applied and then removed from the file is a change; a server default is not."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.passes.result import Verdict
from tests.scenarios.test_ownership import by_hand
from tests.scenarios.world import (
    World,
    actions,
    agent_public_key,
    definition_yaml,
    key_yaml,
    the_plan,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def reference(**members: str) -> str:
    given = ", ".join(
        f'{name}: "{value}"' for name, value in {"store": "external", "ref": "db/pw", **members}.items()
    )
    return definition_yaml("orders", inputs=f"{{secret_refs: {{password: {{{given}}}}}}}")


def live_reference(world: World) -> dict[str, str]:
    answer = by_hand(world, "GET", "/resources/defs/orders").json()
    found: dict[str, str] = answer["driver_inputs"]["secret_refs"]["password"]
    return found


def test_a_version_removed_from_the_file_is_removed_from_the_reference(world: World) -> None:
    world.write("db.yaml", reference(version="3"))
    world.apply()
    world.write("db.yaml", reference())
    (action,) = the_plan(world.plan()).actions
    assert not action.subject.is_drift
    (field,) = action.subject.fields
    assert (field.before, field.after) == ("external:db/pw@3", "external:db/pw")
    world.apply()
    assert live_reference(world) == {"store": "external", "ref": "db/pw"}
    assert world.plan().verdict is Verdict.EMPTY


def test_a_version_that_was_never_applied_is_not_a_difference(world: World) -> None:
    world.write("db.yaml", reference())
    world.apply()
    pinned = {"store": "external", "ref": "db/pw", "version": "7"}
    by_hand(world, "PUT", "/resources/defs/orders", body_with(pinned))
    assert world.plan().verdict is Verdict.EMPTY
    assert live_reference(world)["version"] == "7"


def test_a_version_of_an_adopted_object_is_not_removed(world: World) -> None:
    by_hand(
        world,
        "POST",
        "/resources/defs",
        {"id": "orders", **body_with({"store": "external", "ref": "db/pw", "version": "7"}), "type": "s3"},
    )
    world.write("db.yaml", reference())
    assert actions(world.apply()) == ["adopt Definition/orders"]
    assert world.plan().verdict is Verdict.EMPTY
    world.write("db.yaml", reference(version="7"))
    world.apply()
    world.write("db.yaml", reference())
    assert actions(world.plan()) == ["update Definition/orders"]


def test_a_version_removed_by_hand_and_from_the_file_is_not_a_difference(world: World) -> None:
    world.write("db.yaml", reference(version="3"))
    world.apply()
    by_hand(world, "PUT", "/resources/defs/orders", body_with({"store": "external", "ref": "db/pw"}))
    world.write("db.yaml", reference())
    assert world.plan().verdict is Verdict.EMPTY
    world.apply()
    by_hand(
        world,
        "PUT",
        "/resources/defs/orders",
        body_with({"store": "external", "ref": "db/pw", "version": "9"}),
    )
    assert world.plan().verdict is Verdict.EMPTY


def body_with(password: dict[str, str]) -> dict[str, Any]:
    return {
        "name": "orders",
        "driver_type": "humanitec/echo",
        "driver_inputs": {"secret_refs": {"password": password}},
        "provision": {},
    }


DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: orders}
entity:
  name: orders
  type: s3
  driver_type: humanitec/echo
"""
RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: jobs}
spec:
  runner_configuration: {type: TYPE}
  state_storage_configuration: {STORAGE}
"""
GOOGLE = (
    "{gcp_audience: //iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x,"
    " gcp_service_account: a@p1.iam.gserviceaccount.com}"
)


def runner(*, job: str = "", cluster: str = "", storage: str = "type: kubernetes, namespace: jobs") -> str:
    configuration = (
        f"type: kubernetes-gke, job: {{namespace: jobs, service_account: job{job}}},"
        f" cluster: {{name: c, project_id: p1, location: europe-west1, auth: {GOOGLE}{cluster}}}"
    )
    return RUNNER.replace("type: TYPE", configuration).replace("STORAGE", storage)


ONE = "a: {store: external, ref: x}"
TWO = f"{ONE}, b: {{store: external, ref: left-out}}"
PREFIX = "type: gcs, bucket: state"


@pytest.mark.parametrize(
    ("with_it", "without"),
    [
        pytest.param(DEFINITION + "  driver_inputs: {values: {a: left-out}}\n", DEFINITION, id="values"),
        pytest.param(
            DEFINITION + "  driver_inputs: {values: {a: 1, b: {left-out: 2}}}\n",
            DEFINITION + "  driver_inputs: {values: {a: 1}}\n",
            id="one value",
        ),
        pytest.param(DEFINITION + "  provision: {dns.left-out: {}}\n", DEFINITION, id="provision"),
        pytest.param(
            DEFINITION + "  provision: {dns: {params: {left-out: x}}}\n",
            DEFINITION + "  provision: {dns: {}}\n",
            id="option of a provision",
        ),
        pytest.param(
            DEFINITION + f"  driver_inputs: {{secret_refs: {{{TWO}}}}}\n",
            DEFINITION + f"  driver_inputs: {{secret_refs: {{{ONE}}}}}\n",
            id="one secret reference",
        ),
        pytest.param(
            DEFINITION + f"  driver_inputs: {{secret_refs: {{{TWO}}}}}\n",
            DEFINITION,
            id="all secret references",
        ),
        pytest.param(
            runner(job=", pod_template: {metadata: {labels: {left-out: b}}}"), runner(), id="pod template"
        ),
        pytest.param(
            runner(cluster=", proxy_url: 'https://left-out.test'"), runner(), id="proxy of a cluster"
        ),
        pytest.param(
            runner(storage=f"{PREFIX}, path_prefix: left-out"),
            runner(storage=PREFIX),
            id="prefix of state storage",
        ),
        pytest.param(runner().replace("spec:", "spec:\n  description: left-out"), runner(), id="description"),
    ],
)
def test_every_other_optional_member_removed_from_the_file_is_removed_from_the_orchestrator(
    world: World, with_it: str, without: str
) -> None:
    world.write("a.yaml", with_it)
    world.apply()
    assert "left-out" in repr(world.live())
    assert actions(world.plan()) == []
    world.write("a.yaml", without)
    assert len(actions(world.plan())) == 1
    world.apply("state-storage=*/*")
    assert "left-out" not in repr(world.live())
    assert actions(world.plan()) == []


def test_a_description_of_an_agent_removed_from_the_file_is_removed_from_the_orchestrator(
    world: World,
) -> None:
    text = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu}\nspec: {description: text}\n"
    world.write("agent.yaml", text)
    world.write("key.yaml", key_yaml("eu-1", "eu", agent_public_key()))
    world.apply()
    world.write("agent.yaml", text.replace("description: text", ""))
    assert actions(world.apply()) == ["update Agent/eu"]
    assert world.plan().verdict is Verdict.EMPTY
