import stat
import subprocess
import threading
from pathlib import Path

import pytest

from reconciler.errors import InventoryError
from reconciler.inventory.digest_key import digest_key, existing_digest_key


def test_the_key_is_created_once_and_read_afterwards(tmp_path: Path) -> None:
    key = digest_key(tmp_path / "inventory")
    assert len(key) == 32
    assert digest_key(tmp_path / "inventory") == key
    assert digest_key(tmp_path / "another") != key


def test_only_the_owner_may_read_the_key(tmp_path: Path) -> None:
    digest_key(tmp_path)
    assert stat.S_IMODE((tmp_path / "digest.key").stat().st_mode) == 0o600


def test_git_does_not_add_the_key(tmp_path: Path) -> None:
    """Whoever has the record and the key can check guesses of a secret."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    digest_key(tmp_path / "inventory")
    subprocess.run(["git", "-C", tmp_path, "add", "-A"], check=True)
    listed = subprocess.run(["git", "-C", tmp_path, "ls-files"], check=True, capture_output=True, text=True)
    assert listed.stdout.split() == ["inventory/.gitignore"]


def test_lines_of_an_existing_ignore_file_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    digest_key(tmp_path)
    digest_key(tmp_path)
    assert (tmp_path / ".gitignore").read_text().splitlines() == ["mine", "/digest.key", "*.tmp", "*.lock"]


def test_all_that_race_for_the_first_key_get_the_same_one(tmp_path: Path) -> None:
    keys: list[bytes] = []
    start = threading.Barrier(8)

    def race() -> None:
        start.wait()
        keys.append(digest_key(tmp_path))

    racers = [threading.Thread(target=race) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33], ids=["empty", "short", "long"])
def test_a_key_of_another_length_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "digest.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InventoryError, match="32 bytes") as raised:
        digest_key(tmp_path)
    assert raised.value.advice
    assert path.read_bytes() == content


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """Git makes files readable by everyone: such a key has most likely been committed."""
    digest_key(tmp_path)
    (tmp_path / "digest.key").chmod(0o644)
    with pytest.raises(InventoryError, match="other users"):
        digest_key(tmp_path)


def test_a_link_is_refused_as_a_key(tmp_path: Path) -> None:
    digest_key(tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "digest.key").symlink_to(tmp_path / "one" / "digest.key")
    with pytest.raises(InventoryError, match="symbolic link"):
        digest_key(tmp_path / "two")


def test_read_only_use_finds_an_existing_key_and_creates_none(tmp_path: Path) -> None:
    assert existing_digest_key(tmp_path / "inventory") is None
    assert not (tmp_path / "inventory").exists()
    assert existing_digest_key(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    assert digest_key(tmp_path) == existing_digest_key(tmp_path)


def test_read_only_use_reports_a_key_that_cannot_be_used(tmp_path: Path) -> None:
    digest_key(tmp_path)
    (tmp_path / "digest.key").chmod(0o644)
    with pytest.raises(InventoryError, match="other users"):
        existing_digest_key(tmp_path)
    (tmp_path / "digest.key").unlink()
    (tmp_path / "digest.key").symlink_to("elsewhere")
    with pytest.raises(InventoryError, match="symbolic link"):
        existing_digest_key(tmp_path)
