"""JSON in pieces: what `json.dumps` returns, written item by item."""

import json
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.json import Json
from reconciler.views.json_text import Items, Members, pieces

values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def late(value: Json) -> Json | Items | Members:
    """The same value, with every list created as it is written."""
    if isinstance(value, list):
        return Items(late(item) for item in value)
    if isinstance(value, dict):
        return {name: late(member) for name, member in value.items()}
    return value


@settings(max_examples=200, deadline=None)
@given(values)
def test_the_pieces_are_what_json_dumps_returns(value: Json) -> None:
    assert "".join(pieces(value)) == json.dumps(value, indent=2)
    assert "".join(pieces(late(value))) == json.dumps(value, indent=2)


def test_an_item_is_created_only_when_it_is_written() -> None:
    made: list[int] = []

    def items() -> Iterator[Json]:
        for number in range(3):
            made.append(number)
            yield {"number": number}

    written = pieces({"items": Items(items())})
    while "0" not in next(written):
        pass
    assert made == [0]
