"""Co-provisioning options of a definition (v1 section 4.8), with the defaults the server fills in."""

from typing import Any

from reconciler.emulator.failure import ApiError
from reconciler.emulator.wire import Document

_FLAGS = ("is_dependent", "match_dependents")


def filled(provision: Document) -> Document:
    """Options as stored: `is_dependent` always present, empty `params` removed."""
    return {selector: _options(selector, value) for selector, value in provision.items()}


def merged(stored: Document, sent: Document) -> Document:
    """Sent options merged into stored ones: per selector, null removes (v1 section 4.5)."""
    result = dict(stored)
    for selector, value in sent.items():
        _check_selector(selector)
        if value is None:
            result.pop(selector, None)
        else:
            result[selector] = merge_values(result.get(selector, {}), value)
    return filled(result)


def merge_values(stored: Any, sent: Any) -> Any:
    """Merge according to RFC 7396: objects member by member, null removes, everything else replaces."""
    if not isinstance(sent, dict):
        return sent
    base = stored if isinstance(stored, dict) else {}
    result = dict(base)
    for name, value in sent.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_values(base.get(name), value)
    return result


def _check_selector(selector: str) -> None:
    if not selector:
        raise ApiError(400, "provision has an empty selector", details={"field": "provision"})


def _options(selector: str, value: Any) -> Document:
    _check_selector(selector)
    if not isinstance(value, dict):
        raise ApiError(422, f"provision.{selector} must be an object", details={"field": "provision"})
    options: Document = {"is_dependent": False}
    for name in _FLAGS:
        if value.get(name) is not None:
            if not isinstance(value[name], bool):
                raise ApiError(
                    422, f"provision.{selector}.{name} must be a boolean", details={"field": "provision"}
                )
            options[name] = value[name]
    params = value.get("params")
    if params is not None and not isinstance(params, dict):
        raise ApiError(422, f"provision.{selector}.params must be an object", details={"field": "provision"})
    if params:
        options["params"] = params
    return options
