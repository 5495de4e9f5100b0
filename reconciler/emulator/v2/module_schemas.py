"""Bodies of modules: the published schemas, and the checks made by the server's code.

Called by `modules`, which makes the checks that need the store.
"""

import re
from typing import Any

from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.schema import Schema
from reconciler.emulator.v2.schema_parts import DESCRIPTION, FREE, IDENTIFIER, SLUG, TEXT, TRUTH, matching
from reconciler.emulator.wire import Document

MODULE_ID: Schema = matching(
    SLUG, "module id must be a valid identifier of alphanumerics and hyphens", maxLength=100
)
_CLASS = "[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
RESOURCE_CLASS: Schema = matching(
    _CLASS,
    "resource class must be a valid identifier of alphanumerics and hyphens",
    minLength=1,
    maxLength=63,
)
RESOURCE_ID: Schema = matching(
    r"[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*",
    "resource id must be a valid resource id with one or more dot-separated parts"
    " of lowercase alphanumerics and hyphens",
    minLength=1,
    maxLength=63,
)

_PARAMETER: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "enum": ["string", "number", "bool", "list", "map", "any"]},
        "is_optional": TRUTH,
        "description": TEXT,
    },
}
_DEPENDENCY: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": matching(_CLASS, "type must be a valid resource type", minLength=2, maxLength=63),
        "class": RESOURCE_CLASS,
        "id": RESOURCE_ID,
        "params": FREE,
    },
}
_COPROVISIONED: Schema = {
    **_DEPENDENCY,
    "properties": {
        **_DEPENDENCY["properties"],
        "is_dependent_on_current": TRUTH,
        "copy_dependents_from_current": TRUTH,
    },
}
_SOURCE: Schema = {"type": "string", "minLength": 2, "maxLength": 200}

_CHANGEABLE: dict[str, Schema] = {
    "description": DESCRIPTION,
    "module_source": _SOURCE,
    "module_source_code": TEXT,
    "module_params": {"type": "object", "additionalProperties": _PARAMETER},
    "module_inputs": FREE,
    "provider_mapping": {"type": "object", "additionalProperties": TEXT},
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
"""Values of unset members in responses."""

_MOST_ENTRIES = 20
_LONGEST_CODE = 10_000
_INLINE = "inline"
_REMOTE_SOURCE = re.compile(
    r"git::(?:https|ssh)://\S+"
    # Object stores from which OpenTofu fetches archives.
    r"|(?:s3|gcs)::https://\S+"
    r"|(?:s3|gs|azblob)://[^\s/]+/\S+"
    r"|/\S+"
    # A registry address: (host/)namespace/name/system(//folder).
    r"|(?:[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}(?::[0-9]{1,5})?/)?"
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}/[A-Za-z0-9][A-Za-z0-9_-]{0,63}/[a-z0-9]{1,64}(?://\S+)?",
    re.ASCII,
)
_PROVIDER = re.compile(rf"{IDENTIFIER}\.{IDENTIFIER}", re.ASCII)


def check_module(module: Document) -> None:
    """Refuse a complete module that violates a constraint beyond its schema: 400."""
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
    """A body without what the server does not store: false flags and empty `params`."""
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
            " an object-store address such as s3://bucket/key.zip, an absolute path or a registry address",
        )
