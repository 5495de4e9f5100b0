"""Secrets of a real cluster, applied to the orchestrator: sent, compared by digest, never shown."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from reconciler.cli.edges.handed_in import HandedInSecrets
from reconciler.diff.change import SecretDifference
from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running
from reconciler.errors import ExitCode
from reconciler.model.secret import Secret
from reconciler.model.secret_source import ClusterSecret
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Status
from reconciler.settings import Cluster
from reconciler.views.markdown import render as as_markdown
from reconciler.views.text import render as as_text
from tests.cli.running import call
from tests.control_plane.plane import READER, TOKENS, ControlPlane
from tests.scenarios.test_handed_in import everything_said
from tests.scenarios.world import KillSwitch, World, actions, definition_yaml, the_plan

pytestmark = pytest.mark.xdist_group("control_plane")
VALUE = "canary-of-a-cluster"
USER = {"kind": "User", "name": READER, "apiGroup": "rbac.authorization.k8s.io"}
RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: jobs}
spec:
  runner_configuration:
    type: kubernetes
    job: {namespace: jobs, service_account: job}
    cluster:
      cluster_data: {certificate_authority_data: Y2E=, server: https://cluster.test}
      auth:
        service_account_token: !secret {cluster: eu-1, namespace: @NS@, name: login, key: token}
  state_storage_configuration: {type: kubernetes, namespace: jobs}
"""


class Bodies(KillSwitch):
    """Never dies; keeps what was sent."""

    def __init__(self) -> None:
        super().__init__(0, after_effect=False)
        self.sent: list[str] = []

    def wrap(self, transport: httpx.BaseTransport) -> httpx.BaseTransport:
        return _Reading(transport, self.sent)


class _Reading(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport, sent: list[str]) -> None:
        self._inner = inner
        self._sent = sent

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._sent.append(request.read().decode())
        return self._inner.handle_request(request)


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    name = f"test-{uuid4().hex[:8]}"
    control_plane.namespace(name)
    control_plane.secret(name, "login", password=VALUE, token=f"{VALUE}-token")
    control_plane.grant(name, USER, "login")
    return name


@pytest.fixture
def world(tmp_path: Path, control_plane: ControlPlane, namespace: str) -> World:
    made = World.make(tmp_path)
    path = control_plane.kubeconfig(tmp_path / "kubeconfig")
    cluster = Cluster.model_validate({"kubeconfig": {"path": str(path)}})
    made.settings = made.settings.model_copy(update={"clusters": {"eu-1": cluster}})
    made.write("db.yaml", definition(namespace))
    made.write("runner.yaml", RUNNER.replace("@NS@", namespace))
    made.switch = Bodies()
    return made


def definition(namespace: str, name: str = "orders") -> str:
    tag = f"!secret {{cluster: eu-1, namespace: {namespace}, name: login, key: password}}"
    return definition_yaml("orders", inputs=f"{{secrets: {{password: {tag}}}}}").replace(
        "name: orders", f"name: {name}"
    )


def shown(world: World, *results: PassResult) -> str:
    return "\n".join([everything_said(world, *results), *map(as_markdown, results)])


def test_a_definition_and_a_runner_get_the_values_of_the_cluster(world: World) -> None:
    planned = world.plan()
    assert sorted(actions(planned)) == ["create Definition/orders", "create Runner/jobs"]
    assert the_plan(planned).unexamined == ()
    applied = world.apply()
    assert applied.verdict is Verdict.APPLIED, as_text(applied)
    assert isinstance(world.switch, Bodies)
    bodies = [json.loads(text) for text in world.switch.sent if text]
    assert {"password": VALUE} in [body.get("driver_inputs", {}).get("secrets") for body in bodies]
    auth = [body.get("runner_configuration", {}).get("cluster", {}).get("auth") for body in bodies]
    assert {"service_account_token": f"{VALUE}-token"} in auth
    again = world.plan()
    assert again.verdict is Verdict.EMPTY
    assert the_plan(again).unexamined == ()
    assert "canary" not in shown(world, planned, applied, again)


def test_a_rotated_secret_is_an_update_that_shows_no_value(
    world: World, control_plane: ControlPlane, namespace: str
) -> None:
    world.apply()
    control_plane.secret(namespace, "login", password=f"{VALUE}-2", token=f"{VALUE}-token-2")
    planned = world.plan()
    assert sorted(actions(planned)) == ["update Definition/orders", "update Runner/jobs"]
    assert {field.secret for action in the_plan(planned).actions for field in action.subject.fields} == {
        SecretDifference.CHANGED
    }
    assert not any(action.subject.is_drift for action in the_plan(planned).actions)
    applied = world.apply()
    assert applied.verdict is Verdict.APPLIED
    assert isinstance(world.switch, Bodies)
    assert sum(f"{VALUE}-2" in text for text in world.switch.sent) == 1
    assert world.plan().verdict is Verdict.EMPTY
    assert "canary" not in shown(world, planned, applied)


