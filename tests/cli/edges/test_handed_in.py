"""Secrets that documents name: from the environment and from files, never from the tree, never blocking."""

import os
from pathlib import Path

import pytest

from reconciler.cli.edges.handed_in import MAX_SECRET_FILE_BYTES, HandedInSecrets, read_secret_file
from reconciler.model.secret import Secret
from reconciler.model.secret_source import (
    ClusterSecret,
    EnvironmentVariable,
    NotAtHand,
    SecretFile,
    Source,
)
from reconciler.settings import Cluster, InventorySettings, Settings

SETTINGS = Settings.model_validate(
    {
        "version": 1,
        "targets": {
            "acme": {
                "organization": "acme",
                "orchestrator": {"url": "https://api.example.com", "token": {"env": "ORCHESTRATOR_TOKEN"}},
                "runners": {"url": "https://api.example.com", "token": {"file": "../token"}},
            }
        },
        "clusters": {"eu-1": {}},
        "inventory": {"digestKey": {"env": "DIGEST_KEY"}},
    }
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


def looked_up(tree: Path, source: Source, **environment: str) -> str:
    """The value, or the reason in angle brackets."""
    found = HandedInSecrets(SETTINGS, environment, base=tree, tree=tree)(source)
    return f"<{found.reason}>" if isinstance(found, NotAtHand) else str(found.reveal())


def test_the_value_of_a_variable_is_unchanged(tree: Path) -> None:
    assert looked_up(tree, EnvironmentVariable("A"), A=" x\n") == " x\n"


@pytest.mark.parametrize(("environment", "how"), [({}, "not set"), ({"A": ""}, "empty")])
def test_a_variable_without_a_value_is_reported(tree: Path, environment: dict[str, str], how: str) -> None:
    assert looked_up(tree, EnvironmentVariable("A"), **environment) == f"<environment variable A is {how}>"


@pytest.mark.parametrize(
    "path", ["/proc/self/environ", "/proc/thread-self/cmdline", "/sys/kernel/x", "/dev/stdin"]
)
def test_a_file_that_the_kernel_makes_is_no_secret(tree: Path, path: str) -> None:
    """The environment of this process has the tokens of the settings."""
    link = tree.parent / "link"
    link.symlink_to(path)
    for given in (path, str(link)):
        assert "belongs to the system" in looked_up(
            tree, SecretFile(given), ORCHESTRATOR_TOKEN="t0ken-of-settings"
        )


def test_a_token_of_the_settings_is_not_passed_on_under_another_name(tree: Path) -> None:
    token = "t0ken-of-settings"
    (tree.parent / "copy").write_text(f"export X={token}\n")
    for source in (SecretFile("../copy"), EnvironmentVariable("COPY")):
        found = looked_up(tree, source, ORCHESTRATOR_TOKEN=token, COPY=token)
        assert "contains the value of `targets.acme.orchestrator.token`" in found
        assert token not in found


@pytest.mark.parametrize("text", ["secret\n", "secret\r\n", "secret"])
def test_a_file_is_relative_to_the_settings_and_loses_its_last_line_break(tree: Path, text: str) -> None:
    (tree.parent / "password").write_bytes(text.encode())
    assert looked_up(tree, SecretFile("../password")) == "secret"
    assert looked_up(tree, SecretFile(str(tree.parent / "password"))) == "secret"


def test_a_file_of_several_lines_is_read_whole(tree: Path) -> None:
    (tree.parent / "key").write_text("one\n\ntwo\n\n")
    assert looked_up(tree, SecretFile("../key")) == "one\n\ntwo\n"


def test_links_are_followed_as_kubernetes_mounts_require(tree: Path) -> None:
    (tree.parent / "..data").mkdir()
    (tree.parent / "..data" / "password").write_text("secret")
    (tree.parent / "password").symlink_to(Path("..data") / "password")
    assert looked_up(tree, SecretFile("../password")) == "secret"


def test_a_file_in_the_tree_is_refused_by_its_name_and_by_where_links_lead(tree: Path) -> None:
    (tree / "password").write_text("secret")
    (tree.parent / "outside").symlink_to(tree / "password")
    (tree.parent / "elsewhere").write_text("secret")
    (tree / "inside").symlink_to(tree.parent / "elsewhere")
    for path in ("password", "x/../password", "../outside", "inside", str(tree / "password")):
        assert "is inside the tree" in looked_up(tree, SecretFile(path)), path


def test_files_are_compared_with_the_tree_only_where_there_is_one(tree: Path) -> None:
    """With a remote source the current folder holds no files of the tree."""
    (tree / "password").write_text("secret")
    assert HandedInSecrets(SETTINGS, {}, base=tree, tree=None)(SecretFile("password")) == Secret("secret")


def test_a_pipe_a_device_and_a_folder_are_refused(tree: Path) -> None:
    os.mkfifo(tree.parent / "pipe")
    for path in ("../pipe", "/dev/zero", "/dev/tty", ".."):
        said = looked_up(tree, SecretFile(path))
        reasons = ("is not a regular file", "cannot be read", "belongs to the system")
        assert any(reason in said for reason in reasons), path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"x" * (MAX_SECRET_FILE_BYTES + 1), "is larger than 65536 bytes", id="large"),
        pytest.param(b"\xff\xfe", "is not UTF-8 text", id="binary"),
        pytest.param(b"\n", "is empty", id="empty"),
    ],
)
def test_what_cannot_be_a_secret_is_reported(tree: Path, content: bytes, said: str) -> None:
    (tree.parent / "password").write_bytes(content)
    assert looked_up(tree, SecretFile("../password")) == f"<file ../password {said}>"
    assert read_secret_file(tree.parent / "password") == said


