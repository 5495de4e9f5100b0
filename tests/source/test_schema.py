"""JSON Schemas: current, valid, and consistent with the models."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.settings import Limits
from reconciler.source.kind import KINDS
from reconciler.source.schema import schemas, write_schemas
from reconciler.source.settings_file import commented_example
from reconciler.source.yaml_text import parse_yaml

ROOT = Path(__file__).parents[2]
SCHEMAS = schemas()
HEADER = {"apiVersion": "reconciler/v1alpha1", "metadata": {"id": "x"}}
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml")) + sorted(
    (ROOT.parent / "shared/corpus").rglob("*.yaml")
)


def test_the_written_schemas_are_current(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "schemas")
    assert {path.name for path in written} == set(SCHEMAS)
    for path in written:
        assert (ROOT / "schemas" / path.name).read_text() == path.read_text(), "run: reconciler schema"


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_each_schema_is_a_valid_schema(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert list(schema)[:2] == ["$schema", "title"]
    assert "discriminator" not in json.dumps(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_real_documents_agree_with_the_schemas(path: Path) -> None:
    validator = Draft202012Validator(SCHEMAS["any.json"])
    settings = Draft202012Validator(SCHEMAS["settings.json"])
    for document in parse_yaml(path.read_bytes(), path.name, Limits()).documents:
        if isinstance(document.value, dict) and document.value.get("apiVersion") in KINDS:
            validator.validate(document.value)
        elif path.name == "reconciler.yaml":
            settings.validate(document.value)


def test_the_settings_example_agrees_with_its_schema() -> None:
    [document] = parse_yaml(commented_example().encode(), "x", Limits()).documents
    Draft202012Validator(SCHEMAS["settings.json"]).validate(document.value)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("agent.json", {**HEADER, "kind": "Agent", "spec": {"x": 1}}),
        ("any.json", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}),
        ("settings.json", {"version": 1, "targets": {}}),
        ("settings.json", {"version": 1, "targets": {"a": {"organization": "a"}}, "limits": {"max_files": 1}}),
        ("runner.json", {**HEADER, "kind": "Runner", "spec": {}}),
    ],
)  # fmt: skip
def test_wrong_documents_do_not_agree(name: str, document: object) -> None:
    assert not Draft202012Validator(SCHEMAS[name]).is_valid(document)
