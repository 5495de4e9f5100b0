"""Small private files: read and created safely despite links, pipes and crashes.

Used by the file inventory, the digest key and saved plans. Raises the OSError of the system; the callers
know the purpose of the file and turn it into a message.
"""

import errno
import os
import secrets
import stat
from pathlib import Path


def read_private(path: Path, *, max_bytes: int) -> tuple[bytes, int]:
    """Content and permission bits of a file.

    Raises FileNotFoundError if it does not exist, OSError if it is a symbolic link or otherwise
    not a regular file, or if it is larger than `max_bytes`.
    """
    # O_NONBLOCK: opening must not hang if the file was replaced by a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if status.st_size > max_bytes:
            raise OSError(errno.EFBIG, f"larger than {max_bytes} bytes", str(path))
        return file.read(), stat.S_IMODE(status.st_mode)


def write_beside(path: Path, content: bytes) -> Path:
    """Write a new file with mode 0600 next to `path`, flush it to disk, and return its path."""
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


def replace_private(path: Path, content: bytes) -> None:
    """Replace the file, or create it, with mode 0600: readers see all of it or what was there before.

    A failure leaves no temporary file. The folder is not flushed to disk.
    """
    temporary = write_beside(path, content)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Flush a folder to disk, so that renamed and new files in it survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_folder(folder: Path) -> None:
    """Create the folder with mode 0700; an existing one keeps its mode."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