def test_a_missing_file_is_reported(tree: Path) -> None:
    assert "cannot be read: No such file" in looked_up(tree, SecretFile("../nothing"))
    assert "cannot" in looked_up(tree, SecretFile("~no-such-user/x"))


def test_secrets_of_this_program_are_never_passed_on(tree: Path) -> None:
    """An author of definitions must not be able to send the tokens of the settings to their own driver."""
    (tree.parent / "token").write_text("secret")
    (tree.parent / "link").symlink_to(tree.parent / "token")
    settings = SETTINGS.model_copy(
        update={"inventory": InventorySettings.model_validate({"file": {"directory": "../record"}})}
    )
    (tree.parent / "record").mkdir()
    (tree.parent / "record" / "digest.key").write_text("secret")
    found = HandedInSecrets(settings, {}, base=tree, tree=tree)(SecretFile("../record/digest.key"))
    assert isinstance(found, NotAtHand)
    environment = {"ORCHESTRATOR_TOKEN": "x", "DIGEST_KEY": "y"}
    for source, place in (
        (EnvironmentVariable("ORCHESTRATOR_TOKEN"), "targets.acme.orchestrator.token"),
        (EnvironmentVariable("DIGEST_KEY"), "inventory.digestKey"),
        (SecretFile("../token"), "targets.acme.runners.token"),
        (SecretFile("../link"), "targets.acme.runners.token"),
    ):
        said = looked_up(tree, source, **environment)
        assert said.endswith(f"is `{place}` in the settings, which is never passed on>"), source


KUBECONFIG = (
    '{"current-context": "it", "contexts": [{"name": "it", "context": {"cluster": "here", "user": "me"}}], '
    '"clusters": [{"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}], '
    '"users": [{"name": "me", "user": {"token": "canary"}}]}'
)


def with_cluster(**cluster: object) -> Settings:
    return SETTINGS.model_copy(update={"clusters": {"eu-1": Cluster.model_validate(cluster)}})


def from_cluster(tree: Path, settings: Settings, cluster: str = "eu-1", **environment: str) -> str:
    source = ClusterSecret(cluster, "db", "login", "password")
    found = HandedInSecrets(settings, environment, base=tree, tree=tree)(source)
    assert isinstance(found, NotAtHand)
    assert "canary" not in found.reason
    return found.reason


def test_a_cluster_must_be_in_the_settings_with_a_way_to_reach_it(tree: Path) -> None:
    assert from_cluster(tree, SETTINGS, "eu-9") == "cluster eu-9 is not in the settings"
    assert from_cluster(tree, with_cluster(), "eu1") == (
        "cluster eu1 is not in the settings; did you mean `eu-1`?"
    )
    assert from_cluster(tree, with_cluster(directory="rendered")) == (
        "cluster eu-1: the settings do not say how to reach it; "
        "set `clusters.eu-1.kubeconfig` or `clusters.eu-1.inCluster`"
    )


