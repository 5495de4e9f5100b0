"""Look-up of a revision in a remote repository, with one `git ls-remote`."""

from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import SourceError, UnknownRevisionError
from reconciler.model.url import masked
from reconciler.repository.launch import REMOTE, GitError, Launcher
from reconciler.repository.url import COMMIT_ID, check_remote_revision, check_url


@dataclass(frozen=True, slots=True)
class Listed:
    """A revision as listed by a remote. `source` is what to fetch, `commit` the full id at that time."""

    url: str = field(repr=False)
    source: str
    commit: str


def look_up(launcher: Launcher, url: str, revision: str | None) -> Listed:
    """The commit that a branch or tag (None: the default branch) points to.

    Takes exactly one `git ls-remote`. A full commit id is returned as it is, provided that the remote
    answers. Raises UnknownRevisionError, or SourceError if the remote cannot be reached.
    """
    check_url(url)
    if revision is not None:
        check_remote_revision(revision)
    is_commit = revision is not None and COMMIT_ID.fullmatch(revision) is not None
    if revision is None or is_commit:
        names = ["HEAD"]
    elif revision.startswith("refs/"):
        names = [revision]
    else:
        names = [f"refs/heads/{revision}", f"refs/tags/{revision}"]
    patterns = [*names, *(f"{name}^{{}}" for name in names)]
    try:
        output = launcher.output(["ls-remote", "--", REMOTE, *patterns], folder=Path("/"), url=url)
    except GitError as error:
        raise unreachable(url, error) from error
    if revision is not None and is_commit:
        return Listed(url, revision.lower(), revision.lower())
    lines = (line.partition("\t") for line in output.decode("utf-8", "replace").splitlines())
    commits = {name: commit for commit, tab, name in lines if tab}
    for name in names:
        if name in commits:
            # For an annotated tag, the commit it points to is listed under `^{}`.
            return Listed(url, name, commits.get(f"{name}^{{}}", commits[name]))
    if revision is None:
        raise UnknownRevisionError(
            f"{masked(url)} has no default branch", advice="name a branch, or push a first commit"
        )
    raise UnknownRevisionError(
        f"{masked(url)} has no branch or tag {revision!r}",
        advice="check the name; give a commit by its full id",
    )


def unreachable(url: str, error: GitError) -> SourceError:
    """The error for a failed command on a remote."""
    return SourceError(
        f"{masked(url)} cannot be read: {error.text}",
        advice="check the URL, the network and the credentials of git",
    )
