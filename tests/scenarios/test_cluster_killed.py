"""An apply killed at each change of a cluster: the next one ends as one that nobody killed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.facts.rollout import rollout
from reconciler.model.kind import CLUSTER_KINDS, FACTS
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import Verdict
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.kept import Kept, everything_said
from tests.scenarios.test_installation_cluster import Pair, messages
from tests.scenarios.world import Killed, KillSwitch, World, agent_public_key, definition_yaml, key_yaml

KEYS = [agent_public_key(), agent_public_key()]
pytestmark = pytest.mark.xdist_group("control_plane")


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.make()


@pytest.fixture
def make_bare(
    cluster: ControlPlane, tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Kept]:
    """Makes worlds with a cluster, whose namespaces do not exist yet."""
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.05)
    made: list[Kept] = []

    def another() -> Kept:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        kept = Kept.make(cluster, folder, pair, ADMIN, concurrency=1)
        made.append(kept)
        return kept

    return another


@pytest.fixture
def make(make_bare: Callable[[], Kept]) -> Callable[[], Kept]:
    """Makes worlds with a cluster, each in namespaces of its own that belong to others."""

    def another() -> Kept:
        kept = make_bare()
        kept.make_namespaces()
        return kept

    return another


def nothing(kept: Kept) -> None:
    kept.world.write("bucket.yaml", definition_yaml("bucket"))


def installed(kept: Kept) -> None:
    kept.declare()
    kept.declare_runner()


def upgraded(kept: Kept) -> None:
    kept.declare("1.8.5", env="{HTTPS_PROXY: 'http://proxy.test:3128'}")
    kept.declare_runner("1.1.0")


def removed(kept: Kept) -> None:
    kept.remove()


Step = Callable[[Kept], None]
WAYS = ((nothing, installed), (installed, upgraded), (installed, removed))


@pytest.mark.slow
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.whole), 5])
@pytest.mark.parametrize(("before", "after"), WAYS, ids=["install", "upgrade", "uninstall"])
def test_after_a_kill_at_a_change_of_a_cluster_the_next_apply_reaches_the_same_end(
    make: Callable[[], Kept], before: Step, after: Step, every: int
) -> None:
    reference, switch = begun(make(), before, after), AtCluster(0)
    apply(reference, switch)
    wanted = everything(reference)
    assert switch.count >= 3
    for at in range(switch.count, 0, -every):
        for after_effect in (False, True):
            kept = begun(make(), before, after)
            foreign = kept.foreign()
            with pytest.raises(Killed):
                apply(kept, AtCluster(at, after_effect=after_effect))
            apply(kept)
            name = f"{at} {after_effect}"
            assert everything(kept) == wanted, name
            assert kept.foreign() == foreign, name
            assert kept.world.plan().verdict is Verdict.EMPTY, name


@pytest.mark.whole
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_namespace_of_ours_is_made_and_deleted_whatever_kills_it(
    make_bare: Callable[[], Kept], *, after_effect: bool
) -> None:
    kept = make_bare()
    kept.declare()
    with pytest.raises(Killed):
        apply(kept, AtCluster(1, after_effect=after_effect))
    kept.world.apply()
    kept.hand_in_keys()
    apply(kept)
    kept.take_keys_away()
    kept.declare(is_installed=False)
    with pytest.raises(Killed):
        apply(kept, AtCluster(4, after_effect=after_effect))
    apply(kept)
    apply(kept)
    path = f"/api/v1/namespaces/{kept.agents}"
    kept.plane.wait_until(lambda: kept.plane.client.get(path).status_code == 404, "the namespace is gone")
    assert kept.objects() == {}


def begun(kept: Kept, before: Step, after: Step) -> Kept:
    """A world at the point where the way begins, with objects of others in the namespaces."""
    for namespace in (kept.agents, kept.runners, kept.jobs):
        kept.plane.create(
            f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "theirs"}, "data": {"a": "b"}}
        )
    before(kept)
    apply(kept)
    after(kept)
    return kept


def apply(kept: Kept, switch: KillSwitch | None = None) -> None:
    # An approval is for exactly what is to be deleted: a Deployment that still waits for its pods would be counted.
    # And a plan says at once what is not ready yet, without waiting for what an earlier run has begun.
    kept.plane.wait_until(lambda: not going(kept), "what was begun is done")
    approvals = kept.approvals()
    kept.world.switch = switch
    try:
        result = kept.world.apply(*approvals)
    finally:
        kept.world.switch = None
    assert result.exit_code() == 0, messages(result)


def going(kept: Kept) -> list[str]:
    """Deployments that are being deleted or rolled out."""
    paths = [f"/apis/apps/v1/namespaces/{one}/deployments" for one in (kept.agents, kept.runners)]
    return [
        item["metadata"]["name"]
        for path in paths
        for item in kept.plane.get(path)["items"]
        if "deletionTimestamp" in item["metadata"] or rollout(item, ()).missing
    ]


class AtCluster(KillSwitch):
    """Counts changes of clusters alone."""

    def __init__(self, at: int, *, after_effect: bool = False) -> None:
        super().__init__(at, after_effect=after_effect)

    def before(self, request: httpx.Request) -> bool:
        return self.begin(changes=False)


def everything(kept: Kept) -> dict[str, str]:
    """Registrations, and all objects with the name of ours, without what chance and time set."""
    found = {"registered": repr(kept.world.live()).replace(kept.name, "NAME")}
    for kind in CLUSTER_KINDS:
        facts = FACTS[kind]
        group = "apis" if "/" in facts.api_version else "api"
        path = f"/{group}/{facts.api_version}/{facts.resource}"
        if not kept.plane.client.get(path).is_success:
            continue  # of Flux and Argo CD, which are not installed
        for item in kept.plane.get(path)["items"]:
            metadata = item["metadata"]
            if kept.name in metadata.get("namespace", metadata["name"]):
                name = f"{kind} {metadata.get('namespace', '')}/{metadata['name']}"
                found[name.replace(kept.name, "NAME")] = _steady(item).replace(kept.name, "NAME")
    return found


def _steady(item: dict[str, Any]) -> str:
    """What was declared and by whom: no versions, no times, no status, no digest of what has the names in it."""
    metadata = item["metadata"]
    managers = {one["manager"] for one in metadata.get("managedFields", ()) if not one.get("subresource")}
    annotations = {
        name: value
        for name, value in (metadata.get("annotations") or {}).items()
        if name not in ("deployment.kubernetes.io/revision", "reconciler/applied")
    }
    body = {name: value for name, value in item.items() if name not in ("metadata", "status")}
    return repr((metadata.get("labels"), annotations, sorted(managers), body))


@pytest.mark.slow
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.whole), 3])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(0, 1, id="install"),
        pytest.param(1, 2, id="more", marks=pytest.mark.whole),
        pytest.param(2, 1, id="less", marks=pytest.mark.whole),
        pytest.param(1, 0, id="uninstall"),
    ],
)
def test_after_a_kill_at_a_change_of_a_folder_the_next_apply_reaches_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, after: int, every: int
) -> None:
    """At each file that is put in its place or removed; what a dead process leaves behind is no part of the end."""
    reference = folder_world(tmp_path / "undisturbed", before, after)
    switch = KillSwitch(0, after_effect=False)
    with monkeypatch.context() as patch:
        at_files(patch, switch)
        ended = reference.apply(*asked(reference))
    assert ended.exit_code() == 0, (everything_said(ended), ended.findings)
    wanted = rendered(reference)
    assert switch.count > 3
    for at in range(1, switch.count + 1, every):
        for after_effect in (False, True):
            world = folder_world(tmp_path / f"{at}-{after_effect}", before, after)
            approvals = asked(world)
            with monkeypatch.context() as patch:
                at_files(patch, KillSwitch(at, after_effect=after_effect))
                with pytest.raises(Killed):
                    world.apply(*approvals)
            ended = world.apply(*asked(world))
            assert ended.exit_code() == 0, (at, after_effect, everything_said(ended))
            assert rendered(world) == wanted, f"{at} {after_effect}"
            assert world.plan().verdict is Verdict.EMPTY


def folder_world(folder: Path, before: int, after: int) -> World:
    """A folder in place of a cluster, with so many Agents, each in a namespace of its own."""
    folder.mkdir()
    world = World.make(folder, clusters={"eu-1": {"directory": "rendered/eu-1"}})
    world.write("bucket.yaml", definition_yaml("bucket"))
    for index, key in enumerate(KEYS):
        world.write(f"key-{index}.yaml", key_yaml(f"k-{index}", f"eu-{index}", key))
    for number in (before, after):
        for index in range(2):
            install = f"  install: {{cluster: eu-1, namespace: agent-{index}}}\n" if index < number else ""
            world.write(
                f"{index}.yaml",
                f"apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: eu-{index}}}\nspec:\n"
                f"  description: an agent\n{install}",
            )
        if number is before:
            world.apply()
    return world


def asked(world: World) -> list[str]:
    plans = [one.plan for one in world.plan().targets if one.plan is not None]
    return [value for plan in plans for one in plan.refusals for value in one.approvals]


def at_files(patch: pytest.MonkeyPatch, switch: KillSwitch) -> None:
    """Kill where a rendered file is put in its place or removed."""
    replace, unlink = Path.replace, Path.unlink

    def replaced(self: Path, target: Path) -> Path:
        is_last = switch.begin(changes="rendered" in self.parts)
        found = replace(self, target)
        switch.after(is_last=is_last)
        return found

    def unlinked(self: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002  the library's signature
        is_last = switch.begin(changes="rendered" in self.parts and self.exists())
        unlink(self, missing_ok)
        switch.after(is_last=is_last)

    patch.setattr(Path, "replace", replaced)
    patch.setattr(Path, "unlink", unlinked)


def rendered(world: World) -> dict[str, str]:
    folder = world.root / "rendered" / "eu-1"
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}
