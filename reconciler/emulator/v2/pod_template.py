"""Pod templates of runners: a strict conversion to the Kubernetes type, and five checks (v2 6.7).

`pod_template_fields.json` lists the types and fields that the conversion accepts. It
follows the Kubernetes API reference for PodTemplateSpec; a type name in brackets is a
list of it, one in braces a map to it.
"""

import json
from functools import cache
from importlib import resources
from typing import Any

from reconciler.emulator.failure import ApiError

RESERVED_VARIABLES = frozenset(
    {"ORG_ID", "DEPLOYMENT_ID", "MODE", "TOKEN", "ENCRYPTING_KEY", "PLATFORM_ORCHESTRATOR_BASE_URL"}
)
SENSITIVE_VARIABLE = "RUNNER_GIT_SSH_KEYS"

_RUNNER_CONTAINERS = frozenset({"main", "platform-orchestrator-runner"})
_SCALARS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "bool": bool,
    "int": int,
    "int-or-string": (int, str),
    "quantity": (int, float, str),
    "any": object,
}


def check_pod_template(template: Any) -> None:
    """Refuse a template that the server would refuse: 400 with its wording; None is accepted."""
    if template is None:
        return
    problem = _conversion_problem("PodTemplateSpec", template, "")
    if problem:
        raise ApiError(
            400, f"failed to convert supplied pod template into a kubernetes pod template: {problem}"
        )
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    for place, name in ((metadata, "namespace"), (spec, "serviceAccountName")):
        if place.get(name):
            raise ApiError(
                400,
                f"it is not allowed to specify a {name} in the pod_template field"
                " of the runner configuration",
            )
    for container in spec.get("containers") or []:
        _check_container(container or {})


def _check_container(container: dict[str, Any]) -> None:
    if not container.get("name"):
        raise ApiError(400, "pod_template.spec.containers[*].name is required")
    if container["name"] not in _RUNNER_CONTAINERS:
        return
    for variable in container.get("env") or []:
        name = (variable or {}).get("name")
        if name in RESERVED_VARIABLES:
            raise ApiError(
                400,
                f"environment variable `{name}` is a reserved one"
                " and can't be overwritten by pod_template field",
            )
        if name == SENSITIVE_VARIABLE and not variable.get("valueFrom"):
            raise ApiError(
                400,
                f'environment variable "{name}" is sensitive and must be set using the value-from property',
            )


def _conversion_problem(kind: str, value: Any, place: str) -> str:
    """The message of a strict decoder about `value`, or ""; null is accepted everywhere, as in Go."""
    if value is None:
        return ""
    if kind[0] == "[":
        return _list_problem(kind[1:-1], value, place)
    if kind[0] == "{":
        return _members_problem(
            dict.fromkeys(value, kind[1:-1]) if isinstance(value, dict) else {}, value, place
        )
    if kind in _SCALARS:
        wrong = not isinstance(value, _SCALARS[kind]) or (
            isinstance(value, bool) and kind not in ("bool", "any")
        )
        return _type_problem(value, place, kind) if wrong else ""
    return _members_problem(_fields()[kind], value, place)


def _list_problem(kind: str, value: Any, place: str) -> str:
    if not isinstance(value, list):
        return _type_problem(value, place, "list")
    problems = (_conversion_problem(kind, item, place) for item in value)
    return next((problem for problem in problems if problem), "")


def _members_problem(fields: dict[str, str], value: Any, place: str) -> str:
    if not isinstance(value, dict):
        return _type_problem(value, place, "object")
    for name, item in value.items():
        if name not in fields:
            return f'json: unknown field "{name}"'
        problem = _conversion_problem(fields[name], item, f"{place}.{name}".lstrip("."))
        if problem:
            return problem
    return ""


def _type_problem(value: Any, place: str, wanted: str) -> str:
    found = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
    return f"json: cannot unmarshal {found[type(value)]} into Go struct field {place} of type {wanted}"


@cache
def _fields() -> dict[str, dict[str, str]]:
    text = resources.files("reconciler.emulator.v2").joinpath("pod_template_fields.json").read_text("utf-8")
    fields: dict[str, dict[str, str]] = json.loads(text)
    return fields
