"""Bodies of modules, from the published schemas, with what those leave to the server's code.

Called by `modules`; rules that need the store stay there.
"""

import re
from typing import Any

from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.bodies import IDENTIFIER, SLUG
from reconciler.emulator.v2.schema import Schema
from reconciler.emulator.wire import Document

MODULE_ID: Schema = {
    "type": "string",
    "maxLength": 100,
    "pattern": SLUG,
    "x-pattern-error": "module id must be a valid identifier of alphanumerics and hyphens",
}
_CLASS = "[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
RESOURCE_CLASS: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 63,
    "pattern": _CLASS,
    "x-pattern-error": "resource class must be a valid identifier of alphanumerics and hyphens",
}
RESOURCE_ID: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 63,
    "pattern": r"[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*",
    "x-pattern-error": "resource id must be a valid resource id with one or more dot-separated parts"
    " of lowercase alphanumerics and hyphens",
}

_TEXT: Schema = {"type": "string"}
_TRUTH: Schema = {"type": "boolean"}
_FREE: Schema = {"type": "object"}

_PARAMETER: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "enum": ["string", "number", "bool", "list", "map", "any"]},
        "is_optional": _TRUTH,
        "description": _TEXT,
    },
}
_DEPENDENCY: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {
            "type": "string",
            "minLength": 2,
            "maxLength": 63,
            "pattern": _CLASS,
            "x-pattern-error": "type must be a valid resource type",
        },
        "class": RESOURCE_CLASS,
        "id": RESOURCE_ID,
        "params": _FREE,
    },
}
_COPROVISIONED: Schema = {
    **_DEPENDENCY,
    "properties": {
        **_DEPENDENCY["properties"],
        "is_dependent_on_current": _TRUTH,
        "copy_dependents_from_current": _TRUTH,
    },
}
_SOURCE: Schema = {"type": "string", "minLength": 2, "maxLength": 200}

_CHANGEABLE: dict[str, Schema] = {
    "description": {"type": "string", "maxLength": 200},
    "module_source": _SOURCE,
    "module_source_code": _TEXT,
    "module_params": {"type": "object", "additionalProperties": _PARAMETER},
    "module_inputs": _FREE,
    "provider_mapping": {"type": "object", "additionalProperties": _TEXT},
    "dependencies": {"type": "object", "additionalProperties": _DEPENDENCY},
    "coprovisioned": {"type": "array", "maxItems": 20, "items": _COPROVISIONED},
}
CREATE: Schema = {
    "type": "object",
    "required": ["id", "resource_type", "module_source"],
    "properties": {**_CHANGEABLE, "id": MODULE_ID, "resource_type": {"type": "string", "minLength": 2}},
}
UPDATE: Schema = {"type": "object", "properties": _CHANGEABLE}

EMPTY: Document = {
    "provider_mapping": {},
    "module_params": {},
    "module_inputs": {},
    "dependencies": {},
    "coprovisioned": [],
}
"""What unset members read back as."""

_MOST_ENTRIES = 20
_LONGEST_CODE = 10_000
_INLINE = "inline"
_REMOTE_SOURCE = re.compile(
    r"git::(?:https|ssh)://\S+"
    r"|/\S+"
    # A registry address: (host/)namespace/name/system(//folder).
    r"|(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?/)?"
    r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_-]*/[a-z0-9]+(?://\S+)?",
    re.ASCII,
)
_PROVIDER = re.compile(rf"{IDENTIFIER}\.{IDENTIFIER}", re.ASCII)


def check_module(module: Document) -> None:
    """Refuse a whole module that breaks a rule beyond its schema: 400."""
    _check_source(module)
    for name in EMPTY:
        if len(module[name]) > _MOST_ENTRIES:
            raise ApiError(400, f"{name} must not have more than {_MOST_ENTRIES} entries")
    shared = sorted(set(module["module_params"]) & set(module["module_inputs"]))
    if shared:
        raise ApiError(400, f"module_params and module_inputs must not share keys: {', '.join(shared)}")
    for alias, provider in module["provider_mapping"].items():
        if not _PROVIDER.fullmatch(provider):
            raise ApiError(400, f"provider_mapping '{alias}' must name a provider as type.id")


def without_empty(body: Document) -> Document:
    """Return a body without what the server does not keep: false flags and empty `params`."""
    kept = dict(body)
    for name in ("module_params", "dependencies"):
        if name in kept:
            kept[name] = {key: _trimmed(item) for key, item in kept[name].items()}
    if "coprovisioned" in kept:
        kept["coprovisioned"] = [_trimmed(item) for item in kept["coprovisioned"]]
    return kept


def _trimmed(item: Document) -> Document:
    def is_dropped(name: str, value: Any) -> bool:
        return value is False or (name == "params" and not value)

    return {name: value for name, value in item.items() if not is_dropped(name, value)}


def _check_source(module: Document) -> None:
    source, code = module["module_source"], module.get("module_source_code")
    if source == _INLINE:
        if not code:
            raise ApiError(400, "module_source_code is required when module_source is 'inline'")
        if len(code) > _LONGEST_CODE:
            raise ApiError(400, f"module_source_code must not be longer than {_LONGEST_CODE} characters")
        return
    if code is not None:
        raise ApiError(400, "module_source_code is only allowed when module_source is 'inline'")
    if not _REMOTE_SOURCE.fullmatch(source):
        raise ApiError(
            400,
            "module_source must be 'inline', a git::https:// or git::ssh:// address,"
            " an absolute path or a registry address",
        )
