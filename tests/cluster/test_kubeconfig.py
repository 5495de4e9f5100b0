"""Kubeconfigs that cannot be used, and credential plugins that misbehave: in plain words, bounded, showing nothing."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from reconciler.cluster.access import KubeconfigAccess
from reconciler.cluster.connection import Connection
from reconciler.cluster.credential_plugin import MOST_OUTPUT_BYTES, credential_of
from reconciler.cluster.kubeconfig import MOST_BYTES
from reconciler.errors import ClusterAccessError
from reconciler.model.json import JsonObject

CANARY = "canary-of-a-kubeconfig"
VERSION = "client.authentication.k8s.io/v1"
PATH = {"PATH": os.environ["PATH"]}


def whole(**changed: Any) -> dict[str, Any]:
    return {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"token": CANARY}}],
        **changed,
    }


def refused(folder: Path, content: dict[str, Any] | bytes, context: str | None = None) -> str:
    """The refusal of a kubeconfig, before any request."""
    path = folder / "config"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(ClusterAccessError) as caught:
        Connection(KubeconfigAccess(path, context), PATH)
    shown = f"{caught.value} {caught.value.advice} {caught.value.__cause__}"
    assert CANARY not in shown
    return str(caught.value).replace(str(path), "CONFIG")


def user(**members: Any) -> dict[str, Any]:
    return whole(users=[{"name": "me", "user": members}])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "kubeconfig CONFIG is not a YAML mapping", id="empty"),
        pytest.param(b"token: [canary-of-a-kubeconfig", "kubeconfig CONFIG is not a YAML mapping", id="cut"),
        pytest.param(b"\xff", "kubeconfig CONFIG is not a YAML mapping", id="binary"),
        pytest.param(
            b"x" * (MOST_BYTES + 1), "kubeconfig CONFIG is larger than 1048576 bytes", id="too large"
        ),
        pytest.param(whole(contexts=[]), "kubeconfig CONFIG has no context 'it'", id="no context"),
        pytest.param(whole(contexts={}), "kubeconfig CONFIG has no context 'it'", id="no list"),
        pytest.param(
            whole(**{"current-context": ""}), "kubeconfig CONFIG has no current context", id="no current"
        ),
        pytest.param(whole(clusters=[]), "kubeconfig CONFIG has no cluster 'here'", id="no cluster"),
        pytest.param(whole(users=None), "kubeconfig CONFIG has no user 'me'", id="no user"),
        pytest.param(
            whole(clusters=[{"name": "here", "cluster": {"server": f"https://u:{CANARY}@h"}}]),
            "the cluster in kubeconfig CONFIG has no `server` that is a URL without credentials",
            id="credentials in the URL",
        ),
        pytest.param(
            whole(clusters=[{"name": "here", "cluster": {"server": "file:///etc/passwd"}}]),
            "the cluster in kubeconfig CONFIG has no `server` that is a URL without credentials",
            id="no URL",
        ),
        pytest.param(
            user(**{"auth-provider": {"name": "oidc", "config": {"id-token": CANARY}}}),
            "the user of the kubeconfig has an `auth-provider`, which is not supported",
            id="auth provider",
        ),
        pytest.param(
            user(**{"client-certificate": "missing.crt", "client-key": "missing.key"}),
            "context it of kubeconfig CONFIG cannot be used: a file that it names is missing, or a value has the "
            "wrong form",
            id="missing certificate",
        ),
        pytest.param(
            user(token=f"{CANARY}\n{CANARY}"),
            "the token for the cluster contains characters that cannot be sent",
            id="token of two lines",
        ),
        pytest.param(user(exec=CANARY), "`exec` of the user of the kubeconfig is not a mapping", id="exec"),
        pytest.param(
            user(exec={"apiVersion": "v1alpha1", "command": "x"}),
            "the credential plugin of the kubeconfig has an `apiVersion` that is not supported",
            id="version of the plugin",
        ),
        pytest.param(
            user(exec={"apiVersion": VERSION, "command": "no-such-plugin"}),
            "the credential plugin no-such-plugin of the kubeconfig is not installed",
            id="missing plugin",
        ),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_refused_in_plain_words(
    tmp_path: Path, content: dict[str, Any] | bytes, problem: str
) -> None:
    assert refused(tmp_path, content) == problem


def test_a_context_that_the_settings_name_must_exist(tmp_path: Path) -> None:
    assert refused(tmp_path, whole(), "elsewhere") == "kubeconfig CONFIG has no context 'elsewhere'"


def test_a_kubeconfig_that_is_no_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, problem in (("pipe", "is not a regular file"), ("missing", "No such file"), (".", "directory")):
        with pytest.raises(ClusterAccessError, match=problem):
            Connection(KubeconfigAccess(tmp_path / name), {})


def plugin(folder: Path, script: str) -> JsonObject:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"apiVersion": VERSION, "command": str(path)}


def prints(status: str, version: str = VERSION) -> str:
    return f'echo \'{{"apiVersion": "{version}", "kind": "ExecCredential", "status": {status}}}\''


def test_a_plugin_gets_its_arguments_variables_and_facts_about_the_cluster(tmp_path: Path) -> None:
    given: JsonObject = {
        **plugin(
            tmp_path,
            'printf "%s|%s|%s|%s" "$1" "$OWN" "$PASSED" "$PWD" > seen; echo "$KUBERNETES_EXEC_INFO" > info\n'
            + prints('{"token": "a-token"}'),
        ),
        "args": ["one"],
        "env": [{"name": "OWN", "value": "two"}],
        "provideClusterInfo": True,
    }
    extensions: JsonObject = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    cluster: JsonObject = {"server": "https://cluster.test", "extensions": [extensions]}
    found = credential_of(given, cluster, {**PATH, "PASSED": "three"}, folder=tmp_path)
    assert found.token == "a-token"
    assert "a-token" not in repr(found)
    assert (tmp_path / "seen").read_text() == f"one|two|three|{tmp_path}"
    info = json.loads((tmp_path / "info").read_text())
    assert info["spec"]["interactive"] is False
    assert info["spec"]["cluster"]["server"] == "https://cluster.test"
    assert info["spec"]["cluster"]["config"] == {"audience": "x"}


def test_a_plugin_can_give_a_certificate(tmp_path: Path) -> None:
    given = plugin(tmp_path, prints('{"clientCertificateData": "C", "clientKeyData": "K"}'))
    found = credential_of(given, {}, PATH, folder=tmp_path)
    assert (found.token, found.certificate, found.key) == ("", "C", "K")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (f"echo {CANARY} >&2; exit 3", "the credential plugin plugin failed with exit code 3"),
        (f"echo {CANARY}", "the credential plugin plugin does not print JSON"),
        (prints("{}"), "the credential plugin plugin prints neither a token nor a certificate with its key"),
        (
            prints(f'{{"token": "{CANARY}"}}', "client.authentication.k8s.io/v1beta1"),
            f"the credential plugin plugin does not print an ExecCredential of {VERSION}",
        ),
        ("exec yes canary", f"the credential plugin plugin prints more than {MOST_OUTPUT_BYTES} bytes"),
        ("sleep 600 & wait", "the credential plugin plugin did not end in time"),
        ("read answer </dev/tty && sleep 600", "the credential plugin plugin failed with exit code"),
    ],
)
def test_a_plugin_that_misbehaves_is_ended_and_none_of_its_output_is_shown(
    tmp_path: Path, script: str, problem: str
) -> None:
    started = time.monotonic()
    with pytest.raises(ClusterAccessError) as caught:
        credential_of(plugin(tmp_path, script), {}, PATH, folder=tmp_path, timeout_s=1.0)
    assert time.monotonic() - started < 20
    assert str(caught.value).startswith(problem)
    assert CANARY not in f"{caught.value} {caught.value.advice} {caught.value.__cause__}"


def test_what_a_plugin_started_ends_with_it(tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > child\n" + prints('{"token": "a-token"}')
    assert credential_of(plugin(tmp_path, script), {}, PATH, folder=tmp_path).token == "a-token"
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 10
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_plugin_is_never_taken_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder is often the tree, whose files others write."""
    marked = tmp_path / "ran"
    plugin(tmp_path, f"touch {marked}")
    monkeypatch.chdir(tmp_path)
    given: JsonObject = {"apiVersion": VERSION, "command": "plugin"}
    with pytest.raises(ClusterAccessError, match="is not installed"):
        credential_of(given, {}, {"PATH": f"{os.pathsep}.{os.pathsep}{os.environ['PATH']}"}, folder=tmp_path)
    assert not marked.exists()


def test_a_token_of_the_user_is_preferred_to_the_plugin(tmp_path: Path) -> None:
    marked = tmp_path / "ran"
    path = tmp_path / "config"
    path.write_text(json.dumps(user(token=CANARY, exec=plugin(tmp_path, f"touch {marked}"))))
    Connection(KubeconfigAccess(path), PATH)
    assert not marked.exists()
