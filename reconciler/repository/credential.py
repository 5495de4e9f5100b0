"""Credentials of Git URLs, kept out of every argument list: other users can see the arguments of a process.

Git passes the URL of a remote to its transports as an argument. So git gets the URL without credentials, and asks
a credential helper for them, which reads them from a pipe.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit


class Login(NamedTuple):
    """Decoded user and password for the host of `scope`; the password is "" if the URL has only a user."""

    scope: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Helping:
    """Settings that make git use the login, and the descriptors that git must inherit."""

    settings: tuple[tuple[str, str], ...] = ()
    descriptors: tuple[int, ...] = ()


def separated(url: str) -> tuple[str, Login | None]:
    """An https URL without credentials, and the credentials; any other URL as it is.

    >>> separated("https://robot:p%40ss@git.example/x.git")
    ('https://git.example/x.git', Login(scope='https://git.example', user='robot', password='p@ss'))
    >>> separated("ssh://git@git.example/x.git")
    ('ssh://git@git.example/x.git', None)
    """
    if not url.startswith("https://"):
        return url, None
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=host)), Login(f"https://{host}", unquote(user), unquote(password))


@contextlib.contextmanager
def helping(login: Login | None) -> Iterator[Helping]:
    """What one git command needs to use the login; the pipe is closed at the end."""
    if login is None:
        yield Helping()
    elif not login.password:
        # Helpers of the user know the password, and look it up by this name.
        yield Helping(((f"credential.{login.scope}.username", login.user),))
    else:
        reading, writing = os.pipe()
        try:
            # Bounded by the length of a URL, so it fits into the pipe before anybody reads.
            os.write(writing, f"username={login.user}\npassword={login.password}\n".encode())
            os.close(writing)
            # For this host only, so that no redirect gets the password. The empty value removes the other helpers.
            script = f'!f() {{ test "$1" != get || cat /dev/fd/{reading}; }}; f'
            name = f"credential.{login.scope}.helper"
            yield Helping(((name, ""), (name, script)), (reading,))
        finally:
            os.close(reading)
