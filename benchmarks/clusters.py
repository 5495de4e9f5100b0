"""Agents on one cluster: what its API server is asked, and an apply beside `kubectl apply` of the same files.

The cluster is the control plane of the tests, with controllers and pods that are ready at once; its audit log
counts. Of an apply, what the workloads need is made first, then they get their keys, then the workloads follow.
"""

import gc
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.measures import Row, best
from benchmarks.processes import BenchmarkError, Run, emulator, reconciler, run
from benchmarks.trees import CLUSTER, ENTRY, ORGANIZATION, SECRET, agent_namespace, write_agents
from reconciler.cluster.access import KubeconfigAccess
from reconciler.cluster.api_server import ApiServer
from reconciler.errors import UnknownKindError
from reconciler.footprint.installation import installations
from reconciler.keystore.private_key import inspect_private_key
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.kind import CLUSTER_KINDS
from reconciler.model.kubernetes_object import INSTANCE_LABEL, key_of
from reconciler.model.place import cluster
from reconciler.model.record import NO_SAFEGUARDS
from reconciler.passes.cluster_basis import Absences, cluster_basis
from reconciler.passes.cluster_sight import ClusterReading, cluster_sight
from reconciler.plan.build import build
from reconciler.settings import Limits, Settings
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree
from tests.control_plane.plane import ControlPlane
from tests.control_plane.programs import built

if TYPE_CHECKING:
    from reconciler.model.identity import ResourceKey
    from reconciler.model.json import JsonObject

_INSTANCE = "bench"
_USER = "bench"
"""Only what is measured sends requests as this user."""
_BITS, _EXPONENT = 4096, 65537
_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
_LOG = (
    "level=INFO msg=Starting app=agent-client version=1.8.4 build=1 sha=1",
    'level=INFO msg="Connected to websocket tunnel"',
    'level=INFO msg="Starting server" "listening to"=wss://agent.example.com/tunnel connectionId=""',
)
"""What a connected Agent logs, which an apply waits for."""
_WITHOUT_WAITING = """
from reconciler.passes.deed import cluster_hand
from reconciler.cli.main import run
cluster_hand.WORKLOAD_KINDS = frozenset()
run()
"""
"""The program, for which no object is one that has to be rolled out."""
_LIMIT_S = 600.0


@dataclass(frozen=True)
class _Pair:
    private: str
    public: str


def clusters(folder: Path, count: int, *, repeat: int) -> list[Row]:
    """So many Agents on one cluster."""
    folder.mkdir(parents=True)
    pairs = list(_pairs(count))
    here = _Applied(folder / "here", pairs)
    with emulator() as server, _plane(folder / "audit-here") as plane:
        kubeconfig = _user(plane, folder / "kubeconfig")
        write_agents(
            here.tree, url=server.url, kubeconfig=kubeconfig, public_keys=[pair.public for pair in pairs]
        )
        here.apply(plane)
        asked, no_op = _no_op(here, plane, folder / "audit-here", repeat)
        reconciler("-C", str(here.tree), "render", "--out", str(folder / "rendered"))
        pure_s, yaml_s = _pure(here.tree, kubeconfig, folder / "rendered" / CLUSTER, repeat)
    with _plane(folder / "audit-there") as plane:
        there = _kubectl(plane, folder, _user(plane, folder / "kubeconfig"), pairs)
    label = f"{count:,} Agents on a cluster"
    lists = {kind: number for (verb, kind), number in asked.items() if verb == "list"}
    reads = {kind: number for (verb, kind), number in asked.items() if verb == "get"}
    files = sum(file.stat().st_size for file in (folder / "rendered").rglob("*.yaml"))
    return [
        Row(
            f"{label}: no-op plan, lists",
            str(sum(lists.values())),
            "kinds",
            str(len(lists)),
            sum(lists.values()) / len(lists),
            "one for each kind",
            all(number == 1 for number in lists.values()),
        ),
        Row(
            f"{label}: no-op plan, single reads",
            ", ".join(f"{kind} {number}" for kind, number in sorted(reads.items())) or "0",
            "Secrets with a key",
            str(count),
            sum(reads.values()) / count,
            "of those Secrets only",
            reads.keys() <= {"secrets"} and reads.get("secrets", 0) <= count,
        ),
        Row(
            f"{label}: no-op plan, cold process",
            f"{no_op.seconds:.2f} s, {no_op.processor_s:.2f} s of processor time",
            "libyaml: load what is rendered",
            f"{yaml_s:.2f} s",
        ),
        Row(
            f"{label}: peak memory of the no-op plan",
            f"{no_op.memory_mib:.0f} MiB",
            "the rendered files",
            f"{files / 2**20:.1f} MiB",
            bound="under 250 MiB",
            is_met=no_op.memory_mib < 250,
        ),
        Row(
            f"{label}: footprints, comparison and plan",
            f"{pure_s * 1000:.0f} ms",
            "libyaml: load what is rendered",
            f"{yaml_s * 1000:.0f} ms",
            pure_s / yaml_s,
        ),
        Row(
            f"{label}: apply without waiting",
            f"{here.sent_s:.2f} s",
            "`kubectl apply --server-side`",
            f"{there.sent_s:.2f} s",
            here.sent_s / there.sent_s,
        ),
        Row(
            f"{label}: apply until all run",
            f"{here.ready_s:.2f} s",
            "the same, then `kubectl wait`",
            f"{there.ready_s:.2f} s",
            here.ready_s / there.ready_s,
        ),
    ]


