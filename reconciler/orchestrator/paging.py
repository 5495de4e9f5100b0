"""Complete lists of v2, read page by page (v2 reference 4)."""

from collections.abc import Mapping, Sequence

from reconciler.errors import UnavailableError
from reconciler.model.json import Json, JsonObject
from reconciler.orchestrator import shape
from reconciler.orchestrator.http import Channel, path_of

PAGE_ITEMS = 100
"""The default of the server: the only size that every version accepts."""
_MOST_PAGES = 1000
"""A hundred thousand objects: far more than any organization has, and a limit for a list that never ends."""


def pages(channel: Channel, parts: Sequence[str], query: Mapping[str, str] | None = None) -> list[JsonObject]:
    """Items of all pages.

    Raises UnavailableError if a page marker is repeated or there are too many pages: such a list
    does not end, and a part of it must never be taken for the whole (design decision 4.1).
    """
    items: list[JsonObject] = []
    markers: set[str] = set()
    marker = ""
    while True:
        asked = {**(query or {}), "per_page": str(PAGE_ITEMS), **({"page": marker} if marker else {})}
        found, marker = channel.get(parts, _page, query=asked)
        items.extend(found)
        if not marker:
            return items
        if marker in markers:
            raise UnavailableError(f"GET {path_of(parts)}: the list does not end: a page marker is repeated")
        markers.add(marker)
        if len(markers) >= _MOST_PAGES:
            raise UnavailableError(f"GET {path_of(parts)}: the list does not end after {_MOST_PAGES} pages")


def _page(answer: Json) -> tuple[list[JsonObject], str]:
    document = shape.member_object(answer, "the page")
    found = list(shape.objects(document.get("items"), "items"))
    return found, shape.optional_text(document, "next_page_token")
