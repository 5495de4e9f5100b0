"""`modes`: before and after, what a switch waits for and stops; what was not read never looks fine."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.orchestrator.client import Access
from reconciler.passes.modes import mode_report
from reconciler.plan.selection import Selection
from reconciler.procedure.store_switch import ModeReport
from reconciler.views import modes_json, modes_text
from tests.scenarios.test_secret_stores import CLUSTER, by_hand, primary
from tests.scenarios.world import STORE, World, definition_yaml, store_yaml

GIT = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: shop}
entity:
  name: shop
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-git
  driver_inputs: {values: {url: 'https://git.test/acme/shop.git', path: shop}}
  criteria: [{env_type: shop}]
"""


def report(world: World) -> ModeReport:
    return mode_report(world.settings, world.adapters(Access.READ_ONLY), Selection())


def shown(found: ModeReport) -> tuple[str, Any]:
    return modes_text.render(found, width=120, color=False), json.loads(modes_json.render(found))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """In legacy mode, with a cluster definition whose cluster has no Operator."""
    made = World.make(tmp_path, clusters={"shop": {"operator": False}})
    by_hand(made, "DELETE", f"/secretstores/{STORE}")
    made.write("shop.yaml", CLUSTER.format(id="shop"))
    made.apply()
    assert primary(made) == ["humanitec"]
    return made


def test_without_a_switch_modes_are_shown_as_they_are(world: World) -> None:
    found = report(world)
    text, document = shown(found)
    assert found.exit_code is ExitCode.DONE
    assert "shop: legacy on cluster shop (shop.yaml:5:3)" in text
    assert text.endswith("The files switch no organization to another mode\n")
    (target,) = document["targets"]
    assert (target["phase"], target["isReady"], target["stops"]) == ("none", False, [])
    assert target["primaryStore"] == {"before": "humanitec", "after": "humanitec"}


def test_a_switch_shows_what_it_waits_for_and_all_that_stops(world: World) -> None:
    world.environment["PASSWORD"] = "a-canary"
    for index in range(5):
        world.write(
            f"db-{index}.yaml", definition_yaml(f"db-{index}", inputs="{secrets: {p: !env PASSWORD}}")
        )
    world.apply()
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    before = world.live()
    found = report(world)
    text, document = shown(found)
    assert world.live() == before
    assert found.exit_code is ExitCode.UNREADABLE  # nobody says how to reach the cluster
    assert "shop: legacy -> direct on cluster shop" in text
    assert "next: the store is registered" in text
    assert "missing: cluster shop: it has no Operator" in text
    assert all(f"stops working: db-{index}: `p` has its secret" in text for index in range(5))
    assert "not looked at: secret shared values of applications" in text
    assert "1 organization of 1 would change the mode" in text
    (target,) = document["targets"]
    assert [one["definition"] for one in target["stops"] if one["isSure"]] == [f"db-{i}" for i in range(5)]
    assert {one["step"]: one["isRead"] for one in target["waits"]} == {
        "register": True,
        "chart": True,
        "custom resource": False,
    }
    assert "a-canary" not in text + json.dumps(document)


def test_a_git_target_moves_under_the_same_store(world: World) -> None:
    world.write("shop.yaml", GIT)
    text, _ = shown(report(world))
    assert "shop: legacy -> gitops on cluster shop" in text
    assert "next: the Operator works" in text
    assert "custom resource" not in text


def fails(world: World, path: str) -> None:
    rule = FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, verb="GET", path=path, count=None)
    world.emulator.faults.add(rule)


def test_an_unread_primary_store_leaves_everything_open(world: World) -> None:
    fails(world, "/secretstores$")
    text, _ = shown(report(world))
    assert "primary secret store: unknown\n" in text
    assert "shop: unknown on cluster shop" in text
    assert "secret stores in acme: GET /orgs/acme/secretstores: 503" in text
    assert text.endswith(
        "Whether the files switch an organization to another mode is not known; not everything is known\n"
    )
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    found = report(world)
    text, document = shown(found)
    assert found.exit_code is ExitCode.UNREADABLE
    assert "primary secret store: unknown -> platform\n" in text
    assert "not known: secret stores of organization acme were not read" in text
    assert text.endswith("1 organization of 1 may change the mode; not everything is known\n")
    (target,) = document["targets"]
    assert (target["primaryStore"]["before"], target["isReady"]) == (None, False)


def test_unread_definitions_leave_open_what_stops(world: World) -> None:
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    fails(world, "/resources/defs$")
    found = report(world)
    text, _ = shown(found)
    assert found.exit_code is ExitCode.UNREADABLE
    assert "shop: unknown -> direct on cluster shop" in text
    assert "Definition in acme: GET /orgs/acme/resources/defs: 503" in text
    assert text.endswith("; not everything is known\n")


def test_an_organization_that_cannot_be_read_is_named(world: World) -> None:
    world.between = lambda _: Down()
    found = report(world)
    text, document = shown(found)
    assert found.exit_code is ExitCode.UNREADABLE
    assert "shop: unknown" in text or "acme was not read" in text
    assert "not known" in text.splitlines()[-1]
    assert not any(target["isReady"] for target in document["targets"])


class Down(httpx.BaseTransport):
    """A server that cannot be reached."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)


def test_errors_of_the_files_do_not_hide_what_stops(world: World) -> None:
    """Going back with references is refused by R80: these are what is to be shown."""
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    inputs = "{secret_refs: {p: {store: platform, ref: x}}}"
    world.write("orders.yaml", definition_yaml("orders", inputs=inputs))
    world.apply("primary-store=SecretStore/platform")
    assert primary(world) == ["platform"]
    world.write("store.yaml", store_yaml("platform"))
    assert "R80" in {finding.rule for finding in world.plan().errors}
    found = report(world)
    text, _ = shown(found)
    assert "primary secret store: platform -> humanitec" in text
    assert "shop: direct -> legacy on cluster shop" in text
    assert "next: the store becomes primary" in text
    assert "stops working: orders: `driver_inputs.secret_refs.p` is a secret reference" in text
    assert found.exit_code is ExitCode.DONE
