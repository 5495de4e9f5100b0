"""Which Git URLs and revisions are allowed, for every part that uses Git.

They are checked before git sees them: only the transports https, ssh and file, and nothing that could be taken
for an option. `reconciler.model.url` decides how a URL is shown.
"""

import re
from urllib.parse import unquote, urlsplit

from reconciler.errors import RepositoryError, UnknownRevisionError
from reconciler.model.url import LONGEST, masked

_SCP_LIKE = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^:-].*)"
)
_SCHEMES = frozenset(("ext", "fd", "file", "ftp", "ftps", "git", "http", "https", "ssh"))
"""Not hosts: `https:example.com` is a mistyped URL, not a path on a host called `https`."""
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
_TAKEN = "use https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH"
_REF_NAME = re.compile(r"(?!-)(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])")
_LOCAL_REVISION = re.compile(r"(?!-)[^\x00-\x20\x7f:?*\[\\]+")
COMMIT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
"""A full commit id, SHA-1 or SHA-256."""


def check_url(url: str) -> str:
    """The URL, unchanged. Raises RepositoryError if it is not allowed."""
    if len(url) > LONGEST or not url.isprintable() or " " in url or _ENCODED_CONTROL.search(url):
        raise RepositoryError(
            f"the Git URL has white space or control characters, or more than {LONGEST} characters",
            advice=_TAKEN,
        )
    if url.startswith("-"):
        raise RepositoryError("the Git URL starts with a dash", advice=_TAKEN)
    if "://" not in url:
        scp_like = _SCP_LIKE.fullmatch(url)
        if scp_like is None or "::" in url or scp_like["host"].lower() in _SCHEMES:
            raise RepositoryError(f"{masked(url)} is not a supported Git URL", advice=_TAKEN)
        return url
    scheme = url.partition("://")[0]
    if scheme not in ("https", "ssh", "file"):
        raise RepositoryError(f"the transport of {masked(url)} is not allowed", advice=_TAKEN)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise RepositoryError("the Git URL has no valid host or port", advice=_TAKEN) from error
    if scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise RepositoryError(f"{masked(url)} is not a file URL with an absolute path", advice=_TAKEN)
        return url
    if parts.query or parts.fragment:
        raise RepositoryError(
            f"{masked(url)} has a query or a fragment, which git would show in the list of processes",
            advice=f"put credentials in front of the host, or into a credential helper; {_TAKEN}",
        )
    if scheme == "ssh" and parts.password is not None:
        raise RepositoryError(
            f"{masked(url)} has a password, which ssh does not use and shows in the list of processes",
            advice="remove the password, and use a key",
        )
    bracketed = f"[{host}]" if ":" in host else host
    user = unquote(parts.username or "")
    if _HOST.fullmatch(bracketed) is None or user.startswith("-") or len(parts.path) < 2:
        raise RepositoryError(f"{masked(url)} has no valid host, user or path", advice=_TAKEN)
    return url


def check_remote_revision(revision: str) -> str:
    """A branch, tag or full commit id, unchanged. Raises UnknownRevisionError for anything else."""
    if len(revision) > 255 or not revision.isprintable() or _REF_NAME.fullmatch(revision) is None:
        raise UnknownRevisionError(
            "the revision is neither the name of a branch or tag nor a commit id",
            advice="name a branch, a tag, or a commit by its full id",
        )
    return revision


def check_local_revision(revision: str) -> str:
    """A revision of a local repository, unchanged; `HEAD~1` and `main@{1}` are allowed.

    Raises UnknownRevisionError for a revision that cannot exist.
    """
    if len(revision) > 255 or not revision.isprintable() or _LOCAL_REVISION.fullmatch(revision) is None:
        raise UnknownRevisionError(
            "the revision is not a valid name in Git", advice="name a branch, a tag or a commit"
        )
    return revision