def test_a_reader_without_the_right_plans_and_an_apply_sends_nothing_of_it(
    world: World, control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    world.apply()
    control_plane.kubeconfig(tmp_path / "kubeconfig", "stranger")
    planned = world.plan()
    assert planned.verdict is Verdict.EMPTY
    (unexamined,) = the_plan(planned).unexamined
    assert (unexamined.subject, unexamined.reason) == (
        "2 secret values",
        (
            f"cluster eu-1: Secret {namespace}/login may not be read with these credentials (403); "
            "grant them `get` on this Secret with a Role in its namespace"
        ),
    )
    assert world.apply().verdict is Verdict.EMPTY
    world.write("db.yaml", definition(namespace, "renamed"))
    before = world.live()
    applied = world.apply()
    (outcome,) = [outcome for outcome in applied.outcomes if outcome.action.key.id == "orders"]
    assert outcome.status is Status.FAILED
    assert outcome.message.startswith(f"not sent: cluster eu-1: Secret {namespace}/login may not be read")
    assert world.live() == before
    assert "canary" not in shown(world, planned, applied)


def test_a_service_account_of_a_pod_may_be_all_that_the_settings_name(
    control_plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control_plane.service_account(namespace, "reconciler", tmp_path / "account")
    other = f"{namespace}-2"
    control_plane.namespace(other)
    control_plane.secret(other, "login", password=VALUE)
    account = {"kind": "ServiceAccount", "name": "reconciler", "namespace": namespace}
    control_plane.grant(other, account, "login")
    settings = World.make(tmp_path).settings.model_copy(
        update={"clusters": {"here": Cluster(inCluster=True)}}
    )
    environment = {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(control_plane.layout.apiserver),
    }
    found = HandedInSecrets(
        settings, environment, base=tmp_path, tree=None, service_account=tmp_path / "account"
    )(ClusterSecret("here", other, "login", "password"))
    assert found == Secret(VALUE)


@pytest.fixture
def repository(tmp_path: Path, control_plane: ControlPlane, namespace: str) -> Iterator[Path]:
    """A folder whose settings name an emulator on a real port and a cluster."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "db.yaml").write_text(definition(namespace))
    (folder / "runner.yaml").write_text(RUNNER.replace("@NS@", namespace))
    path = control_plane.kubeconfig(tmp_path / "kubeconfig-of-commands")
    with Emulator(organizations=["acme"]) as emulator, running(emulator) as url:
        (folder / "reconciler.yaml").write_text(
            "version: 1\ntargets:\n  acme:\n    organization: acme\n"
            f"    orchestrator: {{url: '{url}', token: {{env: TEST_TOKEN}}}}\n"
            f"    runners: {{url: '{url}', token: {{env: TEST_TOKEN}}}}\n"
            f"clusters:\n  eu-1:\n    kubeconfig: {{path: {path}, context: it}}\n"
        )
        yield folder


def test_commands_send_the_value_and_print_it_in_no_format_and_at_no_log_level(
    repository: Path, control_plane: ControlPlane, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "x")
    printed: list[str] = []

    def run(*arguments: str) -> int:
        code, out, err = call(repository, "--log-level", "debug", "--debug", *arguments)
        printed.extend((out, err))
        return code

    assert run("plan", "--detailed-exit-code") == ExitCode.CHANGES
    assert run("apply", "--yes") == ExitCode.DONE, printed
    assert run("plan", "--detailed-exit-code") == ExitCode.DONE
    control_plane.secret(namespace, "login", password=f"{VALUE}-2", token=f"{VALUE}-token")
    saved = repository.parent / "saved"
    for form in ("text", "json", "markdown"):
        assert run("plan", "--detailed-exit-code", "-o", form) == ExitCode.CHANGES
    assert run("plan", "--out", str(saved)) == ExitCode.DONE
    assert run("apply", "--yes", "--plan", str(saved)) == ExitCode.DONE, printed
    assert run("plan", "--detailed-exit-code") == ExitCode.DONE
    files = [path for path in (repository, saved) for path in ([path] if path.is_file() else path.rglob("*"))]
    printed.extend(path.read_text(errors="replace") for path in files if path.is_file())
    whole = "\n".join(printed)
    assert "Definition/orders" in whole
    assert "canary" not in whole
    assert not any(token in whole for token in TOKENS.values())
