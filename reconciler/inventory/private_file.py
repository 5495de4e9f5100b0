"""Small private files, read and created without being fooled by links, pipes or a crash.

Used by the file inventory and the digest key. Raises OSError as the system does; the callers
know what the file means and say it.
"""

import errno
import os
import secrets
import stat
from pathlib import Path


def read_private(path: Path, *, max_bytes: int) -> tuple[bytes, int]:
    """Return content and permission bits.

    Raises FileNotFoundError where there is none, OSError for a symbolic link, for anything
    that is no regular file, and for one larger than `max_bytes`.
    """
    # O_NONBLOCK: opening a pipe somebody put here must not hang.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if status.st_size > max_bytes:
            raise OSError(errno.EFBIG, f"larger than {max_bytes} bytes", str(path))
        return file.read(), stat.S_IMODE(status.st_mode)


def write_beside(path: Path, content: bytes) -> Path:
    """Write a new file of mode 0600 next to `path`, on disk when this returns, and return its name."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_folder(folder: Path) -> None:
    """Create the folder with mode 0700; one that exists keeps the mode its owner chose."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
