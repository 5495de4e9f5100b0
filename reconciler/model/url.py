"""Display of URLs without anything that may be a credential.

Used by everything that prints a URL or a text that may contain one: adapters, views and the log.
Which URLs are allowed is decided in `reconciler.repository.url`.
"""

import re
from urllib.parse import unquote

MASK = "***"
LONGEST = 2048
"""Characters of a URL that are processed; no server accepts more."""
_USER_INFO = re.compile(r"(?<=://)[^/\s'\"]+@")
_QUERY = re.compile(r"(://[^\s'\"?]{1,2048}\?)[^\s'\"]+")
_SHOWN_USER = re.compile(r"[A-Za-z0-9._-]+")
_MISPLACED_USER_INFO = re.compile(r".*[^/@]@")
"""A password with an unescaped slash ends the authority; the rest of it is then in the path, before `@`."""
_SHORTEST_SECRET = 4
"""Shorter query values are words such as `1` or `yes`; masking them would garble every message."""


def masked(url: str, mask: str = MASK) -> str:
    """The URL without user information, query and fragment.

    The user of an SSH URL is kept: it is `git` nearly everywhere, and is not a credential.

    >>> masked("https://ghp_x:y@example.com/team/repository.git?token=z")
    'https://***@example.com/team/repository.git'
    >>> masked("git@example.com:team/repository.git")
    'git@example.com:team/repository.git'
    """
    shown = "".join(c if c.isprintable() else "?" for c in url[:LONGEST])
    scheme, separator, rest = shown.partition("://")
    if not separator:
        user, at, path = shown.rpartition("@")
        return shown if not at or _SHOWN_USER.fullmatch(user) else f"{mask}@{path}"
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if scheme != "file" and (misplaced := _MISPLACED_USER_INFO.match(path)):
        return f"{scheme}://{mask}@{path[misplaced.end() :]}"
    if at and (scheme != "ssh" or ":" in user):
        authority = f"{mask}@{host}"
    return f"{scheme}://{authority}{slash}{path}"


def mask_user_information(text: str, mask: str = MASK) -> str:
    """The text with the user information of its URLs masked.

    >>> mask_user_information("fatal: unable to access 'https://robot:pass@git.example/x'")
    "fatal: unable to access 'https://***@git.example/x'"
    """
    return _USER_INFO.sub(f"{mask}@", text)


def hide(text: str, url: str, mask: str = MASK) -> str:
    """Output of a program about `url`, without the secret parts of it and of other URLs.

    >>> hide("fatal: unable to access 'https://git.example/x?token=y/': refused", "")
    "fatal: unable to access 'https://git.example/x?***': refused"
    """
    for secret in secrets_of(url):
        text = text.replace(secret, mask)
    return mask_user_information(_QUERY.sub(rf"\1{mask}", text), mask)


def secrets_of(url: str) -> list[str]:
    """Parts of the URL that must not appear in a program's output about it, longest first."""
    if "://" not in url:
        return []
    rest = url.partition("://")[2]
    address, _, query = rest.partition("?")
    texts = {query, *(unquote(value) for value in _values(query)), *_values(query)}
    texts = {text for text in texts if len(text) >= _SHORTEST_SECRET}
    userinfo = address.partition("/")[0].rpartition("@")[0]
    if userinfo and not (url.startswith("ssh://") and ":" not in userinfo):
        user, _, password = userinfo.partition(":")
        texts |= {userinfo, password, unquote(password)}
        if not password:
            texts |= {user, unquote(user)}
    return sorted((text for text in texts if text), key=len, reverse=True)


def _values(query: str) -> list[str]:
    return [part.partition("=")[2] for part in re.split(r"[&#;]", query)]
