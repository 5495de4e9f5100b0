"""Pages of v2 lists (v2 section 4): ordered by id, continued after a marker, no snapshot."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from typing import Any

from reconciler.emulator.exchange import Call, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.wire import Document, decode

FIRST_TOKEN = "W10"  # noqa: S105 - leads to a page, opens nothing
"""A token with an empty marker, which leads to the first page. Returned only by a fault rule."""

WRONG_TOKEN = "bm9ib2R5"  # noqa: S105 - as above
"""Looks like a token but is not valid."""

_DEFAULT = 100


def read_page(call: Call) -> int:
    """The requested page size; below one counts as one, 400 if it is not a number."""
    value = call.parameter("per_page")
    if value is None:
        return _DEFAULT
    digits = value[1:] if value[:1] in ("-", "+") else value
    if not digits.isascii() or not digits.isdigit():
        raise ApiError(
            400,
            f'parameter "per_page" in query has an error: value {value}: an invalid integer: invalid syntax',
        )
    return max(1, int(value[:12]))


def page(
    call: Call,
    documents: Iterable[Document],
    marker: Callable[[Document], tuple[str, ...]],
    render: Callable[[Document], Any],
) -> Reply:
    """The page after the token's marker; the last page has no token.

    `call.payload` is the page size. A marker need not name a document that still exists.
    """
    ordered = sorted(documents, key=marker)
    token = call.parameter("page")
    if token:
        start = _marker_from(token)
        ordered = [document for document in ordered if marker(document) > start]
    shown = ordered[: call.payload]
    answer: Document = {"items": [render(document) for document in shown]}
    if len(ordered) > len(shown):
        answer["next_page_token"] = _token(marker(shown[-1]))
    return Reply(200, answer)


def _token(marker: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(marker).encode()).decode().rstrip("=")


def _marker_from(token: str) -> tuple[str, ...]:
    try:
        decoded = decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        decoded = None
    if not isinstance(decoded, list) or not all(isinstance(part, str) for part in decoded):
        # Tokens come from the server, which does not expect anything else (v2 section 4).
        raise ApiError(500, "Unexpected error")
    return tuple(decoded)