class _Applied:
    """What was measured of applies of one tree."""

    def __init__(self, tree: Path, pairs: Sequence[_Pair]) -> None:
        self.tree = tree
        self._pairs = pairs
        self.sent_s = self.ready_s = 0.0

    def apply(self, plane: ControlPlane) -> None:
        """Install everything twice: without waiting, and after the workloads were deleted again, until all run."""
        arguments = ("-C", str(self.tree), "apply", "--yes")
        reconciler(*arguments, "--target", ORGANIZATION)  # registers the Agents and their keys
        before = reconciler(*arguments, expect=(5,))  # the workloads wait for their Secrets
        _give_keys(plane, self._pairs)
        sent = run([sys.executable, "-c", _WITHOUT_WAITING, *arguments])
        _delete_workloads(plane, len(self._pairs))
        ready = reconciler(*arguments)
        self.sent_s = before.seconds + sent.seconds
        self.ready_s = before.seconds + ready.seconds


@dataclass(frozen=True)
class _Kubectl:
    sent_s: float
    ready_s: float


def _kubectl(plane: ControlPlane, folder: Path, kubeconfig: Path, pairs: Sequence[_Pair]) -> _Kubectl:
    """The same with kubectl: the rendered files of what workloads need, their Secrets, then those of workloads."""
    before, workloads = folder / "before", folder / "workloads"
    for file in sorted((folder / "rendered" / CLUSTER).glob("[0-9]*.yaml")):
        part = workloads if "-deployment-" in file.name else before
        part.mkdir(exist_ok=True)
        shutil.copy(file, part)
    base = [str(built("kubectl")), f"--kubeconfig={kubeconfig}", f"--cache-dir={folder / 'kubectl'}"]
    seconds = run([*base, "apply", "--server-side", "-f", str(before)]).seconds
    _give_keys(plane, pairs)
    seconds += run([*base, "apply", "--server-side", "-f", str(workloads)]).seconds
    chosen = ("deployment", "-A", "-l", f"{INSTANCE_LABEL}={_INSTANCE}")
    waited = run([*base, "wait", "--for=condition=Available", f"--timeout={_LIMIT_S:.0f}s", *chosen])
    return _Kubectl(seconds, seconds + waited.seconds)


def _no_op(
    here: _Applied, plane: ControlPlane, audit: Path, repeat: int
) -> tuple[Counter[tuple[str, str]], Run]:
    """What the last of several empty plans asked for, by verb and kind, and the fastest of them."""
    runs = []
    asked: Counter[tuple[str, str]] = Counter()
    for _ in range(repeat):
        before = sum(_asked(audit).values())
        known = _asked(audit)
        runs.append(reconciler("-C", str(here.tree), "plan", "--detailed-exit-code"))
        plane.wait_until(lambda before=before: sum(_asked(audit).values()) > before, "the log is written")  # type: ignore[misc]  # no annotation fits in a lambda
        time.sleep(1)  # the server writes the end of its log a little later
        asked = _asked(audit)
        asked.subtract(known)
    return +asked, min(runs, key=lambda one: one.seconds)


