"""What faults do to the reply of an operation: another status, missing items, wrong page tokens."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request

from reconciler.emulator.answer import error_reply, injected
from reconciler.emulator.exchange import Api, Reply
from reconciler.emulator.faults import FaultKind, Strike
from reconciler.emulator.v2.paging import FIRST_TOKEN, WRONG_TOKEN
from reconciler.emulator.wire import Document


def spoiled(request: Request, api: Api, reply: Reply, kinds: Mapping[FaultKind, Strike]) -> Reply:
    """Return the reply that faults leave of an operation's own."""
    if FaultKind.ERROR_AFTER_EFFECT in kinds:
        return error_reply(api, injected(kinds[FaultKind.ERROR_AFTER_EFFECT]))
    if reply.status != 200:
        return reply
    partial = kinds.get(FaultKind.PARTIAL_LIST)
    if partial and isinstance(reply.document, list):
        reply = replace(reply, document=_thinned(reply.document, partial))
    if isinstance(reply.document, dict) and isinstance(reply.document.get("items"), list):
        reply = replace(reply, document=_spoiled_page(request, reply.document, kinds))
    return reply


def _spoiled_page(request: Request, page: Document, kinds: Mapping[FaultKind, Strike]) -> Document:
    if FaultKind.WRONG_PAGE_TOKEN in kinds:
        page = {**page, "next_page_token": WRONG_TOKEN}
    if FaultKind.REPEATED_PAGE in kinds:
        page = {**page, "next_page_token": request.query_params.get("page") or FIRST_TOKEN}
    partial = kinds.get(FaultKind.PARTIAL_LIST)
    if partial:
        # A page that hides items looks complete: without a token nobody asks for more.
        page = {"items": _thinned(page["items"], partial)}
    return page


def _thinned(items: list[Any], strike: Strike) -> list[Any]:
    missing = max(1, round(len(items) * strike.rule.share)) if items else 0
    gone = set(strike.chance.sample(range(len(items)), missing))
    return [item for number, item in enumerate(items) if number not in gone]
