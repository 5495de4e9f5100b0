"""Agents as they would run in the pods of a cluster: each connects with the key that its pod mounted at its start."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from reconciler.emulator import Emulator
from reconciler.emulator.v1.tunnel import Connection, RefusedTunnelError
from reconciler.emulator.v1.tunnel_token import sign_token
from tests.control_plane.plane import ControlPlane

_POLL_S = 0.02


@dataclass
class _Agent:
    """One pod. `key` is what was in its Secret when it started."""

    key: str
    connection: Connection | None = None
    lost: list[str] = field(default_factory=list)
    refused: int = 0


class Fleet:
    """Watches pods, and connects to the tunnel for each of them. kwok itself runs nothing in a pod.

    `gaps` are times without any connection after the first, each with what was refused; `lost` are connections that
    the tunnel ended, because their key was no longer accepted.
    """

    def __init__(
        self,
        plane: ControlPlane,
        emulator: Emulator,
        namespace: str,
        organizations: Sequence[str],
        *,
        is_alone: bool = True,
    ) -> None:
        """`is_alone` is false where others connect to the same emulator."""
        self._plane = plane
        self._emulator = emulator
        self._namespace = namespace
        self._organizations = organizations
        self._is_alone = is_alone
        self._agents: dict[str, _Agent] = {}
        self._was_connected = False
        self._end = Event()
        self._lock = Lock()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self.gaps: list[str] = []
        self.lost: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def wait_until_connected(self) -> None:
        """Return once an agent is connected."""
        self._plane.wait_until(self.connected, "an agent is connected")

    def connected(self) -> list[Connection]:
        """Open tunnels of the fleet."""
        found = self._emulator.tunnels.connections()
        return [one for one in found if self._is_alone or one.connection_id in self._agents]

    def _run(self) -> None:
        try:
            while not self._end.wait(_POLL_S):
                self._look()
        except BaseException as error:  # noqa: BLE001  raised again where the fleet ends
            self._failure = error

    def _look(self) -> None:
        pods = self._plane.pods(self._namespace)
        running = {
            pod["metadata"]["uid"]: pod
            for pod in pods
            if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
        }
        for uid, pod in running.items():
            self._attend(uid, pod)
        for uid in self._agents.keys() - running.keys():
            gone = self._agents.pop(uid)
            if gone.connection is not None:
                self._emulator.tunnels.leave(gone.connection)
        if self.connected():
            self._was_connected = True
        elif self._was_connected:
            self.gaps.append(f"{len(running)} pods, of which none is connected")

    def _attend(self, uid: str, pod: dict[str, Any]) -> None:
        agent = self._agents.get(uid)
        if agent is None:
            agent = self._agents[uid] = _Agent(self._mounted(pod))
        if agent.connection is None:
            token = sign_token(
                agent.key, self._organizations, now=self._emulator.clock.now(), connection_id=uid
            )
            try:
                agent.connection = self._emulator.tunnels.admit(token, self._ended(agent, pod))
            except RefusedTunnelError:
                agent.refused += 1

    def _ended(self, agent: _Agent, pod: dict[str, Any]) -> Any:
        def end(reason: str) -> None:
            with self._lock:
                agent.connection = None
                self.lost.append(f"{pod['metadata']['name']}: {reason}")

        return end

    def _mounted(self, pod: dict[str, Any]) -> str:
        sources = [
            one for volume in pod["spec"]["volumes"] for one in volume.get("projected", {}).get("sources", ())
        ]
        (secret,) = [one["secret"]["name"] for one in sources if "secret" in one]
        found = self._plane.get(f"/api/v1/namespaces/{self._namespace}/secrets/{secret}")
        return b64decode(found["data"]["private_key"]).decode()
