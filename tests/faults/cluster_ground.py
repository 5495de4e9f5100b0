"""Where faults of a Kubernetes API server are tried: a real one behind the proxy, with an Agent and a runner on it.

A cluster cannot be copied back. Every trial starts in namespaces of its own, at the moment before the transition.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from reconciler.cluster.api_server import ApiServer
from reconciler.cluster.client import ClusterClient
from reconciler.cluster.transport import Limits
from reconciler.emulator import Effect, Entry
from reconciler.model.kind import CLUSTER_KINDS, FACTS
from tests.control_plane.plane import ADMIN, TOKENS, ControlPlane
from tests.faults.proxy import Proxy
from tests.scenarios.kept import Kept
from tests.scenarios.test_cluster_killed import everything
from tests.scenarios.test_installation_cluster import Pair
from tests.scenarios.world import definition_yaml

CLUSTER = "eu-1"
"""The cluster's name in the settings."""
ROLLOUT_S = 4
"""Limit of a rollout: four times what one takes here, and below what a run may take."""
POLL_S = 0.3
"""Replaces the interval between two looks at a rollout."""
LIMITS = Limits(connect_s=1.0, read_s=2.0, change_s=2.5)
"""Replace the client's limits, so that trials of endless answers do not take minutes."""
NAME = "NAME"
"""Stands for the name of one trial in paths and objects."""

_KINDS = {FACTS[kind].resource: kind for kind in CLUSTER_KINDS}
_GENERATED_POD = re.compile(r"(?<=/pods/)[^/]+")
_KEPT_BY_THE_SERVER = ("managedFields", "resourceVersion")


@dataclass
class Recorder(httpx.BaseTransport):
    """Passes requests on to the API server, one at a time, and writes down what each changed."""

    plane: ControlPlane
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._transport = httpx.HTTPTransport(verify=self.plane.trust())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The API server's answer."""
        changes = request.method != "GET" and "dryRun" not in request.url.params
        before = self._stored(request.url.path) if changes else None
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
        url = httpx.URL(self.plane.layout.server).copy_with(raw_path=request.url.raw_path)
        answer = self._transport.handle_request(
            httpx.Request(request.method, url, headers=headers, content=request.read())
        )
        answer.read()
        effect = Effect.NONE
        if changes and answer.is_success:
            effect = _effect(before, self._stored(request.url.path))
        self.entries.append(
            Entry(
                number=len(self.entries) + 1,
                time="",
                who="",
                verb=request.method,
                path=request.url.path,
                query=request.url.query.decode(),
                object=_object(request.url.path),
                status=answer.status_code,
                effect=effect,
            )
        )
        return answer

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _stored(self, path: str) -> dict[str, Any] | None:
        answer = self.plane.client.get(path)
        return dict(answer.json()) if answer.is_success else None


def _effect(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Effect:
    if before is None:
        return Effect.NONE if after is None else Effect.CREATED
    if after is None or _is_ending(after) > _is_ending(before):
        return Effect.DELETED
    return Effect.NONE if _declared(before) == _declared(after) else Effect.UPDATED


def _is_ending(item: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" in item["metadata"]


def _declared(item: Mapping[str, Any]) -> dict[str, object]:
    """Without what controllers and the server write."""
    metadata = {name: value for name, value in item["metadata"].items() if name not in _KEPT_BY_THE_SERVER}
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop("deployment.kubernetes.io/revision", None)
    return {**item, "metadata": {**metadata, "annotations": annotations}, "status": None}


def _object(path: str) -> str:
    """`Kind/cluster/namespace/name`, "" for paths of lists and subresources."""
    found = re.fullmatch(r"/apis?/.*/namespaces/([^/]+)/([^/]+)/([^/]+)", path)
    return f"{_KINDS[found[2]]}/{CLUSTER}/{found[1]}/{found[3]}" if found and found[2] in _KINDS else ""


@dataclass
class Trialled:
    """One world at the moment before its transition. `approvals` are what the transition asks for."""

    kept: Kept
    approvals: tuple[str, ...]
    foreign: object
    folder: Path

    def everything(self) -> dict[str, object]:
        """What is on the cluster and in the organization, secrets included, with equal names in every trial."""
        found = everything(self.kept)
        return {"acme": found.pop("registered"), CLUSTER: found}

    def recorded(self) -> dict[Path, bytes]:
        """The record as it is kept."""
        return {path: path.read_bytes() for path in self.records.rglob("*") if path.is_file()}

    @property
    def records(self) -> Path:
        """Folder of the record."""
        return self.kept.world.inventories

    def named(self, text: str) -> str:
        """The text as it is in every trial."""
        return _GENERATED_POD.sub("*", text.replace(self.kept.name, NAME))

    def actual(self, text: str) -> str:
        """The text as it is in this trial."""
        return text.replace(NAME, self.kept.name)


@dataclass
class ClusterGround:
    """One API server, a recorder and a proxy before it, used for one trial after another."""

    plane: ControlPlane
    folder: Path
    pair: Pair
    recorder: Recorder
    proxy: Proxy
    waited_s: list[float] = field(default_factory=list)
    _made: int = 0

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token of the client, and a line from the middle of the mounted private key."""
        return TOKENS[ADMIN], self.pair.private.splitlines()[20]

    def at_transition(self) -> Trialled:
        """A world in which both run, whose files then change.

        The Agent gets another version, other variables and a NetworkPolicy; the runner is uninstalled; the
        organization gets a definition.
        """
        self.proxy.hang_up()
        self._made += 1
        folder = self.folder / str(self._made)
        folder.mkdir()
        kept = Kept.make(self.plane, folder, self.pair, ADMIN, concurrency=1)
        self.plane.kubeconfig(folder / "kubeconfig", ADMIN, server=self.proxy.url)
        kept.world.at_cluster = self._hurried
        kept.make_namespaces()
        for namespace in (kept.agents, kept.runners, kept.jobs):
            self.plane.create(
                f"/api/v1/namespaces/{namespace}/configmaps",
                {"metadata": {"name": "theirs"}, "data": {"a": "b"}},
            )
        kept.declare("1.8.4", policy=False, waits=ROLLOUT_S)
        kept.declare_runner()
        result = kept.world.apply()
        assert result.exit_code() == 0, [(o.action.key, o.status, o.message) for o in result.outcomes]
        kept.declare("1.8.5", env="{HTTPS_PROXY: 'http://proxy.test:3128'}", waits=ROLLOUT_S)
        kept.declare_runner(is_installed=False)
        kept.world.write("bucket.yaml", definition_yaml("bucket"))
        approvals = tuple(kept.approvals())
        self.recorder.entries.clear()
        kept.world.emulator.log.clear()
        self.waited_s.clear()
        self.proxy.requests = self.proxy.strayed = 0
        return Trialled(kept, approvals, kept.foreign(), folder)

    def _hurried(self, client: ClusterClient) -> ClusterClient:
        """The client with short limits; its retries do not wait, but what they would wait is added up."""
        assert isinstance(client, ApiServer)
        transport = client._objects._transport
        transport._limits = LIMITS
        transport._retry = replace(transport._retry, sleep=self.waited_s.append, stop=None)
        return client


@contextmanager
def cluster_ground(plane: ControlPlane, folder: Path) -> Iterator[ClusterGround]:
    """The ground on a control plane with controllers."""
    recorder = Recorder(plane)
    with Proxy(recorder) as proxy:
        try:
            yield ClusterGround(plane, folder, Pair.make(), recorder, proxy)
        finally:
            recorder.close()
