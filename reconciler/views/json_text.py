"""JSON as text in pieces, so that a document of many objects is never in memory as a whole."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.json import Json


@dataclass(frozen=True, slots=True)
class Items:
    """A list whose items are created as they are written, so it can be written only once."""

    items: Iterable["Json | Items | Members"]


Members = Mapping[str, "Json | Items | Members"]
"""An object that may hold such lists."""


def pieces(value: Json | Items | Members, margin: str = "\n") -> Iterator[str]:
    r"""What `json.dumps(value, indent=2)` returns, in one piece per item.

    `margin` is a line break and the indentation of the line on which the value begins.

    >>> "".join(pieces({"a": Items([1, {"b": Items(())}])}))
    '{\n  "a": [\n    1,\n    {\n      "b": []\n    }\n  ]\n}'
    """
    inner = margin + "  "
    if isinstance(value, Items):
        before = "["
        for item in value.items:
            yield before + inner
            yield from pieces(item, inner)
            before = ","
        yield "[]" if before == "[" else margin + "]"
    elif isinstance(value, Mapping) and any(isinstance(member, Items | Mapping) for member in value.values()):
        before = "{"
        for name, member in value.items():
            yield f"{before}{inner}{json.dumps(name)}: "
            yield from pieces(member, inner)
            before = ","
        yield margin + "}"
    else:
        # Strings contain no line breaks: JSON escapes them.
        yield json.dumps(value, indent=2).replace("\n", margin)
