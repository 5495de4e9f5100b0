"""Limits on what answers may hold after decompression, for one answer and for all answers of a pass.

A short answer can decompress to gigabytes, and parsed JSON needs many times its size: `[[],[],…` needs 20 bytes of
memory for each of its own. Called by `reconciler.orchestrator.http`.
"""

import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import httpx

LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
LARGEST_ERROR_BYTES = 1024 * 1024
MOST_VALUES = 2_000_000
"""Of one answer. A list of 10,000 definitions has 300,000."""
LARGEST_PASS_BYTES = 256 * 1024 * 1024
"""Of all answers of a pass: twenty times what an organization with 10,000 definitions sends."""
LARGEST_FLIGHT_BYTES = LARGEST_ANSWER_BYTES
"""Of all answers that are being read at the same time, in several threads."""
_SMALL_BYTES = 16 * 1024
"""Smaller answers are not added up: they are about one object, and are not kept."""
_STEP_BYTES = 1024 * 1024
_CODINGS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""Codings that are asked for, and how zlib names them."""


class TooLargeError(Exception):
    """An answer was not read to its end, or not parsed. The message follows "the answer" in a sentence."""


class Volume:
    """The answers of one pass: their sum, and those that are being read at the moment; thread-safe."""

    def __init__(
        self, most_bytes: int = LARGEST_PASS_BYTES, most_in_flight_bytes: int = LARGEST_FLIGHT_BYTES
    ) -> None:
        self._most_bytes = most_bytes
        self._most_in_flight_bytes = most_in_flight_bytes
        self._total_bytes = 0
        self._in_flight_bytes = 0
        self._lock = threading.Lock()

    @contextmanager
    def receiving(self) -> Iterator[Callable[[int], None]]:
        """A function that counts bytes of one answer as they arrive; they are in flight until the end of the block.

        It raises TooLargeError if all answers in flight together exceed the limit.
        """
        own_bytes = 0

        def arrived(size: int) -> None:
            nonlocal own_bytes
            with self._lock:
                own_bytes += size
                self._in_flight_bytes += size
                if self._in_flight_bytes > self._most_in_flight_bytes:
                    raise TooLargeError(
                        f"brings the answers being read at the moment to more than {self._most_in_flight_bytes} bytes"
                    )

        try:
            yield arrived
        finally:
            with self._lock:
                self._in_flight_bytes -= own_bytes

    def add(self, content: bytes) -> None:
        """Count an answer before it is parsed. Raises TooLargeError if it, or the sum, exceeds a limit."""
        if len(content) < _SMALL_BYTES:
            return
        if len(content) > 2 * MOST_VALUES and _most_values(content) > MOST_VALUES:
            raise TooLargeError(f"has more than {MOST_VALUES} values")
        with self._lock:
            self._total_bytes += len(content)
            if self._total_bytes > self._most_bytes:
                raise TooLargeError(f"brings the answers of this pass to more than {self._most_bytes} bytes")


def _most_values(content: bytes) -> int:
    """Number of values in JSON, or more: structure inside strings counts as well."""
    return sum(content.count(mark) for mark in (b",", b"[", b"{"))


def decoded(response: httpx.Response, volume: Volume) -> bytes:
    """The decompressed body of an answer, at most to its limit; the body of an error is cut there.

    `volume` counts it while it arrives. Raises TooLargeError, httpx.DecodingError, and what reading raises.
    """
    limit_bytes = LARGEST_ANSWER_BYTES if response.is_success else LARGEST_ERROR_BYTES
    parts = iter((response.content,)) if response.is_stream_consumed else _decompressed(response)
    content = bytearray()
    with volume.receiving() as arrived:
        for part in parts:
            content += part
            if len(content) > limit_bytes:
                if response.is_success:
                    raise TooLargeError(f"is larger than {limit_bytes} bytes")
                break
            arrived(len(part))
        return bytes(content[:limit_bytes])


def _decompressed(response: httpx.Response) -> Iterable[bytes]:
    """Small parts of the body.

    Never more than one coding: a second one multiplies what the first has multiplied.
    """
    named = [name.strip().lower() for name in response.headers.get("content-encoding", "").split(",")]
    codings = [_CODINGS[name] for name in named if name in _CODINGS]
    if not codings:
        yield from response.iter_raw()
        return
    if len(codings) > 1:
        raise httpx.DecodingError("the answer is compressed more than once")
    decoder = None
    for part in response.iter_raw():
        try:
            if decoder is None and part:
                decoder = zlib.decompressobj(_window(codings[0], part))
            if decoder is not None:
                yield from _inflated(decoder, part)
        except zlib.error as error:
            raise httpx.DecodingError("the answer cannot be decompressed") from error
    if decoder is not None and not decoder.eof:
        raise httpx.DecodingError("the compressed answer was cut off")


def _inflated(decoder: "zlib._Decompress", part: bytes) -> Iterator[bytes]:
    """What a part decompresses to, in steps."""
    step = b""
    while part or len(step) == _STEP_BYTES:
        step = decoder.decompress(part, _STEP_BYTES)
        yield step
        part = decoder.unconsumed_tail


def _window(coding: int, first: bytes) -> int:
    """The `wbits` argument for zlib; some servers send `deflate` without the header of RFC 9110, section 8.4.1.2."""
    is_bare = coding == zlib.MAX_WBITS and first[0] & 0x0F != zlib.DEFLATED
    return -coding if is_bare else coding
