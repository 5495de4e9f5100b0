"""YAML text to values and places: the core schema, several documents, and hostile input."""

import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.json import Json, Path
from reconciler.model.origin import Origin
from reconciler.settings import Limits
from reconciler.source import composer, yaml_event
from reconciler.source.yaml_text import YamlDocument, YamlText, parse_yaml

LIMITS = Limits()


def parse(text: str | bytes, limits: Limits = LIMITS) -> YamlText:
    content = text.encode() if isinstance(text, str) else text
    return parse_yaml(content, "a.yaml", limits)


def one(text: str | bytes, limits: Limits = LIMITS) -> YamlDocument:
    parsed = parse(text, limits)
    assert parsed.failure is None, parsed.failure
    assert len(parsed.documents) == 1
    return parsed.documents[0]


def failure(text: str | bytes, limits: Limits = LIMITS) -> tuple[str, str]:
    found = parse(text, limits).failure
    assert found is not None
    return found.rule, str(found.origin)


def problems(text: str, limits: Limits = LIMITS) -> list[tuple[str, str]]:
    return [(found.rule, str(found.origin)) for found in one(text, limits).findings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("012", 12),
        ("0o14", 12),
        ("0xfF", 255),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("12:30", "12:30"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("2024-01-01", "2024-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ('!!int "12"', 12),
        ("!!float 1", 1.0),
        ("!!bool true", True),
        ("~x", "~x"),
        ("-", [None]),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars_mean_what_the_core_schema_says(text: str, value: Json) -> None:
    document = one(f"v: {text}" if text != "-" else "v:\n-")
    assert document.value == {"v": value}
    assert isinstance(document.value, dict)
    assert type(document.value["v"]) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".NaN", "1e999", "9" * 5000])
def test_numbers_that_json_cannot_hold_are_refused(text: str) -> None:
    assert problems(f"v: {text}") == [("F06", "a.yaml:1:4")]


@pytest.mark.parametrize(
    "text", ["!x v", "!!binary aGk=", "!!python/object:os.system x", "!!int x", "!x {}", "!!set {}"]
)
def test_tags_outside_the_core_schema_are_refused(text: str) -> None:
    assert problems(f"v: {text}") == [("F02", "a.yaml:1:4")]


def test_several_documents_keep_their_places_and_empty_ones_are_skipped() -> None:
    parsed = parse("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n")
    assert [document.value for document in parsed.documents] == [{"a": 1}, {"b": 2}]
    assert [str(d.positions.origin(d.value)) for d in parsed.documents] == ["a.yaml:4:1", "a.yaml:7:1"]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n...\n", "\ufeff"])
def test_a_file_without_documents_is_valid(text: str) -> None:
    assert parse(text) == YamlText(())


def test_a_byte_order_mark_does_not_move_the_first_column() -> None:
    document = one("\ufeffa: ä\nb: 1")
    assert document.value == {"a": "ä", "b": 1}
    assert document.positions.key_origin(document.value, ("a",)) == Origin("a.yaml", 1, 1)


def test_columns_count_characters_not_bytes() -> None:
    document = one("{äöü: ß, b: 1}")
    assert document.positions.key_origin(document.value, ("b",)) == Origin("a.yaml", 1, 10)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a: 1\n".encode("utf-16"), "a.yaml:1:1"),
        ("a: 1\n".encode("utf-32"), "a.yaml:1:1"),
        ("a: 1\n".encode("utf-16-le"), "a.yaml:1:2"),
        ("a: 1\nb: größe\n".encode("latin-1"), "a.yaml:2:6"),
        (b"\xef\xbb\xbfa: \xff", "a.yaml:1:4"),
        (b"a: 1\nb: \0", "a.yaml:2:4"),
        (b"a: 1\r\nb: \x07", "a.yaml:2:4"),
        ("a: 1\nb: \x80".encode(), "a.yaml:2:4"),
        (b"\xed\xa0\x80", "a.yaml:1:1"),
    ],
)
def test_other_encodings_are_named_with_their_place(content: bytes, place: str) -> None:
    assert failure(content) == ("F01", place)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: b: c", "a.yaml:1:5"),
        ("a: [1, 2", "a.yaml:2:1"),
        ("a:\n\t- b", "a.yaml:2:1"),
        ("a: *nowhere", "a.yaml:1:4"),
        ("a: &x [*x]", "a.yaml:1:8"),
        ("a: &x {b: {c: *x}}", "a.yaml:1:15"),
        ('a: "\\q"', "a.yaml:1:5"),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> b\n", "a.yaml:2:2"),
        ("%YAML 3.0\n---\na: 1", "a.yaml:1:1"),
    ],
)
def test_broken_text_is_a_finding_with_a_place(text: str, place: str) -> None:
    assert failure(text) == ("F02", place)


