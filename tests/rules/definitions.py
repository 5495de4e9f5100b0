"""Definitions as YAML, on one line each, for tests of rules that look at several of them."""

import json
from typing import Any


def definition(
    identifier: str,
    type_: str,
    *,
    driver: str = "humanitec/echo",
    criteria: list[dict[str, str]] | None = None,
    **entity: Any,
) -> str:
    """One document; `values`, `secrets` and `secret_refs` are driver inputs, `criteria` `[{}]` if left out."""
    inputs = {name: entity.pop(name) for name in ("values", "secrets", "secret_refs") if name in entity}
    body = {
        "apiVersion": "entity.humanitec.io/v1b1",
        "kind": "Definition",
        "metadata": {"id": identifier},
        "entity": {
            "type": type_,
            "driver_type": driver,
            "driver_inputs": inputs,
            "criteria": [{}] if criteria is None else criteria,
            **entity,
        },
    }
    return json.dumps(body) + "\n---\n"


def unmanaged(identifier: str, type_: str, **entity: Any) -> str:
    """One document without the member `criteria`."""
    body = json.loads(definition(identifier, type_, **entity).removesuffix("---\n"))
    del body["entity"]["criteria"]
    return json.dumps(body) + "\n---\n"


def agent(identifier: str, *criteria: dict[str, str]) -> str:
    """An Agent with the definition that refers to it."""
    body = {
        "apiVersion": "reconciler/v1alpha1",
        "kind": "Agent",
        "metadata": {"id": identifier},
        "spec": {"definition": {"id": f"{identifier}-agent", "criteria": list(criteria)}},
    }
    return json.dumps(body) + "\n---\n"


def to(selector: str, output: str = "url") -> str:
    """A reference."""
    return f"${{resources['{selector}'].outputs.{output}}}"