def test_a_kubeconfig_that_is_missing_is_said_with_its_setting(tree: Path) -> None:
    assert from_cluster(tree, with_cluster(kubeconfig={"path": "/nowhere/config"})) == (
        "cluster eu-1: kubeconfig /nowhere/config cannot be read: No such file or directory; "
        "set `kubeconfig.path` of the cluster in the settings"
    )
    assert "no such user" in from_cluster(tree, with_cluster(kubeconfig={"path": "~no-such-user/config"}))


def test_a_kubeconfig_is_relative_to_the_settings(tree: Path) -> None:
    (tree.parent / "config").write_text(KUBECONFIG)
    settings = with_cluster(kubeconfig={"path": "../config", "context": "it"})
    assert from_cluster(tree, settings) == (
        "cluster eu-1: the API server cannot be reached; check the network and `server` in the kubeconfig"
    )


def test_a_kubeconfig_in_the_tree_is_refused_and_its_command_never_run(tree: Path) -> None:
    """Whoever can write a file of the tree must not be able to run a command where plans are made."""
    ran = tree.parent / "ran"
    user = f'{{"exec": {{"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": ["{ran}"]}}}}'
    (tree / "config").write_text(KUBECONFIG.replace('{"token": "canary"}', user))
    (tree.parent / "outside").symlink_to(tree / "config")
    (tree.parent / "elsewhere").write_text(KUBECONFIG)
    (tree / "inside").symlink_to(tree.parent / "elsewhere")
    for path in ("config", "x/../config", "../outside", "inside", str(tree / "config")):
        reason = from_cluster(tree, with_cluster(kubeconfig={"path": path}), PATH=os.environ["PATH"])
        assert reason == (
            f"cluster eu-1: kubeconfig {path} is inside the tree, which must not contain secrets; "
            "move it, and set `clusters.eu-1.kubeconfig.path`"
        )
    assert not ran.exists()
    settings = with_cluster(kubeconfig={"path": "config"})
    HandedInSecrets(settings, dict(os.environ), base=tree, tree=None)(ClusterSecret("eu-1", "a", "b", "c"))
    assert ran.exists(), "the command would have run"


def test_a_credential_plugin_does_not_get_the_tokens_of_the_settings(tree: Path) -> None:
    seen = tree.parent / "seen"
    user = (
        '{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", '
        f'"args": ["-c", "env > {seen}; exit 1"]}}}}'
    )
    (tree.parent / "config").write_text(KUBECONFIG.replace('{"token": "canary"}', user))
    reason = from_cluster(
        tree,
        with_cluster(kubeconfig={"path": "../config"}),
        PATH=os.environ["PATH"],
        ORCHESTRATOR_TOKEN="own",
        DIGEST_KEY="own",
        PROFILE="passed",
    )
    assert "the credential plugin sh failed with exit code 1" in reason
    assert "PROFILE=passed" in seen.read_text()
    assert "own" not in seen.read_text().replace(str(tree.parent), "")


def test_credentials_for_clusters_are_never_handed_on(tree: Path) -> None:
    (tree.parent / "config").write_text(KUBECONFIG)
    (tree.parent / "link").symlink_to(tree.parent / "config")
    settings = with_cluster(kubeconfig={"path": "../config"})
    for path in ("../config", "../link"):
        found = HandedInSecrets(settings, {}, base=tree, tree=tree)(SecretFile(path))
        assert isinstance(found, NotAtHand)
        assert found.reason.endswith(
            "is `clusters.eu-1.kubeconfig` in the settings, which is never passed on"
        )
    token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    found = HandedInSecrets(with_cluster(inCluster=True), {}, base=tree, tree=tree)(SecretFile(token))
    assert isinstance(found, NotAtHand)
    assert found.reason.endswith("is `clusters.eu-1.inCluster` in the settings, which is never passed on")


def test_a_pod_is_asked_for_only_where_the_settings_say_so(tree: Path) -> None:
    assert from_cluster(tree, with_cluster(inCluster=True)) == (
        "cluster eu-1: this process does not run in a pod with a service account; "
        "use `inCluster` only in a pod that mounts one, and `kubeconfig` elsewhere"
    )