def test_documents_before_a_broken_one_are_kept() -> None:
    parsed = parse("a: 1\n---\nb: [")
    assert [document.value for document in parsed.documents] == [{"a": 1}]
    assert parsed.failure is not None


def test_duplicate_keys_name_both_places_and_the_first_counts() -> None:
    document = one("a: 1\nb: {c: [1, 2], d: 2,\n    d: {x: 1}}\na: 3\ne: 4\n")
    assert document.value == {"a": 1, "b": {"c": [1, 2], "d": 2}, "e": 4}
    assert [(f.rule, str(f.origin), str(f.others[0])) for f in document.findings] == [
        ("F03", "a.yaml:3:5", "a.yaml:2:16"),
        ("F03", "a.yaml:4:1", "a.yaml:1:1"),
    ]
    assert document.positions.key_origin(document.value, ("e",)) == Origin("a.yaml", 5, 1)


def test_equal_keys_in_other_spellings_are_duplicates() -> None:
    assert problems("'a': 1\n\"a\": 2") == [("F03", "a.yaml:2:1")]


@pytest.mark.parametrize("key", ["1", "true", "null", "1.5", "~"])
def test_keys_that_are_not_strings_are_findings(key: str) -> None:
    assert problems(f"x: 1\n{key}: 2") == [("F06", "a.yaml:2:1")]


@pytest.mark.parametrize("key", ["[a]", "{a: b}", "*x"])
def test_collections_as_keys_are_findings_and_left_out(key: str) -> None:
    document = one(f"x: &x [1]\n? {key}\n: &y 2\nz: 3\nw: *y")
    assert document.value == {"x": [1], "z": 3, "w": 2}
    assert [(found.rule, found.origin.line) for found in document.findings] == [
        ("F06", 1 if key == "*x" else 2)
    ]


def test_aliases_repeat_the_anchored_value() -> None:
    document = one("a: &a {x: [1, 2]}\nb: *a\nc: [*a, *a]\n&k key: v\n*k : 1\n")
    assert document.value == {"a": {"x": [1, 2]}, "b": {"x": [1, 2]}, "c": [{"x": [1, 2]}] * 2, "key": "v"}
    assert [found.rule for found in document.findings] == ["F03"]
    assert document.positions.origin(document.value, ("b", "x", 1)) == Origin("a.yaml", 1, 15)
    assert document.positions.key_origin(document.value, ("b",)) == Origin("a.yaml", 2, 1)
    assert document.positions.key_origin(document.value, ("c",)) == Origin("a.yaml", 3, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{url: https://x.y/z, token: {env: T}}", {"url": "https://x.y/z", "token": {"env": "T"}}),
        ("[a:b, c]", ["a:b", "c"]),
        ("{time: 12:30:00}", {"time": "12:30:00"}),
    ],
)
def test_colons_inside_flow_scalars_follow_yaml_1_2(text: str, value: Json) -> None:
    document = one(f"v: {text}\nw: 1")
    assert document.value == {"v": value, "w": 1}
    check_places(document)


