"""The key of a runner is made and rotated on a real cluster, while agents poll with what their containers read."""

from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reconciler.emulator import Choices, Emulator
from reconciler.keystore.public_key import inspect_public_key
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from reconciler.vendor import runner
from reconciler.views.text import render as as_text
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.emulator.agent_tokens import AgentKey
from tests.scenarios.test_installation_cluster import messages
from tests.scenarios.world import URL, Killed, KillSwitch, World

pytestmark = pytest.mark.xdist_group("control_plane_keys")

POLL = "/orgs/acme/remote-runners/jobs/actions/poll-requests"
RUNNER = "Runner/jobs"


@dataclass
class Rotating:
    world: World
    plane: ControlPlane
    namespace: str

    def declare(self) -> None:
        self.world.write(
            "runner.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Runner\nmetadata: {id: jobs}\nspec:\n"
            "  description: of a test\n  runner_configuration:\n    type: kubernetes-agent\n"
            f"    job: {{namespace: {self.namespace}, service_account: job}}\n"
            f"  state_storage_configuration: {{type: kubernetes, namespace: {self.namespace}}}\n"
            "  rules: [{env_type_id: development}]\n"
            f"  install: {{cluster: eu-1, namespace: {self.namespace}, image: '{runner.REPOSITORY}:1.0.0'}}\n",
        )
        self.world.write(
            "key.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Key\nmetadata: {id: jobs}\nspec:\n"
            "  for: {runner: jobs}\n  generate: {}\n  rotate: {every: 180d}\n"
            f"  privateKey: {{cluster: eu-1, namespace: {self.namespace}, secret: {runner.NAME}}}\n",
        )

    def apply(self, **more: Any) -> PassResult:
        return self.world.apply(**more)

    def settled(self) -> str:
        for _ in range(8):
            if (result := self.apply()).verdict is Verdict.EMPTY:
                break
        else:
            raise AssertionError(messages(result))
        assert set(self.data()) == {"private_key"}
        return self.registered()

    def data(self) -> dict[str, str]:
        found: dict[str, str] = self.plane.get(self.path)["data"]
        return found

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/secrets/{runner.NAME}"

    def registered(self) -> str:
        live: Any = self.world.live()
        (found,) = live["runners"]
        return inspect_public_key(found["runner_configuration"]["key"]).fingerprint


@dataclass
class Poller:
    """One container for each pod: it reads its key when it starts, polls, and starts again after a 401.

    `missed` are times between two polls that were answered in which some were refused: each with their number.
    """

    rotating: Rotating
    emulator: Emulator
    missed: list[int] = field(default_factory=list)
    polls: int = 0
    end: Event = field(default_factory=Event)
    failure: BaseException | None = None

    def __enter__(self) -> Self:
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end.set()
        self.thread.join()
        if self.failure is not None:
            raise self.failure

    def wait_for_another(self) -> None:
        """Return after another poll that was answered."""
        before = self.polls
        self.rotating.plane.wait_until(lambda: self.polls > before, "the runner polls")

    def _run(self) -> None:
        keys: dict[str, str] = {}
        refused = 0
        try:
            with httpx.Client(transport=self.emulator.transport(), base_url=URL) as client:
                while not self.end.wait(0.02):
                    running = {
                        pod["metadata"]["uid"]
                        for pod in self.rotating.plane.pods(self.rotating.namespace)
                        if pod["status"].get("phase") == "Running"
                        and "deletionTimestamp" not in pod["metadata"]
                    }
                    keys = {uid: key for uid, key in keys.items() if uid in running}
                    answers = []
                    for uid in running:
                        keys.setdefault(uid, self._read())
                        answers.append(self._polls(client, keys[uid]))
                        if not answers[-1]:
                            keys[uid] = self._read()
                    self.polls += any(answers)
                    if any(answers):
                        self.missed += [refused] if refused else []
                        refused = 0
                    elif self.polls:
                        refused += 1
        except BaseException as error:  # noqa: BLE001  raised again where it ends
            self.failure = error

    def _read(self) -> str:
        return b64decode(self.rotating.data()["private_key"]).decode()

    def _polls(self, client: httpx.Client, pem: str) -> bool:
        private = load_pem_private_key(pem.encode(), None)
        assert isinstance(private, Ed25519PrivateKey)
        key = AgentKey(private.private_bytes_raw())
        claims = {
            "alg": "EdDSA", "kid": key.kid, "org_id": "acme", "runner_id": "jobs", "typ": "JWT",
        }  # fmt: skip
        answer = client.post(POLL, headers={"Authorization": f"JWT {key.token(claims)}"}, timeout=20)
        assert answer.status_code in (204, 401), answer.text
        return answer.status_code == 204


@pytest.fixture
def rotating(cluster: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rotating:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.05)
    namespace = cluster.namespace()
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig", ADMIN)
    world = World.make(
        tmp_path,
        choices=Choices(poll_seconds=0),
        clusters={"eu-1": {"kubeconfig": {"path": str(kubeconfig)}}},
        instance=namespace,
        rules={},
    )
    made = Rotating(world, cluster, namespace)
    made.declare()
    return made


def test_a_first_key_is_made_and_the_runner_is_registered_with_it(rotating: Rotating) -> None:
    result = rotating.apply()
    assert result.verdict is Verdict.APPLIED, messages(result)
    rotating.settled()
    with Poller(rotating, rotating.world.emulator) as poller:
        poller.wait_for_another()
    assert not poller.missed


def test_a_rotation_misses_one_poll_at_most(rotating: Rotating) -> None:
    key = rotating.settled()
    for _ in range(3):
        with Poller(rotating, rotating.world.emulator) as poller:
            poller.wait_for_another()
            result = rotating.apply(rotate=frozenset((RUNNER,)))
            assert result.verdict is Verdict.APPLIED, messages(result)
            before, key = key, rotating.settled()
            poller.wait_for_another()
        assert key != before
        assert all(number <= 1 for number in poller.missed), poller.missed


def test_a_rotation_that_is_killed_goes_on_where_it_was(rotating: Rotating) -> None:
    key = rotating.settled()
    at, is_over, count = 1, False, 0
    while not is_over:
        for after_effect in (False, True):
            rotating.world.switch = KillSwitch(at, after_effect=after_effect)
            try:
                rotating.apply(rotate=frozenset((RUNNER,)))
            except Killed:
                count += 1
            else:
                is_over = True
            rotating.world.switch = None
            before, key = key, rotating.settled()
            assert key != before or at == 1
        at += 1
    assert count >= 8


def test_jobs_under_way_are_reported(rotating: Rotating) -> None:
    rotating.settled()
    container = {"name": "main", "image": "registry.test/job:1"}
    account = f"/api/v1/namespaces/{rotating.namespace}/serviceaccounts"
    if not rotating.plane.client.get(f"{account}/job").is_success:
        rotating.plane.create(account, {"metadata": {"name": "job"}})
    rotating.plane.create(
        f"/api/v1/namespaces/{rotating.namespace}/pods",
        {"metadata": {"name": "one"}, "spec": {"serviceAccountName": "job", "containers": [container]}},
    )
    result = rotating.apply(rotate=frozenset((RUNNER,)), rounds=1)
    said = as_text(result)
    assert "1 job under way, not affected: jobs have tokens of their own" in " ".join(said.split())
