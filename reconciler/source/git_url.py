"""Which Git URLs and revisions are taken, and how they are shown.

Checked before git sees them: transports are https, ssh and file only, and nothing may be taken for
an option. Credentials in a URL are masked wherever it is shown.
"""

import re
from urllib.parse import unquote, urlsplit

from reconciler.errors import SourceError, UnknownRevisionError

_SCP_LIKE = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^:].*)"
)
_SCHEMES = frozenset(("ext", "fd", "file", "ftp", "ftps", "git", "http", "https", "ssh"))
"""No hosts: `https:example.com` is a mistyped URL, not a path on a host called `https`."""
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
_TAKEN = "use https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH"
_REF_NAME = re.compile(r"(?!-)(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])")
_LOCAL_REVISION = re.compile(r"(?!-)[^\x00-\x20\x7f:?*\[\\]+")
COMMIT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
"""A whole commit id, SHA-1 or SHA-256."""
_LONGEST = 2048


def check_url(url: str) -> str:
    """Return the URL unchanged. Raises SourceError where it is not one that may be used."""
    if len(url) > _LONGEST or not url.isprintable() or " " in url or _ENCODED_CONTROL.search(url):
        raise SourceError("the Git URL holds white space or control characters", advice=_TAKEN)
    if url.startswith("-"):
        raise SourceError("the Git URL starts with a dash", advice=_TAKEN)
    if "://" not in url:
        scp_like = _SCP_LIKE.fullmatch(url)
        if scp_like is None or "::" in url or scp_like["host"].lower() in _SCHEMES:
            raise SourceError(f"{masked(url)} is not a Git URL that can be used", advice=_TAKEN)
        return url
    scheme = url.partition("://")[0]
    if scheme not in ("https", "ssh", "file"):
        raise SourceError(f"the transport of {masked(url)} is not allowed", advice=_TAKEN)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise SourceError("the Git URL has no proper host or port", advice=_TAKEN) from error
    if scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise SourceError(f"{masked(url)} is not a file URL with an absolute path", advice=_TAKEN)
        return url
    bracketed = f"[{host}]" if ":" in host else host
    user = unquote(parts.username or "")
    if _HOST.fullmatch(bracketed) is None or user.startswith("-") or len(parts.path) < 2:
        raise SourceError(f"{masked(url)} has no proper host, user or path", advice=_TAKEN)
    return url


def masked(url: str) -> str:
    """Return the URL without anything that may be a credential.

    >>> masked("https://ghp_x:y@example.com/team/repository.git?token=z")
    'https://***@example.com/team/repository.git'
    >>> masked("git@example.com:team/repository.git")
    'git@example.com:team/repository.git'
    """
    shown = "".join(c if c.isprintable() else "?" for c in url[:_LONGEST])
    scheme, separator, rest = shown.partition("://")
    if not separator:
        user, at, path = shown.rpartition("@")
        return shown if not at or re.fullmatch(r"[A-Za-z0-9._-]+", user) else f"***@{path}"
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if at and (scheme != "ssh" or ":" in user):
        authority = f"***@{host}"
    return f"{scheme}://{authority}{slash}{path}"


def secrets_of(url: str) -> list[str]:
    """Texts of the URL that must not appear in what git says, longest first."""
    if "://" not in url:
        return []
    authority = url.partition("://")[2].partition("/")[0]
    userinfo = authority.rpartition("@")[0]
    if not userinfo or (url.startswith("ssh://") and ":" not in userinfo):
        return []
    user, _, password = userinfo.partition(":")
    texts = {userinfo, password, unquote(password)}
    if not password:
        texts |= {user, unquote(user)}
    return sorted((text for text in texts if text), key=len, reverse=True)


def check_remote_revision(revision: str) -> str:
    """Return a branch, tag or whole commit id unchanged. Raises UnknownRevisionError for anything else."""
    if len(revision) > 255 or not revision.isprintable() or _REF_NAME.fullmatch(revision) is None:
        raise UnknownRevisionError(
            "the revision is not the name of a branch or tag, nor a commit id",
            advice="name a branch, a tag, or a commit by its whole id",
        )
    return revision


def check_local_revision(revision: str) -> str:
    """Return a revision of a local repository unchanged; `HEAD~1` and `main@{1}` are fine here."""
    if len(revision) > 255 or not revision.isprintable() or _LOCAL_REVISION.fullmatch(revision) is None:
        raise UnknownRevisionError(
            "the revision is not one that Git could know", advice="name a branch, a tag or a commit"
        )
    return revision
