"""Identifier patterns of v1 (v1 section 1.4), in forms without excessive backtracking."""

import re
import uuid

from reconciler.emulator.failure import ApiError

_DASHED = re.compile(r"[a-z0-9](?:-?[a-z0-9])+", re.ASCII)
_DEFINITION = re.compile(r"[a-z0-9][a-z0-9-]+[a-z0-9]", re.ASCII)
_LONGEST_ORGANIZATION = 50

NAME = re.compile(r"[a-z0-9][a-z0-9-]*[a-z0-9]", re.ASCII)
"""Ids of resource classes, and the part after the organization in names of custom resource types."""

_PEOPLE = uuid.UUID("6f0d1b52-6f5b-4b0e-9d0c-3f2a3c1d7a10")
"""Namespace of the UUIDs that represent callers; arbitrary."""


def check_organization_id(value: str) -> None:
    """Refuse an invalid organization id: 404, as for an unknown one."""
    if len(value) > _LONGEST_ORGANIZATION or not _DASHED.fullmatch(value):
        raise ApiError(404, f"organization {value[:_LONGEST_ORGANIZATION]} not found")


def check_agent_id(value: str) -> None:
    """Refuse an invalid agent or secret store id: 400."""
    _check(_DASHED, "id", value)


def check_application_id(value: str) -> None:
    """Refuse an invalid application id: 400."""
    _check(NAME, "id", value)


def check_definition_id(value: str) -> None:
    """Refuse an invalid resource definition id: 400."""
    _check(_DEFINITION, "id", value)


def check_driver_account(value: str) -> None:
    """Refuse a text that is not an account id and has no placeholder: 400 (v1 section 1.4)."""
    if "${" not in value:
        _check(_DEFINITION, "driver_account", value)


def user_id(actor: str) -> str:
    """The UUID by which agents and keys identify their creator (v1 section 2.2)."""
    return str(uuid.uuid5(_PEOPLE, actor))


def _check(pattern: re.Pattern[str], name: str, value: str) -> None:
    if not pattern.fullmatch(value):
        raise ApiError(400, f"{name} does not match {pattern.pattern}", details={"field": name})
