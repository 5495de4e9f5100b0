"""An organization leaves legacy mode step by step, each behind its approval, and goes back."""

from dataclasses import dataclass

import pytest

from reconciler.errors import ExitCode
from reconciler.passes.result import PassResult
from reconciler.plan.refusal import Refusal
from reconciler.procedure.store_switch import Phase, store_switch
from tests.scenarios.operators import API
from tests.scenarios.test_delivery import tools
from tests.scenarios.test_installation_cluster import every_view, messages
from tests.scenarios.test_modes import report
from tests.scenarios.test_operator_cluster import SECRET, Operated, chart, operated, pair
from tests.scenarios.test_secret_stores import by_hand, primary
from tests.scenarios.world import STORE, definition_yaml, the_plan

pytestmark = pytest.mark.xdist_group("control_plane")
__all__ = ["chart", "operated", "pair", "tools"]

ACCEPTED = "primary-store=SecretStore/platform"
PASSWORD = "made-up-password"
CLUSTER = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: eu-1}
entity:
  name: eu-1
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-eks
  driver_inputs: {values: {name: a, region: b}}
  criteria: [{env_type: production}]
"""


@dataclass
class Legacy:
    """An organization in legacy mode with a cluster definition, and a database whose password is built in."""

    operated: Operated

    def __post_init__(self) -> None:
        world = self.operated.world
        world.remove("operator.yaml")
        world.remove("key.yaml")
        world.environment.update(KEY_ID="id", KEY="key", PASSWORD=PASSWORD)
        by_hand(world, "DELETE", f"/secretstores/{STORE}")
        world.write("eu-1.yaml", CLUSTER)
        self.database("{secrets: {password: !env PASSWORD}}")
        first = world.apply()
        assert first.exit_code() is ExitCode.DONE, (first.errors, messages(first))
        assert primary(world) == ["humanitec"]

    def database(self, inputs: str) -> None:
        self.operated.world.write("db.yaml", definition_yaml("orders", inputs=inputs))

    def store(self, *, is_primary: bool) -> None:
        self.operated.world.write(
            "store.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {id: platform}\n"
            "spec:\n  awssm: {region: eu-central-1}\n"
            f"  orchestrator: {{primary: {str(is_primary).lower()}, "
            "auth: {access_key_id: !env KEY_ID, secret_access_key: !env KEY}}\n"
            f"  clusters: [{{cluster: eu-1, namespace: {self.operated.namespace}, default: true}}]\n",
        )

    def refusal(self) -> Refusal:
        (found,) = [
            one for one in the_plan(self.operated.world.plan()).refusals if one.guard == "primary-store"
        ]
        return found

    def phase(self) -> Phase:
        """As `modes` derives it."""
        (found,) = report(self.operated.world).switches.values()
        return store_switch(found).phase

    def apply(self, *accepted: str) -> PassResult:
        result = self.operated.world.apply(*accepted)
        for view in every_view(result):
            assert PASSWORD not in view
        return result


@pytest.fixture
def legacy(operated: Operated) -> Legacy:
    return Legacy(operated)


@pytest.mark.usefixtures("tools")
def test_from_legacy_to_direct_and_back(legacy: Legacy) -> None:
    operated, world = legacy.operated, legacy.operated.world
    # Nothing is there: nobody knows of an Operator.
    legacy.store(is_primary=True)
    refusal = legacy.refusal()
    assert "Not known: cluster eu-1: whether it has an Operator is not known" in refusal.message
    assert "1 thing stops working (orders)" in refusal.message

    # The store is registered; that needs no approval.
    legacy.store(is_primary=False)
    legacy.apply()
    assert by_hand(world, "GET", "/secretstores/platform").status_code == 200
    assert primary(world) == ["humanitec"]

    # The key.
    legacy.store(is_primary=True)
    operated.declare()
    operated.declare_key()
    assert "Next: the key for drivers is in its Secret and registered" in legacy.refusal().message
    assert legacy.apply().exit_code() is ExitCode.PARTIAL
    assert primary(world) == ["humanitec"]
    assert f"cluster eu-1: Secret {operated.namespace}/{SECRET} does not exist" in legacy.refusal().message
    operated.hand_in_key()

    # The chart.
    refusal = legacy.refusal()
    assert "Next: the Operator works" in refusal.message
    assert legacy.phase() is Phase.CHART
    assert "missing: cluster eu-1: it does not have secretstores.humanitec.io" in refusal.message
    legacy.apply()
    operated.chart.kinds()
    operated.chart.controller(operated.namespace)
    operated.report_ready()

    # The custom resource.
    refusal = legacy.refusal()
    assert "Next: the store is a custom resource on every cluster" in refusal.message
    legacy.apply()
    assert operated.plane.client.get(
        f"{API}/namespaces/{operated.namespace}/secretstores/platform"
    ).is_success

    # The primary store: nothing is missing, and what stops working is still named.
    refusal = legacy.refusal()
    assert "Next:" not in refusal.message
    assert "Not known" not in refusal.message
    assert legacy.phase() is Phase.PRIMARY
    assert "1 thing stops working (orders)" in refusal.message
    assert (
        "2 things may stop working (default-humanitec-base-env, default-humanitec-namespace)"
        in refusal.message
    )
    stops, *_, shared = refusal.details
    assert stops.startswith(
        "stops working: orders: `password` has its secret in the built-in store (db.yaml:"
    )
    assert shared.startswith("not looked at: secret shared values of applications")
    legacy.database("{secret_refs: {password: {store: platform, ref: db/password}}}")
    assert "stops working" not in legacy.refusal().message
    assert "orders" not in legacy.refusal().message
    assert legacy.apply().exit_code() is ExitCode.REFUSED
    assert primary(world) == ["humanitec"]
    done = legacy.apply(ACCEPTED)
    assert done.exit_code() is ExitCode.DONE, messages(done)
    assert primary(world) == ["platform"]

    _goes_back(legacy)


def _goes_back(legacy: Legacy) -> None:
    """Back: a reference that nothing would resolve is an error; then the same guard asks."""
    world = legacy.operated.world
    legacy.store(is_primary=False)
    assert {finding.rule for finding in world.plan().errors} == {"R80"}
    legacy.database("{secrets: {password: !env PASSWORD}}")
    refusal = legacy.refusal()
    assert "from direct to legacy: 1 cluster definition. 1 thing stops working (orders)" in refusal.message
    (stops,) = refusal.details
    assert stops.startswith("stops working: orders: `password` has its secret in another store (db.yaml:")
    legacy.apply()
    assert primary(world) == ["platform"]
    legacy.apply(ACCEPTED)
    assert primary(world) == ["humanitec"]
