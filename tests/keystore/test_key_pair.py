"""New key pairs, and the files they are written to."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import KeyStoreError, UsageError
from reconciler.keystore import key_pair
from reconciler.keystore.key_pair import KeyPair, generated, write_private_key
from reconciler.keystore.private_key import inspect_private_key
from reconciler.model.key import Algorithm


@pytest.fixture(scope="module", params=list(Algorithm))
def pair(request: pytest.FixtureRequest) -> KeyPair:
    return generated(request.param)


@pytest.fixture(scope="module")
def small() -> KeyPair:
    return generated(Algorithm.ED25519)


def content(pair: KeyPair) -> str:
    text = pair.private.reveal()
    assert isinstance(text, str)
    return text


def test_both_halves_belong_together_and_are_what_openssl_reads(pair: KeyPair, tmp_path: Path) -> None:
    found = inspect_private_key(content(pair).encode())
    assert found is not None
    assert (found.fingerprint, found.algorithm) == (pair.public.fingerprint, pair.public.algorithm)
    assert pair.public.bits == (4096 if pair.public.algorithm == "RSA" else 0)
    path = tmp_path / "key.pem"
    write_private_key(path, pair)
    shown = subprocess.run(
        ["openssl", "pkey", "-in", str(path), "-pubout"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == pair.public.pem.split()


def test_no_representation_shows_the_private_half(pair: KeyPair) -> None:
    assert content(pair).splitlines()[1] not in f"{pair!r} {pair}"


def test_two_pairs_are_different(small: KeyPair) -> None:
    assert generated(Algorithm.ED25519).public.fingerprint != small.public.fingerprint


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_only_the_owner_can_read_the_file_whatever_the_umask(
    tmp_path: Path, small: KeyPair, umask: int
) -> None:
    before = os.umask(umask)
    try:
        write_private_key(tmp_path / "key.pem", small)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert (tmp_path / "key.pem").read_text() == content(small)


def test_what_exists_is_never_changed(tmp_path: Path, small: KeyPair) -> None:
    existing, link, dangling = tmp_path / "key.pem", tmp_path / "link.pem", tmp_path / "dangling.pem"
    existing.write_text("theirs")
    link.symlink_to(existing)
    dangling.symlink_to(tmp_path / "nowhere.pem")
    for path in (existing, link, dangling, tmp_path, Path("/dev/stdout")):
        with pytest.raises(UsageError, match="already exists and was not changed"):
            write_private_key(path, small)
    assert existing.read_text() == "theirs"
    assert not (tmp_path / "nowhere.pem").exists()


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path, small: KeyPair) -> None:
    with pytest.raises(UsageError, match=r"missing/key\.pem cannot be written: No such file or directory"):
        write_private_key(tmp_path / "missing" / "key.pem", small)


def test_nothing_is_left_of_a_file_that_cannot_be_written(
    tmp_path: Path, small: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="cannot be written: No space left on device"):
        write_private_key(tmp_path / "key.pem", small)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_reads_back_differently_is_an_error_and_removed(
    tmp_path: Path, small: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = generated(Algorithm.ED25519)
    monkeypatch.setattr(
        key_pair, "inspect_private_key", lambda _: inspect_private_key(content(other).encode())
    )
    with pytest.raises(KeyStoreError, match="does not read back as it was written"):
        write_private_key(tmp_path / "key.pem", small)
    assert list(tmp_path.iterdir()) == []
