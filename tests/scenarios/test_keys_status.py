"""`keys status` during a rotation on a real cluster: at each step it says where each key is and what comes next."""

from pathlib import Path

import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.keystore.public_key import inspect_public_key
from reconciler.orchestrator.client import Access
from reconciler.passes.deed import cluster_hand
from reconciler.passes.keys import key_status
from reconciler.passes.result import Verdict
from reconciler.procedure.rotation import KeyStatus
from reconciler.procedure.step import Phase, step_of
from reconciler.views import keys_json, keys_text
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.kept import RUNNER_KEY, Kept
from tests.scenarios.test_installation_cluster import SECRET, Pair, messages
from tests.scenarios.world import agent_public_key, definition_yaml, key_yaml

pytestmark = pytest.mark.xdist_group("control_plane_keys")


@pytest.fixture(scope="module")
def pairs() -> tuple[Pair, Pair]:
    return Pair.make(), Pair.make()


@pytest.fixture
def kept(
    cluster: ControlPlane, tmp_path: Path, pairs: tuple[Pair, Pair], monkeypatch: pytest.MonkeyPatch
) -> Kept:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.05)
    made = Kept.make(cluster, tmp_path, pairs[0], ADMIN)
    made.make_namespaces()
    made.declare()
    made.declare_runner()
    return made


def status(kept: Kept) -> KeyStatus:
    return key_status(kept.world.settings, kept.world.adapters(Access.READ_ONLY))


def phases(kept: Kept, owner: str = "Agent/eu-1") -> dict[str, Phase]:
    (ring,) = [one for one in status(kept).keyrings if one.owner == owner]
    return {key: step_of(ring, key).phase for key in ring.fingerprints}


def applied(kept: Kept) -> None:
    result = kept.world.apply(*kept.approvals())
    assert result.verdict in (Verdict.APPLIED, Verdict.EMPTY), messages(result)


def test_a_rotation_is_shown_step_by_step(kept: Kept, pairs: tuple[Pair, Pair]) -> None:
    old, new = (inspect_public_key(pair.public).fingerprint for pair in pairs)
    assert phases(kept) == {old: Phase.REGISTER}
    applied(kept)
    assert phases(kept) == {old: Phase.IN_USE}
    kept.world.write("key2.yaml", key_yaml("k2", "eu-1", pairs[1].public))
    assert phases(kept) == {old: Phase.IN_USE, new: Phase.REGISTER}
    rule = FaultRule(kind=FaultKind.SLOW_KEY_AUTHORIZATION, seconds=3_600.0)
    number = kept.world.emulator.faults.add(rule)
    applied(kept)
    assert phases(kept) == {old: Phase.IN_USE, new: Phase.AUTHORIZE}
    kept.world.emulator.clock.advance(seconds=3_601.0)
    kept.world.emulator.faults.remove(number)
    assert phases(kept) == {old: Phase.IN_USE, new: Phase.MOUNT}
    kept.plane.secret(kept.agents, SECRET, private_key=pairs[1].private)
    assert phases(kept) == {new: Phase.RESTART, old: Phase.RESTART}
    applied(kept)
    assert phases(kept) == {new: Phase.IN_USE, old: Phase.UNUSED}
    kept.world.remove("key.yaml")
    assert phases(kept) == {new: Phase.IN_USE, old: Phase.REMOVE}
    applied(kept)
    assert phases(kept) == {new: Phase.IN_USE}


def test_everything_that_is_known_of_a_key_is_shown(kept: Kept, pairs: tuple[Pair, Pair]) -> None:
    applied(kept)
    found = status(kept)
    assert found.exit_code == 0
    _, runner = found.keyrings
    key = inspect_public_key(pairs[0].public).fingerprint
    (pod,) = kept.plane.pods(kept.agents)
    name = pod["metadata"]["name"]
    text = keys_text.render(found, width=200, color=False)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[:2] == ["Agent/eu-1", f"{key[:12]}  in use"]
    assert lines[2].startswith("acme: authorized, expires 20")
    assert f"mounted from Secret {kept.agents}/{SECRET} of cluster eu-1, entry private_key" in lines
    assert f"running on cluster eu-1: {name}" in lines
    assert any(line.startswith("declared at key.yaml:") for line in lines)
    assert runner.owner == "Runner/jobs"
    assert list(runner.declared) == [inspect_public_key(RUNNER_KEY).fingerprint]
    document = keys_json.render(found)
    assert key in document
    assert name in document
    for private in (pairs[0].private.splitlines()[5],):
        assert private not in text + document


def test_what_was_not_read_is_named_and_nothing_follows_from_it(kept: Kept, pairs: tuple[Pair, Pair]) -> None:
    applied(kept)
    kept.plane.kubeconfig(kept.world.inventories.parent / "kubeconfig", ADMIN, server="https://127.0.0.1:1")
    found = status(kept)
    assert found.exit_code == 6
    agent = found.keyrings[0]
    key = inspect_public_key(pairs[0].public).fingerprint
    assert step_of(agent, key).phase is Phase.UNKNOWN
    text = keys_text.render(found, width=200, color=False)
    assert (
        f"Secret {kept.agents}/{SECRET} of cluster eu-1 was not read: the API server cannot be reached"
        in text
    )
    assert '"exitCode": 6' in keys_json.render(found)


def test_nothing_is_changed(kept: Kept) -> None:
    before = kept.world.live(), kept.objects()
    status(kept)
    assert (kept.world.live(), kept.objects()) == before
    assert not kept.world.inventories.exists() or not list(kept.world.inventories.rglob("*.json"))


def test_a_repository_without_owners_has_no_key(kept: Kept) -> None:
    kept.world.write("bucket.yaml", definition_yaml("bucket"))
    for name in ("agent.yaml", "key.yaml", "runner.yaml"):
        kept.world.remove(name)
    found = status(kept)
    assert found.keyrings == ()
    assert keys_text.render(found, width=80, color=False).strip() == (
        "No file declares an Agent, an Operator or a runner with a key."
    )


def test_keys_of_an_operator_are_those_that_it_declares_or_mounts(
    kept: Kept, pairs: tuple[Pair, Pair]
) -> None:
    """Registered keys do not say whose they are."""
    kept.world.write(
        "operator.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {id: main}\n"
        f"spec: {{cluster: eu-1, namespace: {kept.agents}, driverKey: {{secretName: op}}}}\n",
    )
    kept.world.write("op.yaml", key_yaml("op", "main", pairs[1].public, product="operator"))
    kept.world.write("op2.yaml", key_yaml("op2", "other", agent_public_key(), product="operator"))
    key = inspect_public_key(pairs[1].public).fingerprint
    assert phases(kept, "Operator/main") == {key: Phase.REGISTER}
    applied(kept)
    assert phases(kept, "Operator/main") == {key: Phase.MOUNT}
    kept.plane.secret(kept.agents, "op", privateKey=pairs[1].private, humanitecOrganisationID="acme")
    assert phases(kept, "Operator/main") == {key: Phase.IN_USE}
