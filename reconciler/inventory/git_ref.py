"""The record of ownership in a Git ref, `refs/reconciler/<instance>/<target>`.

Each write is a commit whose only file is `inventory.json` and whose parent is the record it
replaces, so stateless CI can prune, and `git log` shows the history of ownership. The ref is
outside `refs/heads`; branches, work trees and the index are never touched.
"""

import os
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.errors import InventoryConflictError, InventoryError, RepositoryError
from reconciler.inventory.store import MAX_RECORD_BYTES, checked_name, decode, encode
from reconciler.model.record import Inventory
from reconciler.model.url import masked
from reconciler.model.wording import plural
from reconciler.repository.cache import Cache
from reconciler.repository.folder import git_dir_of
from reconciler.repository.launch import REACHING, REMOTE, Answer, Launcher
from reconciler.repository.own_configuration import headers
from reconciler.repository.url import check_url

FILE_NAME = "inventory.json"
_REMOTE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SETTINGS = (
    ("transfer.fsckObjects", "true"),
    *((f"{role}.name", "reconciler") for role in ("author", "committer")),
    *((f"{role}.email", "reconciler@localhost") for role in ("author", "committer")),
)
_CONFIGURATION = (
    "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = {form}\n"
)
_FAILED = 1


class Access(StrEnum):
    """What a store is allowed to do. `READ` neither moves a local ref nor pushes."""

    READ = "read"
    WRITE = "write"