def test_an_anchor_may_be_used_again_for_another_node() -> None:
    assert one("a: &x 1\nb: *x\nc: &x 2\nd: *x").value == {"a": 1, "b": 1, "c": 2, "d": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("base: &b {x: 1, y: 2}\nv: {<<: *b, y: 3}", {"x": 1, "y": 3}),
        ("base: &b {x: 1, y: 2}\nv: {y: 3, <<: *b}", {"x": 1, "y": 3}),
        ("base: &b {x: 1}\nc: &c {x: 2, z: 3}\nv: {<<: [*b, *c]}", {"x": 1, "z": 3}),
        ("base: &b {x: 1}\nc: &c {<<: *b, z: 3}\nv: {<<: *c}", {"x": 1, "z": 3}),
        ("base: 1\nv: {<<: {x: {y: 1}}, z: 1}", {"x": {"y": 1}, "z": 1}),
        ('base: 1\nv: {"<<": 1}', {"<<": 1}),
    ],
)
def test_merge_keys_add_what_is_missing(text: str, value: Json) -> None:
    document = one(text)
    assert document.findings == ()
    assert isinstance(document.value, dict)
    assert document.value["v"] == value
    check_places(document)


def test_merged_values_keep_the_place_where_they_are_written() -> None:
    document = one("base: &b\n  x: {y: 1}\nv:\n  z: &z [1]\n  <<: *b\n  w: *z\n")
    assert document.positions.origin(document.value, ("v", "x", "y")) == Origin("a.yaml", 2, 10)
    assert document.positions.key_origin(document.value, ("v", "x")) == Origin("a.yaml", 2, 3)
    assert document.positions.origin(document.value, ("v", "w", 0)) == Origin("a.yaml", 4, 10)


def test_anchors_inside_merged_or_dropped_values_remain_usable() -> None:
    document = one("v: {<<: {x: &x [1, 2]}, y: *x}\nv: {z: &q {k: [5]}}\nw: [*x, *q]")
    assert document.value == {"v": {"y": [1, 2], "x": [1, 2]}, "w": [[1, 2], {"k": [5]}]}
    check_places(document)


@pytest.mark.parametrize("text", ["v: {<<: 1}", "v: {<<: [1]}", "v: {<<: [[]]}"])
def test_merging_what_is_not_a_mapping_is_a_finding(text: str) -> None:
    assert [rule for rule, _ in problems(text)] == ["F06"]


def check_places(document: YamlDocument) -> None:
    """Check that every node, key or value, has a place."""

    def count(value: Json) -> int:
        if isinstance(value, dict):
            return 1 + sum(map(count, value.values()))
        return 1 + sum(map(count, value)) if isinstance(value, list) else 1

    assert len(document.positions.places.values) == count(document.value)
    assert len(document.positions.places.keys) == count(document.value)


def laughs(count: int, item: str = "lol") -> str:
    lines = [f"a0: &a0 [{item}]"]
    for before, after in pairwise(range(count + 1)):
        lines.append(f"a{after}: &a{after} [{', '.join([f'*a{before}'] * 10)}]")
    return "\n".join(lines)


HOSTILE = {
    "billion laughs": laughs(12),
    "laughs of few nodes and long texts": "a: &a " + "x" * 500_000 + "\nb: [" + ", ".join(["*a"] * 50_000) + "]",
    "merged laughs": "a: &a {" + ", ".join(f"k{i}: 1" for i in range(20_000)) + "}\n"
    + "\n".join(f"m{i}: {{<<: *a}}" for i in range(20_000)),
    "open brackets": "[" * 100_000,
    "open braces": "{a: " * 100_000,
    "flow in one line": "[" * 100_000 + "]" * 100_000,
    "nested lists": "- " * 100_000,
    "nested questions": "? " * 100_000,
    "indented": "\n".join(" " * i + "a:" for i in range(1000)),
    "nesting by aliases": "a0: &a0 [1]\n" + "\n".join(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 5000)),
    "many values": "[" + "1, " * 150_000 + "]",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_stopped_by_a_limit(name: str) -> None:
    assert failure(HOSTILE[name])[0] == "F04"


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "x" * 1_000_000,
        "a: '" + "x\n\n" * 300_000 + "'",
        "&a " * 100_000 + "x",
        "!a " * 100_000 + "x",
        "a: |\n" + " x\n" * 300_000,
        '"' + "\\x41" * 200_000 + '"',
        "# " + "x" * 1_000_000,
        "---\n" * 200_000,
        "\n".join(f"&a{i} k{i}: *a{i}" for i in range(20_000)),
        "{" + ", ".join(f"k: {i}" for i in range(20_000)) + "}",
        "{" + ", ".join(f"k{i % 10_000}: {i}" for i in range(20_000)) + "}",
        "{" + ", ".join(f"<<: {{&a{i} x: 1}}" for i in range(10_000)) + "}",
        "%TAG ! tag:x,2000:\n" * 1000 + "---\na",
        "a: " + "-" * 1_000_000,
        "9" * 1_000_000,
    ],
    ids=range(15),
)  # fmt: skip
def test_large_input_is_read_or_refused_without_a_crash(text: str) -> None:
    parsed = parse(text)
    assert all(len(document.findings) <= composer.MAX_FINDINGS + 1 for document in parsed.documents)


