"""Why an exchange broke, in words of this program only.

The texts of httpx and h11 quote what they stumbled over: a header of the request, token
included, or a line of the answer. They are looked at here and never handed on.
"""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping

import httpx


class SlowAnswerError(httpx.ReadTimeout):
    """An answer whose parts come in time, but that does not end in time."""


_WORDS: Mapping[type[Exception], str] = {
    SlowAnswerError: "timed out, the answer took too long to end",
    httpx.ConnectTimeout: "timed out while connecting",
    httpx.ReadTimeout: "timed out while reading",
    httpx.WriteTimeout: "timed out while sending",
    httpx.PoolTimeout: "timed out while waiting for a free connection",
    httpx.ProxyError: "the proxy does not connect",
    httpx.ConnectError: "the connection failed",
    httpx.ReadError: "the answer was cut",
    httpx.WriteError: "the request was cut",
    httpx.LocalProtocolError: "the request cannot be written as HTTP",
    httpx.UnsupportedProtocol: "the url is not one of http or https",
    httpx.DecodingError: "the answer cannot be decompressed",
    httpx.InvalidURL: "the url is not valid",
}
_REMEDIES: Mapping[str, str] = {
    "connection refused": "nothing listens there: start it, or correct host and port of the url",
    "the name was not resolved": "no host has this name: correct the url, or check the network and its DNS",
    "the certificate is not trusted": "name the authority's certificate in SSL_CERT_FILE, or correct the url",
    "TLS could not be agreed on": "the address may want http or another port: correct the url",
    "the answer is not HTTP": "something else listens there: correct scheme and port of the url",
    "the proxy does not connect": "check the proxy variables (HTTPS_PROXY, NO_PROXY) and the url",
    "the url is not valid": "correct the url",
    "the url is not one of http or https": "correct the url",
}
_CUT = ("Server disconnected", "peer closed connection", "Connection closed")
"""How the texts of h11 and httpcore begin where an answer ends early; they have no class for it."""


def reason(error: Exception) -> str:
    """Return fixed words for a failure, that of the operating system first; the class as a last resort."""
    if isinstance(error, httpx.NetworkError):
        for cause in _chain(error):
            words = _system_words(cause)
            if words:
                return words
    if isinstance(error, httpx.RemoteProtocolError):
        return "the answer was cut" if str(error).startswith(_CUT) else "the answer is not HTTP"
    return _WORDS.get(type(error), type(error).__name__)


def remedy(words: str) -> str:
    """What to do about a failure that `reason` gave these words for."""
    return _REMEDIES.get(words, "check the network, the proxy variables and the url")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it came of; a chain may be a circle."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _system_words(error: BaseException) -> str:
    """Return "" for what did not come from the operating system or from TLS."""
    match error:
        case ssl.SSLCertVerificationError():
            return "the certificate is not trusted"
        case ssl.SSLError():
            return "TLS could not be agreed on"
        case socket.gaierror():
            return "the name was not resolved"
        case ConnectionRefusedError():
            return "connection refused"
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            return ""