class GitInventory:
    """Stores the record of each target in a ref of the repository at `repository`.

    With `remote` (the name of one of its remotes, or a URL that would be allowed as a source), the
    ref of the remote is the record: every read queries it, every write pushes to it, and no local
    ref moves. Of the configuration of the repository, only the URL of the remote and the HTTP headers are used
    for that: the rest can name programs. Without `remote`, the ref is only in this repository. Raises
    InventoryError if there is no repository or no such remote, or if the URL is refused.
    """

    def __init__(
        self,
        repository: Path,
        instance: str,
        *,
        remote: str | None = None,
        access: Access = Access.WRITE,
        launcher: Launcher,
    ) -> None:
        self._instance = checked_name(instance, what="instance")
        self._access = access
        self._repository = repository
        self._launcher = launcher
        self._url: str | None = None
        self._push_url: str | None = None
        self._name = ""
        """Name of the remote in messages, "" for a URL."""
        self._headers: tuple[tuple[str, str], ...] = ()
        self._head: dict[str, str] = {}
        """Commit of each target as last read or written here, "" if there was none."""
        self._objects: tuple[Path, str] | None = None
        try:
            self._git_dir = git_dir_of(repository)
            found = self._launcher.run(["rev-parse", "--git-dir"], folder=repository, git_dir=self._git_dir)
        except RepositoryError as error:
            raise InventoryError(str(error), advice=error.advice) from error
        if found.code:
            raise InventoryError(
                f"{repository} is not a usable Git repository: {found.message}",
                advice="run in a clone, or keep the inventory in a file (`inventory.file`)",
            )
        if remote is not None:
            self._find(remote)

    def _find(self, remote: str) -> None:
        """Look up the URLs of the remote, which git cannot take for a path or an option."""
        if _REMOTE_NAME.fullmatch(remote) is None:
            self._url = self._push_url = checked_url(remote)
            return
        self._name = remote
        self._url = self._url_of(remote)
        self._push_url = self._url_of(remote, "--push")
        self._headers = headers(self._repository, self._git_dir, self._launcher)

    def _url_of(self, remote: str, *options: str) -> str:
        answer = self._run("remote", "get-url", *options, "--", remote)
        if answer.code:
            raise InventoryError(
                f"{self._repository} has no remote {remote!r}",
                advice="name a remote that `git remote` lists, or give an https, ssh or file URL",
            )
        url = answer.text
        if url.startswith(("/", "./", "../")):
            url = Path(os.path.normpath(self._repository.absolute() / url)).as_uri()
        return checked_url(url)

    def _run(self, *arguments: str, given: bytes = b"") -> Answer:
        """Run one git command to its end; a command that cannot be run or does not finish counts as failed.

        A remote may have acted even if the command failed: read it again to find out.
        """
        try:
            if arguments[0] in REACHING:
                return self._reach(arguments)
            return self._launcher.run(
                arguments, folder=self._repository, git_dir=self._git_dir, settings=_SETTINGS, given=given
            )
        except RepositoryError as error:
            return Answer(_FAILED, b"", str(error))

    def _reach(self, arguments: Sequence[str]) -> Answer:
        """Run a command on the remote, in an empty repository that shares only the objects of the real one."""
        objects, form = self._of_repository()
        with TemporaryDirectory(prefix="reconciler-") as folder:
            place = Path(folder)
            for name in ("objects", "refs"):
                (place / name).mkdir()
            (place / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
            (place / "config").write_text(_CONFIGURATION.format(form=form), encoding="ascii")
            return self._launcher.run(
                arguments,
                folder=place,
                git_dir=place,
                objects=objects,
                url=self._push_url if arguments[0] == "push" else self._url,
                settings=(*_SETTINGS, *self._headers),
            )

    def _of_repository(self) -> tuple[Path, str]:
        """Folder of the objects, and the name of their hash."""
        if self._objects is None:
            answer = self._run("rev-parse", "--show-object-format", "--git-path", "objects")
            form, _, path = answer.text.partition("\n")
            if answer.code or not path:
                raise RepositoryError(f"{self._repository} is not a usable Git repository: {answer.message}")
            self._objects = (self._repository.absolute() / path, form)
        return self._objects

    def read(self, target: str) -> Inventory:
        """The record; see `InventoryStore.read`."""
        ref = self._ref(target)
        head = self._remote_head(ref) if self._url else self._local_head(ref)
        if not head:
            inventory = Inventory(self._instance, target, exists=False)
        else:
            if self._url:
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
            raise InventoryError(
                f"a record of instance {inventory.instance!r} cannot be written for instance {self._instance!r}"
            )
        ref = self._ref(inventory.target)
        if self._access is Access.READ:
            raise InventoryError(f"{ref} was opened for reading only; nothing was written")
        before = self._head.get(inventory.target, "")
        commit = self._commit(
            encode(inventory), before, f"{inventory.target}: {plural(len(inventory.entries), 'object')}"
        )
        if self._url:
            self._push(ref, before, commit)
        else:
            self._update(ref, before, commit)
        self._head[inventory.target] = commit

    def _place(self) -> str:
        if self._url is not None:
            return f"the remote {self._name or masked(self._url)}"
        return f"the repository {self._repository}"

    def _ref(self, target: str) -> str:
        return f"refs/reconciler/{self._instance}/{checked_name(target, what='target')}"

    def _local_head(self, ref: str) -> str:
        answer = self._run("for-each-ref", "--format=%(refname) %(objectname)", "--", ref)
        # Git only warns of a damaged ref and omits it, which does not prove that the ref does not exist.
        if answer.code or "broken ref" in answer.errors:
            raise InventoryError(
                f"cannot read {ref}: {answer.message}",
                advice="nothing was changed; repair the repository (`git fsck`), or remove the damaged ref",
            )
        return _object_of(ref, answer, separator=" ", name_first=True)

    def _remote_head(self, ref: str) -> str:
        """Commit of the ref on the remote, "" if the remote answers that there is none."""
        answer = self._run("ls-remote", "--quiet", "--", REMOTE, ref)
        if answer.code or "broken ref" in answer.errors:
            raise InventoryError(
                f"cannot read {ref} from {self._place()}: {answer.message}",
                advice="check the URL of the remote, the credentials and the network",
            )
        return _object_of(ref, answer, separator="\t", name_first=False)

    def _fetch(self, ref: str, head: str) -> None:
        if self._has(head):
            return
        answer = self._run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--refmap=",
            "--no-recurse-submodules",
            "--",
            REMOTE,
            ref,
        )
        # If somebody replaced the record between the two calls, this one is not the latest.
        if answer.code or not self._has(head):
            reason = answer.message or "it was replaced while it was being read"
            raise InventoryError(f"cannot fetch {ref} from {self._place()}: {reason}", advice="run again")

    def _has(self, commit: str) -> bool:
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def _content(self, commit: str, place: str) -> bytes:
        name = f"{commit}:{FILE_NAME}"
        size = self._run("cat-file", "-s", name)
        if size.code or not size.text.isdigit():
            raise InventoryError(
                f"{place} does not contain {FILE_NAME}",
                advice="nothing was changed; another program wrote the ref, check it with `git log`",
            )
        if int(size.text) > MAX_RECORD_BYTES:
            raise InventoryError(f"{FILE_NAME} in {place} is larger than {MAX_RECORD_BYTES} bytes")
        answer = self._run("cat-file", "blob", name)
        if answer.code:
            raise InventoryError(f"cannot read {FILE_NAME} in {place}: {answer.message}")
        return answer.output

    def _commit(self, content: bytes, parent: str, subject: str) -> str:
        blob = self._made("hash-object", "-w", "--stdin", given=content)
        tree = self._made("mktree", given=f"100644 blob {blob}\t{FILE_NAME}\n".encode())
        parents = ("-p", parent) if parent else ()
        return self._made("commit-tree", tree, *parents, "-m", subject)

    def _made(self, *arguments: str, given: bytes = b"") -> str:
        answer = self._run(*arguments, given=given)
        if answer.code or _OBJECT.fullmatch(answer.text) is None:
            raise InventoryError(
                f"cannot store the record in {self._repository}: {answer.message}",
                advice="check that the repository is writable",
            )
        return answer.text

    def _update(self, ref: str, before: str, commit: str) -> None:
        # An empty old value means that the ref must not exist yet (git-update-ref(1)).
        answer = self._run("update-ref", "--no-deref", "--", ref, commit, before)
        if answer.code:
            if self._local_head(ref) != before:
                raise _conflict(ref, self._place())
            raise InventoryError(f"cannot write {ref}: {answer.message}")

    def _push(self, ref: str, before: str, commit: str) -> None:
        answer = self._run(
            "push",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--no-signed",
            "--recurse-submodules=no",
            f"--force-with-lease={ref}:{before}",
            "--",
            REMOTE,
            f"{commit}:{ref}",
        )
        # Git prints this last line for a push without errors: a wrapper that does nothing and exits with 0 does not.
        if answer.code == 0 and answer.text.endswith("Done"):
            return
        # The remote may have accepted the commit although the answer was lost, so read its ref again.
        now = self._remote_head(ref)
        if now == commit:
            return
        if now != before:
            raise _conflict(ref, self._place())
        raise InventoryError(
            f"cannot push {ref} to {self._place()}: {answer.message}",
            advice="the credentials need permission to push `refs/reconciler/*`",
        )


