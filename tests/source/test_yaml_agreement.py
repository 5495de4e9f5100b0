"""The fast YAML reader compared with two others: the composer of `source`, and ruamel.yaml's in Python (YAML 1.2).

Values, places and repeated keys must be the same, or the files would mean one thing to the plan and another to
its findings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode

from reconciler.model.json import Json
from reconciler.settings import Limits
from reconciler.source.clean_yaml import NotCleanError, read_clean
from reconciler.source.composer import Composer
from reconciler.source.scalar import plain_value
from reconciler.source.yaml_event import YamlError, read_events
from reconciler.source.yaml_text import compose, parse_yaml

LIMITS = Limits()
CORPUS = Path(__file__).parents[3] / "shared/corpus/definitions"
EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted((*CORPUS.rglob("*.yaml"), *EXAMPLES.rglob("*.yaml")))


@dataclass
class Reading:
    """One document as ruamel.yaml composes it, in the types of `source`."""

    value: Json = None
    values: list[tuple[int, int] | None] = field(default_factory=list)
    keys: list[tuple[int, int] | None] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)

    def read(self, node: Any, key_place: tuple[int, int] | None = None) -> Json:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        # for an empty value, ruamel.yaml gives the place of the next token
        is_nothing = isinstance(node, ScalarNode) and not node.value and not node.style
        self.values.append(None if is_nothing else place)
        self.keys.append(key_place or self.values[-1])
        if isinstance(node, ScalarNode):
            return node.value if node.style else plain_value(node.value)
        if not isinstance(node, MappingNode):
            return [self.read(item) for item in node.value]
        made: dict[str, Json] = {}
        for key, inner in node.value:
            where = (key.start_mark.line + 1, key.start_mark.column + 1)
            if key.value in made:
                dropped = Reading()
                dropped.read(inner)
                self.repeated += [where, *dropped.repeated]
            else:
                made[key.value] = self.read(inner, where)
        return made


def ruamel(text: str) -> Iterator[Reading]:
    for node in YAML(typ="safe", pure=True).compose_all(text):
        other = Reading()
        other.value = other.read(node)
        if other.value is not None:
            yield other


def agree(text: str) -> None:
    """Check that both readers agree on a file in everything."""
    parsed = parse_yaml(text.encode(), "a.yaml", LIMITS)
    assert parsed.failure is None
    documents = list(ruamel(text))
    assert len(parsed.documents) == len(documents)
    for document, other in zip(parsed.documents, documents, strict=True):
        assert document.value == other.value
        assert repr(document.value) == repr(other.value)  # 1 is True, and 1 is 1.0, to `==`
        places = document.positions.places
        for packed, expected in ((places.values, other.values), (places.keys, other.keys)):
            found = [(place >> 32, place & 0xFFFFFFFF) for place in packed]
            assert found == [place or own for place, own in zip(expected, found, strict=True)]
        origin = document.positions.origin(document.value)
        assert (origin.line, origin.column) == other.values[0]
        repeated = [(found.origin.line, found.origin.column) for found in document.findings]
        assert repeated == other.repeated
        assert {found.rule for found in document.findings} <= {"F03"}


@pytest.mark.skipif(not FILES, reason="neither the corpus nor the examples are next to the checkout")
def test_real_files_are_read_as_ruamel_reads_them() -> None:
    for file in FILES:
        agree(file.read_text("utf-8"))


PLAIN = """
a no on yes 1 -1 +1 012 0o14 0xF 1.5 .5 1. 1e3 -1E-3 ~ null true False tRUE 1_000 2024-01-01 https://x a:b a#b
${context.env.id}-x -a ?a :a a,b .inf. 0b1 nan
"""
plain = st.sampled_from(PLAIN.split())
word = plain | st.text("abcé 0:-", min_size=1, max_size=5).map(lambda text: "'" + text + "'")
quoted_text = st.text("abc \\\"'#:é", max_size=8).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
flow_text = st.recursive(
    st.sampled_from(["1", "a", "'b'", '"c"', "true", "0.5", "~", "https://x"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
        | st.lists(st.tuples(st.sampled_from("xyz"), inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{name}: {value}" for name, value in pairs) + "}"
        )
    ),
    max_leaves=6,
)
lines = st.lists(st.sampled_from(["a", "b: c", "", "- d", "'e", "# f", "  g"]), min_size=1, max_size=4)
literal = st.tuples(st.sampled_from(["|", "|-", "|+", ">", ">-"]), lines)


@dataclass(frozen=True)
class Block:
    """A mapping or a list in block style; `items` have a name each, "" in a list."""

    is_mapping: bool
    items: list[tuple[str, Any]]


node = st.recursive(
    word | quoted_text | flow_text | literal | st.just(""),
    lambda inner: (
        st.lists(st.tuples(st.sampled_from(["k", "l", "'m n'", "type", "name"]), inner), min_size=1, max_size=4).map(
            lambda items: Block(is_mapping=True, items=items)
        )
        | st.lists(st.tuples(st.just(""), inner), min_size=1, max_size=3).map(
            lambda items: Block(is_mapping=False, items=items)
        )
    ),
    max_leaves=12,
)  # fmt: skip


def written(value: Any, indent: int) -> str:
    """A node in block style, to follow a colon or a dash."""
    margin = "\n" + " " * indent
    if isinstance(value, str):
        return f" {value}  # a comment" if value == "1" else f" {value}".rstrip(" ")
    if isinstance(value, tuple):
        style, texts = value
        return f" {style}{margin}x" + "".join(f"{margin}{line}" if line else "\n" for line in texts)
    if value.is_mapping:
        return "".join(f"{margin}{name}:{written(inner, indent + 2)}" for name, inner in value.items)
    return "".join(f"{margin}-{written(inner, indent + 2)}" for _, inner in value.items)


@settings(max_examples=250, deadline=None)
@given(st.lists(node, min_size=1, max_size=3))
def test_generated_documents_are_read_as_ruamel_reads_them(nodes: list[Any]) -> None:
    agree("".join(f"---\nv:{written(value, 2)}\n" for value in nodes))


@settings(max_examples=400, deadline=None)
@given(
    st.text("ab:-[]{}&*!|>'\"%@#? \n,<.1~", max_size=60)
    | st.lists(
        st.sampled_from(["a: ", "b:\n", "  ", "- ", "&x ", "*x", "<<: ", "{", "}", "1", "~", "\n", "---\n", "!t "]),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_the_fast_reader_and_the_composer_agree(text: str) -> None:
    limits = Limits(max_nodes=20, max_depth=4)
    try:
        clean = read_events(text, lambda next_event: read_clean(next_event, limits))
    except (NotCleanError, YamlError):
        return
    slow = compose(text, "a.yaml", limits)
    assert slow.failure is None
    assert [document.findings for document in slow.documents] == [()] * len(clean)
    assert repr([document.value for document in slow.documents]) == repr([value for value, _ in clean])
    assert [document.positions.places.values[0] for document in slow.documents] == [
        start for _, start in clean
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2",
        "1: a",
        "~: a",
        "<<: {a: 1}",
        "a: &x 1",
        "a: !!str 1",
        "!t {a: 1}",
        "&x [a]",
        "? [a]\n: b",
        "a: .inf",
        "a: " + "9" * 500,
        "a: [[[[1]]]]",
        "a: [1, 2, 3, 4, 5]",
        "a scalar",
        "a: b: c",
        "a: *x",
    ],
)
def test_the_fast_reader_leaves_unusual_yaml_to_the_composer(text: str) -> None:
    with pytest.raises((NotCleanError, YamlError)):
        read_events(text, lambda next_event: read_clean(next_event, Limits(max_nodes=5, max_depth=3)))


def test_places_in_a_valid_file_are_computed_only_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    class Counted(Composer):
        def __init__(self, file: str, limits: Limits) -> None:
            made.append(file)
            super().__init__(file, limits)

    monkeypatch.setattr("reconciler.source.yaml_text.Composer", Counted)
    [first, second] = parse_yaml(b"a: [1]\n---\n---\nb: {c: 1}", "a.yaml", LIMITS).documents
    assert str(second.positions.origin(second.value)) == "a.yaml:4:1"
    assert made == []
    assert str(second.positions.origin(second.value, ("b", "c"))) == "a.yaml:4:8"
    assert str(first.positions.origin(first.value, ("a", 0))) == "a.yaml:1:5"
    assert made == ["a.yaml"]
