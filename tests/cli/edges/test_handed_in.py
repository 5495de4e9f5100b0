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
from reconciler.settings import InventorySettings, Settings

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


@pytest.mark.parametrize("environment", [{}, {"A": ""}])
def test_a_variable_that_is_not_set_is_reported(tree: Path, environment: dict[str, str]) -> None:
    assert looked_up(tree, EnvironmentVariable("A"), **environment) == "<environment variable A is not set>"


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
        assert "is not a regular file" in said or "cannot be read" in said, path


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


@pytest.mark.parametrize(
    ("cluster", "said"),
    [("eu-1", "cluster eu-1 cannot be read yet"), ("eu-9", "cluster eu-9 is not in the settings")],
)
def test_clusters_cannot_be_read_yet(tree: Path, cluster: str, said: str) -> None:
    assert looked_up(tree, ClusterSecret(cluster, "ns", "name", "key")) == f"<{said}>"
