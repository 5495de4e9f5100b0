"""What a remote repository says about a revision, by one `git ls-remote`."""

from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import SourceError, UnknownRevisionError
from reconciler.model.url import masked
from reconciler.repository.launch import REMOTE, GitError, Launcher
from reconciler.repository.url import COMMIT_ID, check_remote_revision, check_url


@dataclass(frozen=True, slots=True)
class Listed:
    """A revision as a remote lists it. `source` is what to fetch, `commit` the full id it stood at."""

    url: str = field(repr=False)
    source: str
    commit: str


def look_up(launcher: Launcher, url: str, revision: str | None) -> Listed:
    """Return the commit that a branch or tag (None: the default branch) points to.

    Costs exactly one `git ls-remote`. A whole commit id is returned as it is, once the remote
    answered. Raises UnknownRevisionError, or SourceError where the remote cannot be reached.
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
            # a tag with a message lists the commit it points to under `^{}`
            return Listed(url, name, commits.get(f"{name}^{{}}", commits[name]))
    if revision is None:
        raise UnknownRevisionError(
            f"{masked(url)} has no default branch", advice="name a branch, or push a first commit"
        )
    raise UnknownRevisionError(
        f"{masked(url)} has no branch or tag {revision!r}",
        advice="check the name; a commit must be given by its whole id",
    )


def unreachable(url: str, error: GitError) -> SourceError:
    """The error that a failed command on a remote comes to."""
    return SourceError(
        f"{masked(url)} cannot be read: {error.text}",
        advice="check the URL, the network, and the credentials that git is given",
    )
