"""How many requests a look at a cluster takes: lists for each kind, and single reads only where there is no list."""

from pathlib import Path
from uuid import uuid4

import pytest

from reconciler.passes.result import PassResult
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.world import World

pytestmark = pytest.mark.xdist_group("control_plane")

FEW, MANY = 2, 11
"""Below and above the number of objects that are read at the same time."""


@pytest.fixture
def world(control_plane: ControlPlane, tmp_path: Path) -> World:
    kubeconfig = control_plane.kubeconfig(tmp_path / "kubeconfig", ADMIN)
    name = f"reads-{uuid4().hex[:10]}"
    return World.make(tmp_path, clusters={"eu-1": {"kubeconfig": {"path": str(kubeconfig)}}}, instance=name)


def declare(world: World, count: int, *, is_apart: bool = True) -> None:
    name = world.settings.instance
    for number in range(count):
        namespace = f"{name}-{number}" if is_apart else f"{name}-shared"
        world.write(
            f"{number:02}.yaml",
            f"apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: a-{number}}}\n"
            f"spec:\n  description: an agent\n  install: {{cluster: eu-1, namespace: {namespace}, "
            f"privateKey: {{secretName: key-{number}}}}}\n",
        )


def requests(result: PassResult) -> int:
    assert not result.errors, result.errors
    return result.requests["KUBERNETES"]


@pytest.mark.parametrize("count", [FEW, MANY])
def test_before_a_first_apply_only_the_namespaces_are_asked_for(world: World, count: int) -> None:
    """In one that does not exist there is nothing, neither objects nor Secrets."""
    declare(world, 1)
    of_lists = requests(world.plan()) - 1
    declare(world, count)
    assert requests(world.plan()) == of_lists + count


def test_a_namespace_of_several_is_asked_for_once(world: World) -> None:
    declare(world, 1, is_apart=False)
    of_one = requests(world.plan())
    declare(world, MANY, is_apart=False)
    assert requests(world.plan()) == of_one


@pytest.mark.parametrize("count", [FEW, MANY])
def test_only_secrets_and_what_no_list_shows_take_a_request_each(world: World, count: int) -> None:
    """A Secret is read alone: listing them would need the right to read all of a namespace."""
    declare(world, 1)
    of_lists = requests(world.plan()) - 1
    declare(world, count)
    world.apply()
    deployments, secrets = count, count
    assert requests(world.plan()) == of_lists + deployments + secrets
