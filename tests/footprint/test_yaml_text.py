"""YAML text reads back as the value, with every reader."""

import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.footprint.yaml_text import to_yaml

texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [
        "no",
        "1e3",
        "0o14",
        "12:30",
        "0x1",
        "1_000",
        "~",
        "=",
        "<<",
        "- a",
        "a: b",
        "a #b",
        "2026-01-01",
        ".inf",
        "Yes",
        "",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_both_versions_of_yaml_read_the_value_back(value: Any) -> None:
    text = to_yaml(value)
    assert yaml.safe_load(text) == value
    assert YAML(typ="safe", pure=True).load(io.StringIO(text)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ghcr.io/humanitec/agent:1.8.4", "ghcr.io/humanitec/agent:1.8.4"),
        ("app.kubernetes.io/name", "app.kubernetes.io/name"),
        ("250m", '"250m"'),
        ("a\nb", '"a\\nb"'),
        ("a: b", '"a: b"'),
        ("a ", '"a "'),
        (0.05, "0.05"),
        ([], "[]"),
    ],
)
def test_what_needs_no_quotes_has_none(value: Any, expected: str) -> None:
    assert to_yaml(value) == f"{expected}\n"


def test_the_text_is_in_block_style_and_keeps_the_order() -> None:
    value: Any = {"b": {"z": 1, "a": [{"x": [1, 2]}, "w"]}, "a": True}
    assert to_yaml(value) == "b:\n  z: 1\n  a:\n    - x:\n        - 1\n        - 2\n    - w\na: true\n"
    assert json.dumps(yaml.safe_load(to_yaml(value))) == json.dumps(value)
