"""The faults of HTTP, as data: what happens, where it comes from, and which calls it can happen to."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from gzip import compress
from zlib import compress as deflate

from reconciler.emulator import FaultKind, FaultRule
from tests.faults import tricks
from tests.faults.call import Call
from tests.faults.proxy import Trick, plain


class On(StrEnum):
    """Calls that a fault is tried on."""

    ANY = "any call"
    READ = "reads"
    WRITE = "changes"
    LIST = "lists"
    PAGE = "paged lists"
    KEY = "registrations of keys"


_APPLIES: dict[On, Callable[[Call], bool]] = {
    On.ANY: lambda _: True,
    On.READ: lambda call: call.is_read,
    On.WRITE: lambda call: not call.is_read,
    On.LIST: lambda call: call.lists,
    On.PAGE: lambda call: call.pages,
    On.KEY: lambda call: call.registers_key,
}


@dataclass(frozen=True)
class Fault:
    """One row. `how` is a trick of the proxy or a rule of the emulator; `lasts` is true if every try meets it."""

    name: str
    how: Trick | FaultRule
    on: On = On.ANY
    lasts: bool = False

    def applies(self, call: Call) -> bool:
        """True if it can happen to this call."""
        return _APPLIES[self.on](call)


_BEFORE, _AFTER = FaultKind.ERROR_BEFORE_EFFECT, FaultKind.ERROR_AFTER_EFFECT


def _status(
    kind: FaultKind, status: int, on: On, *, lasts: bool = False, retry_after: float | None = None
) -> Fault:
    when = "after the effect" if kind is _AFTER else "and nothing is done"
    hint = "" if retry_after is None else f" with Retry-After {retry_after:g}"
    name = f"status {status}{hint}, {when}{', each time' if lasts else ''}"
    return Fault(name, FaultRule(kind=kind, status=status, retry_after=retry_after), on, lasts)


def _rule(name: str, kind: FaultKind, on: On, *, lasts: bool = False, share: float = 0.5) -> Fault:
    return Fault(name, FaultRule(kind=kind, share=share, seconds=3_600.0), on, lasts)


_STATUSES = (
    *(_status(_AFTER, status, On.WRITE) for status in (400, 404, 408, 409, 422, 429, 500, 502, 503)),
    *(_status(_AFTER, status, On.WRITE, retry_after=1.0) for status in (409, 429, 500, 503)),
    *(_status(_BEFORE, status, On.ANY) for status in (400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503)),
    _status(_BEFORE, 503, On.ANY, lasts=True),
    _status(_BEFORE, 500, On.ANY, lasts=True),
    _status(_BEFORE, 403, On.ANY, lasts=True),
    _status(_BEFORE, 404, On.ANY, lasts=True),
    _status(_BEFORE, 429, On.ANY, lasts=True, retry_after=0.0),
    _status(_AFTER, 500, On.WRITE, lasts=True),
    _status(_BEFORE, 429, On.ANY, retry_after=86_400.0),
    _status(_BEFORE, 503, On.ANY, retry_after=1.0),
)
_HINTS = (
    "1000000000",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "-1",
    "soon",
    "1e400",
)
_RETRY_AFTER = tuple(
    Fault(
        f"status 503 with Retry-After `{hint}`",
        tricks.instead(plain(503, b"{}", headers={"retry-after": hint})),
    )
    for hint in _HINTS
)
_LISTED = (
    _rule("a list without half of its items", FaultKind.PARTIAL_LIST, On.LIST),
    _rule("a list without any items", FaultKind.PARTIAL_LIST, On.LIST, share=1.0),
    _rule("a list without any items, each time", FaultKind.PARTIAL_LIST, On.LIST, lasts=True, share=1.0),
    _rule("a list as it was before", FaultKind.STALE_LIST, On.LIST, lasts=True),
    _rule("a page token that leads nowhere", FaultKind.WRONG_PAGE_TOKEN, On.PAGE),
    _rule("the same page again and again", FaultKind.REPEATED_PAGE, On.PAGE, lasts=True),
    _rule("a key that is authorized an hour later", FaultKind.SLOW_KEY_AUTHORIZATION, On.KEY),
)
_CUTS = (
    Fault("cut before the request is read", tricks.cut_before),
    Fault("cut before the request is read, each time", tricks.cut_before, lasts=True),
    Fault("cut after the effect", tricks.cut_after),
    Fault("cut after the effect, each time", tricks.cut_after, On.WRITE, lasts=True),
    Fault("reset after the effect", tricks.reset_after),
    Fault("cut in the headers", tricks.cut_in_headers),
    Fault("cut in the body", tricks.cut_in_body),
    Fault("silence after the effect", tricks.silent_after),
    Fault("closed after each answer", tricks.closes_afterwards, lasts=True),
)
_DUPLICATES = (
    Fault("sent twice by the network, second answer", tricks.twice_second_answer, On.WRITE),
    Fault("sent twice by the network, first answer", tricks.twice_first_answer, On.WRITE),
)
_SLOW = (
    Fault("a body that dribbles", tricks.slow_body),
    Fault("a body that never ends", tricks.endless_body),
    Fault("headers that dribble", tricks.slow_headers),
    Fault("headers that never end", tricks.endless_headers),
    Fault("three early hints", tricks.early_hints),
    Fault("early hints that never end", tricks.endless_hints),
)
_ENCODINGS = (
    Fault("gzip", tricks.encoded("gzip", compress)),
    Fault("deflate", tricks.encoded("deflate", deflate)),
    Fault("raw deflate", tricks.encoded("deflate", tricks.raw_deflate)),
    Fault("gzip in two layers", tricks.encoded("gzip, gzip", lambda body: compress(compress(body)))),
    Fault("called gzip, but plain", tricks.encoded("gzip", lambda body: body)),
    Fault("gzip that ends too early", tricks.encoded("gzip", lambda body: compress(body)[:-9])),
    Fault("called br, which was not asked for", tricks.encoded("br", lambda body: b"\x00" + body)),
    Fault("gzip of 80 MiB", tricks.encoded("gzip", tricks.bomb)),
    Fault("gzip of 80 MiB in two layers", tricks.encoded("gzip, gzip", tricks.layered_bomb)),
)
_FRAMES = (
    Fault("a length that is too large", tricks.content_length(+7)),
    Fault("a length that is too small", tricks.content_length(-7)),
    Fault("two different lengths", tricks.two_lengths),
    Fault("chunks without a size", tricks.broken_chunks),
    Fault("no status line", tricks.raw_bytes(b"\x15\x03\x01\x00\x02\x02\x46")),
    Fault("status 999", tricks.raw_bytes(b"HTTP/1.1 999 What\r\ncontent-length: 2\r\n\r\n{}")),
    Fault("status 200 of HTTP/0.9", tricks.raw_bytes(b"<html>hello</html>")),
    Fault("a header of 300 kB", tricks.huge_header),
    Fault("a body of 80 MiB", tricks.huge),
    Fault("an error with a body of 80 MiB", tricks.huge_error),
)
_REDIRECTS = (
    *(
        Fault(f"redirect {status} to another server", tricks.redirects(status))
        for status in (301, 302, 303, 307, 308)
    ),
    Fault(
        "redirect 302 to another server, after the effect, each time",
        tricks.redirects_after(302),
        On.WRITE,
        lasts=True,
    ),
    Fault("redirect 302 to another server, after the effect", tricks.redirects_after(302), On.WRITE),
    Fault("redirect 307 to itself, each time", tricks.redirects_to_itself, lasts=True),
)
_PAGES = (
    *(
        Fault(f"HTML page with status {status}", tricks.instead(tricks.page(status)))
        for status in (200, 404, 502)
    ),
    *(
        Fault(
            f"HTML page with status {status}, after the effect",
            tricks.afterwards(tricks.page(status)),
            On.WRITE,
        )
        for status in (200, 404, 502)
    ),
)
_BODIES = tuple(
    Fault(f"status 200 with {name} instead", tricks.afterwards(plain(200, body)))
    for name, body in {
        "an empty body": b"",
        "null": b"null",
        "[]": b"[]",
        "{}": b"{}",
        "a string": b'"ok"',
        "a list of numbers": b"[1, 2]",
        "NaN": b'{"id": NaN}',
        "10,000 open brackets": b"[" * 10_000,
        "a number of 10,000 digits": b'{"id": ' + b"9" * 10_000 + b"}",
        "invalid UTF-8": b'{"id": "\xff\xfe"}',
        "a lone surrogate": b'{"id": "\\ud800"}',
    }.items()
)
_STRANGE = (
    Fault("status 204 without a body", tricks.afterwards(plain(204, b""))),
    Fault("status 202 with an empty object", tricks.afterwards(plain(202, b"{}")), On.WRITE),
    *(
        Fault(f"status {status} that repeats token and request", tricks.echoes(status))
        for status in (400, 401, 422)
    ),
    Fault("status 500 that repeats token and request, each time", tricks.echoes(500), lasts=True),
    Fault("status 409 that repeats token and request", tricks.echoes(409)),
    *(
        Fault(f"status 400 that repeats token and request in {form}", tricks.echoes(400, number), On.WRITE)
        for number, form in enumerate(("base64", "hex", "percent-encoding", "reverse"))
    ),
)

HTTP_FAULTS = (
    *_STATUSES,
    *_RETRY_AFTER,
    *_LISTED,
    *_CUTS,
    *_DUPLICATES,
    *_SLOW,
    *_ENCODINGS,
    *_FRAMES,
    *_REDIRECTS,
    *_PAGES,
    *_BODIES,
    *_STRANGE,
)
