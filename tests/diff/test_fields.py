"""The smallest differences between two documents."""

import pytest

from reconciler.diff.change import ABSENT, FieldChange
from reconciler.diff.fields import document_changes, is_same, literal_digests, reference_text
from reconciler.model.desired import digested
from reconciler.model.json import Json
from reconciler.model.secret import Digester, Expression, Literal, Reference, Secret, Unreadable
from tests.building import definition, state


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"a": 1}, {"a": 1}, [], id="equal"),
        pytest.param({"a": 1}, {"a": 2}, [FieldChange(("a",), 1, 2)], id="changed"),
        pytest.param({}, {"a": None}, [FieldChange(("a",), ABSENT, None)], id="null is not absent"),
        pytest.param({"a": 1}, {}, [FieldChange(("a",), 1, ABSENT)], id="removed"),
        pytest.param(
            {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, [FieldChange(("a", "c"), 2, 3)], id="nested"
        ),
        pytest.param({"a": [1, 2]}, {"a": [1, 3]}, [FieldChange(("a", 1), 2, 3)], id="same length"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, [FieldChange(("a",), [1], [1, 2])], id="other length"),
        pytest.param({"a": {}}, {"a": []}, [FieldChange(("a",), {}, [])], id="other shape"),
    ],
)
def test_the_smallest_set_of_paths_is_found(before: Json, after: Json, expected: list[FieldChange]) -> None:
    assert list(document_changes(before, after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([1, [True]], [1, [1]], False),
        ({"a": [1]}, {"a": [1.0]}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
        ("5", 5, False),
    ],
)
def test_values_are_equal_only_if_their_types_are(before: Json, after: Json, expected: bool) -> None:  # noqa: FBT001
    assert is_same(before, after) is expected


def test_only_the_text_of_a_reference_is_recorded_for_a_live_secret() -> None:
    assert reference_text(Reference("vault", "path", "3")) == "vault:path@3"
    assert reference_text(Unreadable()) == reference_text(Expression("${a}")) == reference_text(None) == ""


def test_only_literals_have_digests_and_only_with_a_key() -> None:
    literal = Literal(Secret("x"))
    bare = definition("a", secrets={"/a": literal, "/b": Reference("s", "r"), "/c": Expression("${c}")})
    resource = digested(state(bare), Digester(b"k")).resources[bare.key]
    assert list(literal_digests(resource)) == ["/a"]
    assert literal_digests(digested(state(bare), Digester(None)).resources[bare.key]) == {}


def test_a_document_in_place_of_nothing_is_shown_as_one_value() -> None:
    live, desired = definition("a"), definition("a", values={"x": {"y": 1}})
    assert [c.path for c in document_changes(dict(live.document), dict(desired.document))] == [("values",)]
