"""JSON Schemas (draft 2020-12) for every kind of file, generated from the models.

For completion and checks in editors; the models remain authoritative. `reconciler schema` writes
them to `schemas/`. The same models always give the same schemas.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from reconciler.model.agent import AgentDocument
from reconciler.model.approvals import ApprovalsDocument
from reconciler.model.json import Json, JsonObject
from reconciler.model.key import KeyDocument
from reconciler.model.operator import OperatorDocument
from reconciler.model.resource_definition import DefinitionDocument
from reconciler.model.runner import RunnerDocument
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.settings import Settings
from reconciler.source.kind import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODELS: dict[str, type[BaseModel]] = {
    "agent.json": AgentDocument,
    "approvals.json": ApprovalsDocument,
    "definition.json": DefinitionDocument,
    "key.json": KeyDocument,
    "operator.json": OperatorDocument,
    "runner.json": RunnerDocument,
    "secret_store.json": SecretStoreDocument,
    "settings.json": Settings,
}
_TITLES = {
    "agent.json": "Agent",
    "approvals.json": "Approvals of a repository",
    "any.json": "Any document of the reconciler",
    "definition.json": "Resource definition",
    "key.json": "Key of an agent, an Operator or a runner",
    "operator.json": "Operator",
    "runner.json": "Runner",
    "secret_store.json": "Secret store",
    "settings.json": "Settings of the reconciler",
}


def schemas() -> dict[str, JsonObject]:
    """Schemas by file name. `any.json` accepts documents of every kind, except settings and approvals."""
    made = {name: _finished(name, model.model_json_schema()) for name, model in _MODELS.items()}
    union: TypeAdapter[Any] = TypeAdapter(Document)
    any_document = union.json_schema()
    any_document["oneOf"] = any_document.pop("anyOf")
    made["any.json"] = _finished("any.json", any_document)
    return dict(sorted(made.items()))


def write_schemas(directory: Path) -> list[Path]:
    """Write all schemas to a folder, which is created if necessary, and return the files, sorted."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = directory / name
        try:
            path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError:
            path.unlink(missing_ok=True)  # an editor would report half a schema for every document
            raise
        written.append(path)
    return written


def _finished(name: str, schema: dict[str, Any]) -> JsonObject:
    """The schema with the dialect first, and without the titles and markers that pydantic derives from Python names."""
    cleaned = _cleaned(schema)
    assert isinstance(cleaned, dict)
    return {"$schema": DIALECT, "title": _TITLES[name], **cleaned}


def _cleaned(node: Any, *, is_names: bool = False) -> Json:
    """Copy of a schema. `is_names`: the keys of `node` are names of fields, not keywords of JSON Schema."""
    if isinstance(node, list):
        return [_cleaned(item) for item in node]
    if not isinstance(node, dict):
        plain: Json = node
        return plain
    if is_names:
        return {name: _cleaned(value) for name, value in node.items()}
    return {
        word: value
        if word in ("default", "enum", "const")
        else _cleaned(value, is_names=word in ("properties", "$defs"))
        for word, value in node.items()
        if word not in ("title", "discriminator")
    }