def test_the_limit_counts_values_exactly() -> None:
    limits = Limits(max_nodes=5)
    assert one("a: &a [1]\nb: *a", limits).value == {"a": [1], "b": [1]}
    assert failure("a: &a [1]\nb: *a\nc: 1", limits)[0] == "F04"


def test_the_limit_on_depth_counts_levels() -> None:
    limits = Limits(max_depth=2)
    assert one("a: [1]", limits).value == {"a": [1]}
    assert failure("a: [[1]]", limits) == ("F04", "a.yaml:1:5")
    assert failure("a: &a [1]\nb: [*a]", limits) == ("F04", "a.yaml:2:5")


# YAML 1.1 breaks lines at U+0085, U+2028 and U+2029, and libyaml still does
texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zl", "Zp"), exclude_characters="\ufeff"), max_size=12
)
json_values: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.just("a\tb\n c\n"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc<-: é", max_size=4), inner, max_size=4)
    ),
    max_leaves=15,
)


def flow(value: Json) -> str:
    """JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def block(value: Json, indent: int = 0) -> str:
    """The same in block style, to follow a colon or a dash."""
    margin = "\n" + " " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{margin}{flow(name)}: {block(child, indent + 2)}" for name, child in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{margin}- {block(child, indent + 2)}" for child in value)
    return flow(value)


@settings(max_examples=150, deadline=None)
@given(json_values, st.sampled_from([flow, block]))
def test_what_is_written_is_read_back_with_a_place_for_each_node(
    value: Json, write: Callable[[Json], str]
) -> None:
    document = one(write({"v": value}))
    assert document.findings == ()
    assert document.value == {"v": value}
    check_places(document)


@settings(max_examples=300, deadline=None)
@given(
    st.text("ab:-[]{}&*!|>'\"%@#? \n,<.1~", max_size=60)
    | st.binary(max_size=60).map(lambda b: b.decode("latin-1"))
)
def test_no_input_makes_it_crash(text: str) -> None:
    parsed = parse(text, Limits(max_nodes=50, max_depth=6))
    for document in parsed.documents:
        check_places(document)


@settings(max_examples=60, deadline=None)
@given(json_values)
def test_the_parser_without_c_reads_the_same(value: Json) -> None:
    from ruamel.yaml import YAML

    text = block({"v": value, "w": [1, "x"]})
    slow = composer.Composer("a.yaml", LIMITS)
    events = YAML(typ="safe", pure=True).parse(text)
    slow.compose(events.__next__)
    [document] = slow.documents
    expected = one(text)
    assert document.value == expected.value
    assert document.places == expected.positions.places


def test_without_the_c_parser_the_python_parser_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_event, "CParser", None)
    assert one("a: [1, no]").value == {"a": [1, "no"]}
    assert failure("a: b: c")[0] == "F02"
    assert failure("a: \x07")[0] == "F01"


@pytest.mark.parametrize("path", [("a",), ("a", 0), ("a", 1, "b"), ("c", "d")])
def test_places_are_found_by_path(path: Path) -> None:
    document = one("a:\n  - x\n  - b: 1\nc:\n  d: 2\n")
    places: dict[Path, tuple[int, int]] = {
        ("a",): (2, 3),
        ("a", 0): (2, 5),
        ("a", 1, "b"): (3, 8),
        ("c", "d"): (5, 6),
    }
    assert document.positions.origin(document.value, path) == Origin("a.yaml", *places[path])
