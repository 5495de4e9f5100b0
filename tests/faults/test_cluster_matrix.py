"""Faults at the calls of an API server: whatever happens, the sixteen invariants hold."""

from collections.abc import Callable, Iterator

import pytest

from reconciler.passes.deed import cluster_hand
from tests.control_plane.plane import ControlPlane
from tests.faults.cluster_ground import cluster_ground
from tests.faults.cluster_matrix import CALLS, chosen, whole
from tests.faults.cluster_trial import ClusterTrials
from tests.faults.invariant import broken
from tests.faults.known import parameter
from tests.faults.matrix import Cell
from tests.faults.table import result

pytestmark = pytest.mark.xdist_group("control_plane")


@pytest.fixture(scope="module")
def trials(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterTrials]:
    before = cluster_hand.POLL_S
    try:
        with cluster_ground(cluster, tmp_path_factory.mktemp("cluster-ground")) as ground:
            yield ClusterTrials(ground)
    finally:
        cluster_hand.POLL_S = before


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cell" in metafunc.fixturenames:
        cells = whole() if metafunc.config.getoption("--whole") else chosen()
        metafunc.parametrize("cell", [parameter(cell, cell.fault.name, str(cell.call)) for cell in cells])


@pytest.mark.slow
def test_every_chosen_call_is_one_that_an_apply_sends(trials: ClusterTrials) -> None:
    assert set(CALLS) <= trials.calls


@pytest.mark.slow
def test_all_invariants_hold_on_a_cluster(
    trials: ClusterTrials, cell: Cell, record_property: Callable[[str, object], None]
) -> None:
    found = broken(trials.evidence(cell.fault, cell.call))
    record_property("trial", result("Kubernetes", cell.fault.name, str(cell.call), found))
    assert found == {}
