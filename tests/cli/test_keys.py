"""`reconciler keys generate`: a private key for its owner alone, and a document for the repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.keystore.private_key import inspect_private_key
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.identifier import is_v1_id
from tests.cli.running import call
from tests.repositories import run


def text(said: str) -> str:
    return " ".join(said.split())


@pytest.mark.parametrize(
    ("owner", "member", "algorithm", "secret"),
    [
        ("Agent/eu-1", "agent", "RSA", "humanitec-agent-secret-private-key --from-file=private_key="),
        ("operator/eu-1", "operator", "RSA", "humanitec-operator-private-key --from-file=privateKey="),
        ("Runner/jobs", "runner", "Ed25519", "humanitec-kubernetes-agent-runner --from-file=private_key="),
    ],
)
def test_the_document_has_the_public_half_of_what_is_in_the_file(
    tmp_path: Path, owner: str, member: str, algorithm: str, secret: str
) -> None:
    code, document, said = call(tmp_path, "keys", "generate", owner, "--out", "it's.pem")
    assert code == ExitCode.DONE
    found = inspect_private_key((tmp_path / "it's.pem").read_bytes())
    assert found is not None
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "key.yaml").write_text(document)
    assert call(tmp_path / "repository", "validate")[0] == ExitCode.DONE
    assert f"metadata: {{id: {owner.partition('/')[2]}-{found.fingerprint[:8]}}}\n" in document
    assert f'  for: {{{member}: "{owner.partition("/")[2]}"}}\n' in document
    pem = "\n".join(line.strip() for line in document.partition("publicKey: |\n")[2].splitlines())
    assert inspect_public_key(pem).fingerprint == found.fingerprint
    assert found.algorithm == algorithm
    assert secret in said
    assert f"'{tmp_path}/it'\"'\"'s.pem'" in said
    assert found.fingerprint[:12] in said


def test_neither_output_shows_the_private_half(tmp_path: Path) -> None:
    _, document, said = call(tmp_path, "--debug", "keys", "generate", "Runner/jobs", "--out", "key.pem")
    private = (tmp_path / "key.pem").read_text().splitlines()[1]
    assert private not in document + said
    assert "PRIVATE KEY" not in document + said


@pytest.mark.parametrize("place", ["key.pem", "deep/er/key.pem", ".git/key.pem", "../link/key.pem"])
@pytest.mark.parametrize("kind", ["work tree", "worktree", "bare", "settings"])
def test_a_place_from_which_the_key_could_reach_git_is_refused(tmp_path: Path, kind: str, place: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    match kind:
        case "work tree":
            run(tree, "init", "--quiet")
        case "worktree":
            (tree / ".git").write_text("gitdir: ../elsewhere/.git/worktrees/tree\n")
        case "bare":
            run(tree, "init", "--quiet", "--bare")
        case _:
            (tree / "reconciler.yaml").write_text("version: 1\n")
    (tree / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tree)
    before = sorted(tree.rglob("*"))
    code, document, said = call(tree, "keys", "generate", "Agent/eu-1", "--out", place)
    assert (code, document) == (ExitCode.USAGE, "")
    assert "from which it could reach Git" in text(said)
    assert "Nothing was changed." in said
    assert sorted(tree.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["eu-1"], "'eu-1' is not KIND/ID with Agent, Operator, Runner, such as Agent/eu-1"),
        (["Agent/"], "'Agent/' is not KIND/ID"),
        (["Key/eu-1"], "'Key/eu-1' is not KIND/ID"),
        (["Agent/EU"], "'EU' is not an id that Agent documents can have"),
        (["Agent/a\nb"], "is not an id that Agent documents can have"),
        (["Runner/jobs", "--bits", "4096"], "--bits is for RSA keys, and runners have Ed25519 keys"),
        (["Agent/eu-1", "--bits", "2048"], "2048 is not in the range 4096<=x<=16384"),
    ],
)
def test_wrong_arguments_are_explained_and_leave_no_file(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    code, document, said = call(tmp_path, "keys", "generate", *arguments, "--out", "key.pem")
    assert (code, document) == (ExitCode.USAGE, "")
    assert says in text(said)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("theirs")
    code, document, said = call(tmp_path, "keys", "generate", "Runner/jobs", "--out", "key.pem")
    assert (code, document) == (ExitCode.USAGE, "")
    assert "already exists and was not changed" in text(said)
    assert (tmp_path / "key.pem").read_text() == "theirs"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_document_that_cannot_be_written_does_not_hide_the_file(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "reconciler",
                "keys",
                "generate",
                "Runner/jobs",
                "--out",
                str(tmp_path / "k"),
            ],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=os.environ,
        )
    assert ended.returncode == ExitCode.OUTPUT
    assert (tmp_path / "k").exists()
    assert "Nothing was changed" not in ended.stderr
    assert f"wrote the private key to {tmp_path / 'k'}" in ended.stderr


def test_the_suggested_id_is_one(tmp_path: Path) -> None:
    _, document, _ = call(tmp_path, "keys", "generate", "Runner/jobs", "--out", "key.pem")
    assert is_v1_id(document.partition("{id: ")[2].partition("}")[0])
