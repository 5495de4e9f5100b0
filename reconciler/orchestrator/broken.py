"""The reason for a failed exchange, in fixed words of this program.

Messages of httpx and h11 quote the offending data: a header of the request, token included, or a
line of the answer. They are inspected here and never passed on.
"""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping

import httpx


class SlowAnswerError(httpx.ReadTimeout):
    """An answer whose parts arrive in time, but which does not end in time."""


_WORDS: Mapping[type[Exception], str] = {
    SlowAnswerError: "timed out before the answer was complete",
    httpx.ConnectTimeout: "timed out while connecting",
    httpx.ReadTimeout: "timed out while reading",
    httpx.WriteTimeout: "timed out while sending",
    httpx.PoolTimeout: "timed out while waiting for a free connection",
    httpx.ProxyError: "the proxy does not connect",
    httpx.ConnectError: "the connection failed",
    httpx.ReadError: "the answer was cut off",
    httpx.WriteError: "the request was cut off",
    httpx.LocalProtocolError: "the request cannot be written as HTTP",
    httpx.UnsupportedProtocol: "the url is not one of http or https",
    httpx.DecodingError: "the answer cannot be decompressed",
    httpx.InvalidURL: "the url is not valid",
}
_REMEDIES: Mapping[str, str] = {
    "connection refused": "nothing listens at this address: start the server, or correct host and port of the url",
    "the name was not resolved": "no host has this name: correct the url, or check the network and its DNS",
    "the certificate is not trusted": "name the authority's certificate in SSL_CERT_FILE, or correct the url",
    "TLS could not be negotiated": "the address may require http or another port: correct the url",
    "the answer is not HTTP": "another service listens at this address: correct scheme and port of the url",
    "the proxy does not connect": "check the proxy variables (HTTPS_PROXY, NO_PROXY) and the url",
    "the url is not valid": "correct the url",
    "the url is not one of http or https": "correct the url",
}
_CUT = ("Server disconnected", "peer closed connection", "Connection closed")
"""Start of the messages of h11 and httpcore for an answer that ends early; there is no class for this error."""


def reason(error: Exception) -> str:
    """Fixed words for a failure, preferably those of the operating system; the name of the class as a last resort."""
    if isinstance(error, httpx.NetworkError):
        for cause in _chain(error):
            words = _system_words(cause)
            if words:
                return words
    if isinstance(error, httpx.RemoteProtocolError):
        return "the answer was cut off" if str(error).startswith(_CUT) else "the answer is not HTTP"
    return _WORDS.get(type(error), type(error).__name__)


def remedy(words: str) -> str:
    """What to do about a failure with these words from `reason`."""
    return _REMEDIES.get(words, "check the network, the proxy variables and the url")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes; the chain can contain a cycle."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _system_words(error: BaseException) -> str:
    """Words for an error of the operating system or of TLS, "" for any other."""
    match error:
        case ssl.SSLCertVerificationError():
            return "the certificate is not trusted"
        case ssl.SSLError():
            return "TLS could not be negotiated"
        case socket.gaierror():
            return "the name was not resolved"
        case ConnectionRefusedError():
            return "connection refused"
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            return ""
