"""Values that replace a part of valid input, and where they can go."""

import copy
from collections.abc import Iterator

from hypothesis import strategies as st

from reconciler.model.json import Json, Path

VALUES: list[Json] = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    " ",
    "x" * 300,
    "${resources.",
    "{{ .x",
    "a\nb\u202e\u0007",
    "1.31",
    "../..",
    "git@h:a",
    "https://[",
    [],
    [[]],
    [None],
    [{"a": []}],
    {},
    {"a": "b"},
    {"": None},
    {"name": {"x": 1}},
    {"kind": ["Secret"], "id": {}},
]
"""One of each type, and strings that parsers of this program take apart."""


def paths(value: Json, at: Path = ()) -> Iterator[Path]:
    """Every place in a value, outermost first."""
    yield at
    if isinstance(value, dict):
        for name, member in value.items():
            yield from paths(member, (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*at, index))


def replaced(value: Json, at: Path, new: Json) -> Json:
    """A copy with another value at a place."""
    if not at:
        return new
    made = copy.deepcopy(value)
    holder: object = made
    for step in at[:-1]:
        holder = holder[step]  # type: ignore[index]  # the place exists in the value
    holder[at[-1]] = new  # type: ignore[index]  # as above
    return made


@st.composite
def mutated(draw: st.DrawFn, value: Json) -> Json:
    """The value with one or two of its parts replaced."""
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.sampled_from(list(paths(value))))
        value = replaced(value, at, draw(st.sampled_from(VALUES)))
    return value
