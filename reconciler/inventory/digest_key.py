"""The key for the digests of sent secrets, stored next to a file inventory.

Without the key, nobody can test a guess of a secret against the record, so it must never be
committed with the record. Records in a Git ref use the key from the settings
(`inventory.digestKey`) instead, because a ref is meant to be shared.
"""

import errno
import os
import secrets
from pathlib import Path

from reconciler.errors import InventoryError
from reconciler.inventory.private_file import (
    make_private_folder,
    read_private,
    replace_private,
    sync_folder,
    write_beside,
)

FILE_NAME = "digest.key"
_KEY_BYTES = 32
_IGNORED = (f"/{FILE_NAME}", "*.tmp", "*.lock")
_MAX_IGNORE_BYTES = 1_048_576


def digest_key(directory: Path) -> bytes:
    """The 32 bytes of `<directory>/digest.key`, created on first use with mode 0600.

    `directory` is the folder of the file inventory. Raises InventoryError if the key cannot be
    created or read, has another length, or can be read by other users. Errors never quote the key.
    """
    path = directory / FILE_NAME
    try:
        make_private_folder(directory)
        _keep_out_of_git(directory / ".gitignore")
        if not os.path.lexists(path):
            _create(path)
        content, mode = read_private(path, max_bytes=4096)
    except OSError as error:
        raise _unusable(path, error, "make the folder writable") from error
    return _checked(path, content, mode)


def existing_digest_key(directory: Path) -> bytes | None:
    """The same key as from `digest_key` if it exists, otherwise None. Writes nothing."""
    path = directory / FILE_NAME
    try:
        content, mode = read_private(path, max_bytes=4096)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error, "make the file readable for this user") from error
    return _checked(path, content, mode)


def _unusable(path: Path, error: OSError, remedy: str) -> InventoryError:
    reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
    return InventoryError(
        f"cannot use the digest key {path}: {reason}",
        advice=f"{remedy}, or name your own key in `inventory.digestKey`",
    )


def _checked(path: Path, content: bytes, mode: int) -> bytes:
    if mode & 0o077:
        raise InventoryError(
            f"the digest key {path} can be read by other users (mode {mode:04o})",
            advice="run `chmod 600` on it; if it was ever committed, remove it: the next apply creates a new one "
            "and assumes that the secrets in the files are those last sent",
        )
    if len(content) != _KEY_BYTES:
        raise InventoryError(
            f"the digest key {path} does not have {_KEY_BYTES} bytes",
            advice="restore it, or remove it: the next apply creates a new one and assumes that the secrets in the "
            "files are those last sent",
        )
    return content


def _create(path: Path) -> None:
    """Create the complete file atomically: the process that loses a race uses the key of the winner."""
    temporary = write_beside(path, secrets.token_bytes(_KEY_BYTES))
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def _keep_out_of_git(path: Path) -> None:
    """Make sure that the ignore file lists the key; other lines are kept."""
    try:
        content, _ = read_private(path, max_bytes=_MAX_IGNORE_BYTES)
    except FileNotFoundError:
        content = b""
    text = content.decode("utf-8", "surrogateescape")
    missing = [line for line in _IGNORED if line not in text.splitlines()]
    if missing:
        separator = "" if not text or text.endswith("\n") else "\n"
        added = text + separator + "\n".join(missing) + "\n"
        replace_private(path, added.encode("utf-8", "surrogateescape"))
