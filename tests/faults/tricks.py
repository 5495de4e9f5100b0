"""What the proxy does to one request; each trick is one misbehaviour of a network, a gateway or a server."""

import base64
import gzip
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from urllib.parse import quote

from tests.faults.proxy import Answer, Exchange, Trick, plain

DRIP_S = 15.0
"""How long something goes on that would go on for ever; more than a run may take (`trial.LONGEST_RUN_S`)."""
_HTML = b"<!doctype html><html><body><h1>Sign in to continue</h1></body></html>"
_HUGE_BYTES = 80 * 1024 * 1024
"""More than the client reads of one answer."""
_PART_BYTES = 65_536


def cut_before(exchange: Exchange) -> None:
    exchange.cut()


def cut_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.cut()


def reset_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def cut_in_headers(exchange: Exchange) -> None:
    exchange.write(exchange.forward().head[:40])
    exchange.cut()


def cut_in_body(exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.write(answer.raw[: len(answer.raw) - len(answer.body) // 2 - 1])
    exchange.cut()


def silent_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.wait(DRIP_S)


def twice_second_answer(exchange: Exchange) -> None:
    """A gateway that sends a request again when the first answer is late."""
    exchange.forward()
    exchange.write(exchange.forward().raw)


def twice_first_answer(exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.forward()
    exchange.write(answer.raw)


def slow_body(exchange: Exchange) -> None:
    answer = exchange.forward()
    head = len(answer.raw) - len(answer.body)
    exchange.write(answer.raw[:head])
    exchange.drip(answer.body, every_s=0.01, size=max(1, len(answer.body) // 20))


def endless_body(exchange: Exchange) -> None:
    exchange.write(exchange.forward().head + b"transfer-encoding: chunked\r\n\r\n")
    exchange.drip(b"1\r\n \r\n" * 200, every_s=DRIP_S / 200, size=6)
    exchange.cut()


def slow_headers(exchange: Exchange) -> None:
    answer = exchange.forward()
    head = len(answer.raw) - len(answer.body)
    exchange.drip(answer.raw[:head], every_s=0.01, size=max(1, head // 20))
    exchange.write(answer.body)


def endless_headers(exchange: Exchange) -> None:
    exchange.write(exchange.forward().head)
    exchange.drip(b"x-more: 1\r\n" * 200, every_s=DRIP_S / 200, size=11)
    exchange.cut()


def early_hints(exchange: Exchange) -> None:
    exchange.write(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 3 + exchange.forward().raw)


def endless_hints(exchange: Exchange) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    exchange.forward()
    exchange.drip(hint * 100, every_s=DRIP_S / 100, size=len(hint))
    exchange.cut()


def encoded(name: str, encode: Callable[[bytes], bytes]) -> Trick:
    """The answer under a `Content-Encoding`."""

    def trick(exchange: Exchange) -> None:
        answer = exchange.forward()
        headers = (*answer.headers, (b"content-encoding", name.encode()))
        exchange.write(replace(answer, headers=headers, body=encode(answer.body)).raw)

    return trick


@cache
def _packed() -> bytes:
    # In parts, because the memory of this process is measured.
    packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    parts = [packer.compress(b" " * _PART_BYTES) for _ in range(_HUGE_BYTES // _PART_BYTES)]
    return b"".join((*parts, packer.flush()))


def bomb(_: bytes) -> bytes:
    """Few bytes that decompress to more than an answer may have."""
    return _packed()


def layered_bomb(_: bytes) -> bytes:
    return gzip.compress(_packed(), 1)


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def content_length(change: int) -> Trick:
    """A length that is wrong by `change` bytes; the connection stays open."""

    def trick(exchange: Exchange) -> None:
        answer = exchange.forward()
        length = max(0, len(answer.body) + change)
        exchange.write(answer.head + b"content-length: %d\r\n\r\n" % length + answer.body)
        if change > 0:
            exchange.cut()

    return trick


def two_lengths(exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.write(
        answer.head + b"content-length: 1\r\ncontent-length: %d\r\n\r\n" % len(answer.body) + answer.body
    )


def broken_chunks(exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.write(answer.head + b"transfer-encoding: chunked\r\n\r\nzz\r\n" + answer.body)
    exchange.cut()


def closes_afterwards(exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.write(replace(answer, headers=(*answer.headers, (b"connection", b"close"))).raw)
    exchange.cut()


def redirects(status: int) -> Trick:
    """A redirect to another server, before anything is done."""

    def trick(exchange: Exchange) -> None:
        where = exchange.elsewhere + exchange.target
        exchange.write(plain(status, b"", headers={"location": where}).raw)

    return trick


def redirects_after(status: int) -> Trick:
    def trick(exchange: Exchange) -> None:
        exchange.forward()
        exchange.write(plain(status, b"", headers={"location": exchange.elsewhere + exchange.target}).raw)

    return trick


def redirects_to_itself(exchange: Exchange) -> None:
    exchange.write(plain(307, b"", headers={"location": exchange.target}).raw)


def instead(answer: Answer) -> Trick:
    """Another answer; the request does not reach the server."""
    return lambda exchange: exchange.write(answer.raw)


def afterwards(answer: Answer) -> Trick:
    """Another answer, after the effect."""

    def trick(exchange: Exchange) -> None:
        exchange.forward()
        exchange.write(answer.raw)

    return trick


def raw_bytes(data: bytes) -> Trick:
    """Bytes that are no answer, after the effect."""

    def trick(exchange: Exchange) -> None:
        exchange.forward()
        exchange.write(data)
        exchange.cut()

    return trick


def page(status: int) -> Answer:
    """A page of a gateway or of a captive portal."""
    return plain(status, _HTML, "text/html")


def huge(exchange: Exchange) -> None:
    """A body larger than any answer; sent until the client leaves."""
    exchange.forward()
    exchange.write(plain(200, b"").head + b"content-length: %d\r\n\r\n[" % _HUGE_BYTES)
    for _ in range(_HUGE_BYTES // _PART_BYTES):
        exchange.write(b" " * _PART_BYTES)
    exchange.cut()


def huge_error(exchange: Exchange) -> None:
    exchange.write(plain(500, b"").head + b"content-length: %d\r\n\r\n" % _HUGE_BYTES)
    for _ in range(_HUGE_BYTES // _PART_BYTES):
        exchange.write(b"x" * _PART_BYTES)
    exchange.cut()


def huge_header(exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.write(replace(answer, headers=(*answer.headers, (b"x-large", b"x" * 300_000))).raw)
    time.sleep(0.01)


def echoes(status: int, form: int | None = None) -> Trick:
    """An error that repeats the token and the request, in every form that servers use, or in one of them."""

    def trick(exchange: Exchange) -> None:
        token = dict(exchange.headers).get(b"Authorization", b"") or dict(exchange.headers).get(
            b"authorization", b""
        )
        sent = [text for text in (token.removeprefix(b"Bearer ").decode(), *_strings(exchange.body)) if text]
        forms = [
            one for text in sent for one in _repeated(text)[slice(form, None if form is None else form + 1)]
        ]
        body = {
            "error": "HTTP-400",
            "message": " ".join(forms)[:8_000],
            "details": {"errors": forms, "body": exchange.body.decode(errors="replace")},
        }
        exchange.write(plain(status, json.dumps(body).encode(), headers={"x-request-id": forms[0]}).raw)

    return trick


def _strings(body: bytes) -> list[str]:
    """String values of a JSON body that could be secrets."""
    try:
        found = json.loads(body)
    except ValueError:
        return []
    strings: list[str] = []
    pending = [found]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str) and "\n" not in value:
            strings.append(value)
    return strings


def _repeated(text: str) -> list[str]:
    raw = text.encode()
    percent = "".join(f"%{byte:02X}" for byte in raw)
    return [
        base64.b64encode(raw).decode(),
        raw.hex(),
        percent,
        text[::-1],
        text,
        quote(text),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex().upper(),
    ]
