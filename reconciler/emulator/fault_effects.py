"""Replies of faults in place of an operation's own, and changes to its reply.

`faults` decides which requests are affected; the callers, `endpoint` and `tunnel_door`, cut
connections and delay responses.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request

from reconciler.emulator.exchange import Api, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.faults import FaultKind, Strike
from reconciler.emulator.v2.paging import FIRST_TOKEN, WRONG_TOKEN
from reconciler.emulator.web.answer import error_reply
from reconciler.emulator.wire import Document

ERRORS_BEFORE = (FaultKind.TOO_MANY_REQUESTS, FaultKind.ERROR_BEFORE_EFFECT, FaultKind.REFUSED_ONCE)
"""Faults that respond with an error and do not change the state."""


def injected(strike: Strike) -> ApiError:
    """The refusal that an error fault responds with."""
    rule = strike.rule
    headers = {} if rule.retry_after is None else {"Retry-After": f"{rule.retry_after:.9g}"}
    return ApiError(rule.answer_status, "injected by a fault rule", headers=headers)


def spoiled(request: Request, api: Api, reply: Reply, strikes: Mapping[FaultKind, Strike]) -> Reply:
    """An operation's reply after the faults are applied."""
    if FaultKind.ERROR_AFTER_EFFECT in strikes:
        return error_reply(api, injected(strikes[FaultKind.ERROR_AFTER_EFFECT]))
    if reply.status != 200:
        return reply
    partial = strikes.get(FaultKind.PARTIAL_LIST)
    if partial and isinstance(reply.document, list):
        reply = replace(reply, document=_thinned(reply.document, partial))
    if isinstance(reply.document, dict) and isinstance(reply.document.get("items"), list):
        reply = replace(reply, document=_spoiled_page(request, reply.document, strikes))
    return reply


def _spoiled_page(request: Request, page: Document, strikes: Mapping[FaultKind, Strike]) -> Document:
    if FaultKind.WRONG_PAGE_TOKEN in strikes:
        page = {**page, "next_page_token": WRONG_TOKEN}
    if FaultKind.REPEATED_PAGE in strikes:
        page = {**page, "next_page_token": request.query_params.get("page") or FIRST_TOKEN}
    partial = strikes.get(FaultKind.PARTIAL_LIST)
    if partial:
        # A page with missing items must look complete: without a token no client requests more.
        page = {"items": _thinned(page["items"], partial)}
    return page


def _thinned(items: list[Any], strike: Strike) -> list[Any]:
    missing = max(1, round(len(items) * strike.rule.share)) if items else 0
    gone = set(strike.chance.sample(range(len(items)), missing))
    return [item for number, item in enumerate(items) if number not in gone]
