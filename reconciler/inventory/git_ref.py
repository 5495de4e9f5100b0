"""The record of ownership in a Git ref, `refs/reconciler/<instance>/<target>`.

Each write is a commit whose only file is `inventory.json` and whose parent is the record it
replaces, so stateless CI can prune and `git log` shows who owned what when. The ref lives
outside `refs/heads`: no branch, no work tree and no index is ever touched.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from reconciler.errors import InventoryConflictError, InventoryError
from reconciler.inventory.git_command import Answer, GitCommand, without_credentials
from reconciler.inventory.store import MAX_RECORD_BYTES, checked_name, decode, encode
from reconciler.model.record import Inventory

FILE_NAME = "inventory.json"
_REMOTE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_REMOTE_URL = re.compile(r"(?:https|ssh|file)://[^\s-][^\s]*")
_SCP_LIKE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s-][^\s]*")
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Access(StrEnum):
    """What a store may do. `READ` moves no ref here and pushes nothing anywhere."""

    READ = "read"
    WRITE = "write"


class GitInventory:
    """Keeps each target's record in a ref of the repository at `repository`.

    With `remote` (a configured name or an https, ssh or file URL) the remote's ref is the record:
    it is asked before every read and pushed to on every write, and no ref moves here.
    Without, the ref lives in this repository alone. Raises InventoryError where there is no
    repository or the remote cannot be one.
    """

    def __init__(
        self,
        repository: Path,
        instance: str,
        *,
        remote: str | None = None,
        access: Access = Access.WRITE,
        environment: Mapping[str, str],
    ) -> None:
        self._instance = checked_name(instance, what="instance")
        self._remote = None if remote is None else _checked_remote(remote)
        self._access = access
        self._repository = repository
        self._git = GitCommand(_git_dir(repository), environment=environment)
        self._head: dict[str, str] = {}
        """Commit of each target as last read or written here, "" where there was none."""
        found = self._git.run("rev-parse", "--git-dir")
        if found.code:
            raise InventoryError(
                f"{repository} is no usable Git repository: {found.message}",
                advice="run in a clone, or keep the inventory in a file (`inventory.file`)",
            )

    def read(self, target: str) -> Inventory:
        """Return the record; see `InventoryStore.read`."""
        ref = self._ref(target)
        head = self._remote_head(ref) if self._remote else self._local_head(ref)
        if not head:
            inventory = Inventory(self._instance, target, exists=False)
        else:
            if self._remote:
                self._fetch(ref, head)
            place = f"{ref} ({head[:12]}) of {self._place()}"
            inventory = decode(
                self._content(head, place), instance=self._instance, target=target, place=place
            )
        self._head[target] = head
        return inventory

    def write(self, inventory: Inventory) -> None:
        """Replace the record; see `InventoryStore.write`. Raises InventoryError with read access."""
        if inventory.instance != self._instance:
            raise InventoryError(f"a record of instance {inventory.instance!r} does not belong here")
        ref = self._ref(inventory.target)
        if self._access is Access.READ:
            raise InventoryError(f"{ref} was opened to be read only; nothing was written")
        before = self._head.get(inventory.target, "")
        commit = self._commit(
            encode(inventory), before, f"{inventory.target}: {len(inventory.entries)} objects"
        )
        if self._remote:
            self._push(ref, before, commit)
        else:
            self._update(ref, before, commit)
        self._head[inventory.target] = commit

    def _place(self) -> str:
        if self._remote:
            return f"the remote {without_credentials(self._remote)}"
        return f"the repository {self._repository}"

    def _ref(self, target: str) -> str:
        return f"refs/reconciler/{self._instance}/{checked_name(target, what='target')}"

    def _local_head(self, ref: str) -> str:
        answer = self._git.run("for-each-ref", "--format=%(refname) %(objectname)", "--", ref)
        # A damaged ref is only warned of and then left out: that is no proof that there is none.
        if answer.code or "broken ref" in answer.message:
            raise InventoryError(
                f"cannot read {ref}: {answer.message}",
                advice="nothing was changed; repair the repository (`git fsck`), or remove the damaged ref",
            )
        return _object_of(ref, answer, separator=" ", name_first=True)

    def _remote_head(self, ref: str) -> str:
        """Commit of the remote's ref, "" where the remote answered that there is none."""
        assert self._remote is not None
        answer = self._git.run("ls-remote", "--quiet", "--", self._remote, ref)
        if answer.code or "broken ref" in answer.message:
            raise InventoryError(
                f"cannot read {ref} from {self._place()}: {answer.message}",
                advice="check the remote's URL, its credentials and the network",
            )
        return _object_of(ref, answer, separator="\t", name_first=False)

    def _fetch(self, ref: str, head: str) -> None:
        assert self._remote is not None
        if self._has(head):
            return
        answer = self._git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--refmap=",
            "--no-recurse-submodules",
            "--",
            self._remote,
            ref,
        )
        # Somebody may have replaced the record between the two calls: then this one is not the latest.
        if answer.code or not self._has(head):
            reason = answer.message or "it was replaced while it was being read"
            raise InventoryError(f"cannot fetch {ref} from {self._place()}: {reason}", advice="run again")

    def _has(self, commit: str) -> bool:
        return self._git.run("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def _content(self, commit: str, place: str) -> bytes:
        name = f"{commit}:{FILE_NAME}"
        size = self._git.run("cat-file", "-s", name)
        if size.code or not size.text.isdigit():
            raise InventoryError(
                f"{place} holds no {FILE_NAME}",
                advice="nothing was changed; something else wrote the ref, look at it with `git log`",
            )
        if int(size.text) > MAX_RECORD_BYTES:
            raise InventoryError(f"{FILE_NAME} in {place} is larger than {MAX_RECORD_BYTES} bytes")
        answer = self._git.run("cat-file", "blob", name)
        if answer.code:
            raise InventoryError(f"cannot read {FILE_NAME} in {place}: {answer.message}")
        return answer.output

    def _commit(self, content: bytes, parent: str, subject: str) -> str:
        blob = self._made("hash-object", "-w", "--stdin", stdin=content)
        tree = self._made("mktree", stdin=f"100644 blob {blob}\t{FILE_NAME}\n".encode())
        parents = ("-p", parent) if parent else ()
        return self._made("commit-tree", tree, *parents, "-m", subject)

    def _made(self, *arguments: str, stdin: bytes = b"") -> str:
        answer = self._git.run(*arguments, stdin=stdin)
        if answer.code or _OBJECT.fullmatch(answer.text) is None:
            raise InventoryError(
                f"cannot store the record in {self._repository}: {answer.message}",
                advice="check that the repository can be written to",
            )
        return answer.text

    def _update(self, ref: str, before: str, commit: str) -> None:
        # An empty old value means that the ref must not exist yet (git-update-ref(1)).
        answer = self._git.run("update-ref", "--no-deref", "--", ref, commit, before)
        if answer.code:
            if self._local_head(ref) != before:
                raise _conflict(ref, self._place())
            raise InventoryError(f"cannot write {ref}: {answer.message}")

    def _push(self, ref: str, before: str, commit: str) -> None:
        assert self._remote is not None
        answer = self._git.run(
            "push",
            "--quiet",
            "--no-verify",
            "--no-follow-tags",
            "--no-signed",
            "--recurse-submodules=no",
            f"--force-with-lease={ref}:{before}",
            "--",
            self._remote,
            f"{commit}:{ref}",
        )
        if answer.code == 0:
            return
        # The answer may have been lost after the remote took the commit, so look instead of guessing.
        now = self._remote_head(ref)
        if now == commit:
            return
        if now != before:
            raise _conflict(ref, self._place())
        raise InventoryError(
            f"cannot push {ref} to {self._place()}: {answer.message}",
            advice="the credentials need the right to push `refs/reconciler/*`",
        )


def cached_repository(url: str, cache: Path, *, environment: Mapping[str, str]) -> Path:
    """Return a bare repository below `cache` for records kept at `url`, made where it is missing.

    For sources that are a URL and not a clone: `GitInventory(cached_repository(url, cache, …), …,
    remote=url)`. Nothing of the branches is fetched into it. Raises InventoryError.
    """
    name = hashlib.sha256(_checked_remote(url).encode()).hexdigest()[:32]
    path = cache / f"inventory-{name}.git"
    if not (path / "HEAD").is_file():
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InventoryError(
                f"cannot make {path}: {error.strerror}", advice="choose another cache folder"
            ) from error
        answer = GitCommand(path, environment=environment).run("init", "--quiet", "--bare", "--template=")
        if answer.code:
            raise InventoryError(
                f"cannot make {path}: {answer.message}", advice="choose another cache folder"
            )
    return path


def _git_dir(repository: Path) -> Path:
    """Folder of the objects and refs: `.git`, what a `.git` file points at, or a bare repository itself."""
    inner = repository / ".git"
    if inner.is_file():
        try:
            text = inner.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InventoryError(f"cannot read {inner}") from error
        if text.startswith("gitdir:"):
            return Path(os.path.normpath(repository / text.removeprefix("gitdir:").strip()))
    return inner if inner.is_dir() else repository


def _checked_remote(remote: str) -> str:
    """Return a remote that git cannot take for an option or for a transport that runs programs."""
    if (
        remote.startswith("-")
        or "::" in remote
        or not any(pattern.fullmatch(remote) for pattern in (_REMOTE_NAME, _REMOTE_URL, _SCP_LIKE))
    ):
        raise InventoryError(
            f"{without_credentials(remote)!r} cannot be the remote of the inventory",
            advice="name a remote of the repository, or give an https, ssh or file URL",
        )
    return remote


def _object_of(ref: str, answer: Answer, *, separator: str, name_first: bool) -> str:
    """Find the line of exactly this ref: git matches patterns by their last part too."""
    for line in answer.text.splitlines():
        left, _, right = line.strip().partition(separator)
        name, found = (left, right) if name_first else (right, left)
        if name == ref and _OBJECT.fullmatch(found):
            return found
    return ""


def _conflict(ref: str, place: str) -> InventoryConflictError:
    return InventoryConflictError(
        f"{ref} of {place} was written by another run since this one read it",
        advice="run again: what is owned is read anew",
    )