def _asked(audit: Path) -> Counter[tuple[str, str]]:
    """Requests of the measured user, by verb and kind."""
    entries = map(json.loads, audit.with_suffix(".log").read_text(encoding="utf-8").splitlines())
    return Counter(
        (entry["verb"], entry.get("objectRef", {}).get("resource", entry["requestURI"]))
        for entry in entries
        if entry["user"]["username"] == _USER
    )


def _pure(tree: Path, kubeconfig: Path, rendered: Path, repeat: int) -> tuple[float, float]:
    """Processor seconds from declarations and live objects to a plan, and those of loading what is rendered."""
    settings = Settings.model_validate(yaml.safe_load((tree / "reconciler.yaml").read_text(encoding="utf-8")))
    files = {file.name: file.read_bytes() for file in (tree / "agents").glob("*.yaml")}
    loaded = Loader(Limits(), inspect_public_key).load(Tree("memory", "", is_dirty=False, files=files))
    reading = _reading(kubeconfig, len(files))
    texts = [file.read_bytes() for file in rendered.glob("[0-9]*.yaml")]

    def plan() -> None:
        footprints = installations({ORGANIZATION: loaded}, settings)
        basis = cluster_basis(settings, cluster_sight(reading, footprints), NO_SAFEGUARDS, Absences())
        (made,) = build([basis])
        if made.actions:
            raise BenchmarkError(f"the plan is not empty: {made.actions[0]}")

    def load() -> None:
        for text in texts:
            yaml.load(text, Loader=yaml.CSafeLoader)

    return best(repeat, lambda: _processor_s(plan)), best(repeat, lambda: _processor_s(load))


def _reading(kubeconfig: Path, count: int) -> ClusterReading:
    """The cluster, as a pass reads it."""
    place = cluster(CLUSTER)
    client = ApiServer(KubeconfigAccess(kubeconfig, None), {}, is_read_only=True, inspect=inspect_private_key)
    found: dict[ResourceKey, JsonObject] = {}
    for kind in CLUSTER_KINDS:
        try:
            listed = client.list(kind, label_selector=f"{INSTANCE_LABEL}={_INSTANCE}")
        except UnknownKindError:
            continue
        found.update((key_of(body, place), body) for body in listed)
    names = [(agent_namespace(number), SECRET) for number in range(count)]
    secrets = {at: client.secret(*at) for at in names}
    client.close()
    return ClusterReading(place, _INSTANCE, client.address, found, frozenset(CLUSTER_KINDS), secrets=secrets)


def _processor_s(action: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    action()
    return time.process_time() - start


@contextmanager
def _plane(audit: Path) -> Iterator[ControlPlane]:
    """A cluster whose API server writes what it is asked to `audit`, with the suffix `.log`."""
    policy = audit.with_suffix(".yaml")
    policy.write_text(json.dumps(_POLICY), encoding="utf-8")
    log = audit.with_suffix(".log")
    arguments = [f"--audit-policy-file={policy}", f"--audit-log-path={log}"]
    with ControlPlane({"kube-apiserver": arguments}) as plane:
        plane.add_controllers()
        yield plane


def _user(plane: ControlPlane, path: Path) -> Path:
    """The kubeconfig of the measured user, who may do everything."""
    plane.allow(_USER, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    return plane.user(path, _USER)


def _give_keys(plane: ControlPlane, pairs: Sequence[_Pair]) -> None:
    for number, pair in enumerate(pairs):
        namespace = agent_namespace(number)
        plane.secret(namespace, SECRET, **{ENTRY: pair.private})
        plane.write_log(namespace, *_LOG)


def _delete_workloads(plane: ControlPlane, count: int) -> None:
    for number in range(count):
        path = f"/apis/apps/v1/namespaces/{agent_namespace(number)}/deployments"
        plane.client.delete(path).raise_for_status()
    plane.wait_until(lambda: not plane.get("/api/v1/pods")["items"], "no pod is left", limit_s=_LIMIT_S)


def _pairs(count: int) -> Iterator[_Pair]:
    """Keys of the required length that share their primes: to find those takes seconds for each."""
    primes: list[int] = []
    while len(primes) * (len(primes) - 1) // 2 < count:
        found = rsa.generate_private_key(_EXPONENT, _BITS).private_numbers()
        primes += [found.p, found.q]
    for p, q in islice(combinations(primes, 2), count):
        d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
        key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
        pem = serialization.Encoding.PEM
        yield _Pair(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
            key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
        )