def cached_repository(url: str, cache: Cache) -> Path:
    """Bare repository for records stored at `url`, created if it does not exist.

    For sources that are a URL, not a clone: `GitInventory(cached_repository(url, cache), …,
    remote=url)`. Branches are never fetched into it. Raises InventoryError.
    """
    if _REMOTE_NAME.fullmatch(url):
        raise InventoryError(
            f"{url!r} cannot be the remote of the inventory: there is no clone that has a remote of that name",
            advice="give its URL, or remove `inventory.git.remote` to use the URL of --source",
        )
    try:
        return cache.made(checked_url(url))
    except RepositoryError as error:
        raise InventoryError(str(error), advice=error.advice) from error


def checked_url(url: str) -> str:
    """The URL, if it would be allowed as a source. Raises InventoryError otherwise."""
    try:
        return check_url(url)
    except RepositoryError as error:
        raise InventoryError(
            f"{masked(url)!r} cannot be the remote of the inventory: {error}",
            advice=f"name a remote of the repository, or {error.advice}",
        ) from error


def _object_of(ref: str, answer: Answer, *, separator: str, name_first: bool) -> str:
    """Object id from the line of exactly this ref, "" if there is none: git also lists refs that end in its name."""
    for line in answer.text.splitlines():
        left, _, right = line.strip().partition(separator)
        name, found = (left, right) if name_first else (right, left)
        if name == ref and _OBJECT.fullmatch(found):
            return found
    return ""


def _conflict(ref: str, place: str) -> InventoryConflictError:
    return InventoryConflictError(
        f"another run wrote {ref} in {place} after this one read it",
        advice="run again; the record is then read again",
    )
