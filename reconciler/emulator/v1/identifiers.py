"""Identifier patterns of v1 (v1 section 1.4), in forms that never backtrack far."""

import re
import uuid

from reconciler.emulator.failure import ApiError

_DASHED = re.compile(r"[a-z0-9](?:-?[a-z0-9])+", re.ASCII)
_DEFINITION = re.compile(r"[a-z0-9][a-z0-9-]+[a-z0-9]", re.ASCII)
_LONGEST_ORGANIZATION = 50

NAME = re.compile(r"[a-z0-9][a-z0-9-]*[a-z0-9]", re.ASCII)
"""Ids of resource classes, and what follows the organization in names of its own resource types."""

_PEOPLE = uuid.UUID("6f0d1b52-6f5b-4b0e-9d0c-3f2a3c1d7a10")
"""Namespace of the UUIDs that stand for callers; made up."""


def check_organization_id(value: str) -> None:
    """Refuse an id that no organization can have: 404, as for an unknown one."""
    if len(value) > _LONGEST_ORGANIZATION or not _DASHED.fullmatch(value):
        raise ApiError(404, f"organization {value[:_LONGEST_ORGANIZATION]} not found")


def check_agent_id(value: str) -> None:
    """Refuse an id that is no agent or secret store id: 400."""
    _check(_DASHED, "id", value)


def check_application_id(value: str) -> None:
    """Refuse an id that is no application id: 400."""
    _check(NAME, "id", value)


def check_definition_id(value: str) -> None:
    """Refuse an id that is no resource definition id: 400."""
    _check(_DEFINITION, "id", value)


def check_driver_account(value: str) -> None:
    """Refuse what is neither an account id nor holds a placeholder: 400 (v1 section 1.4)."""
    if "${" not in value:
        _check(_DEFINITION, "driver_account", value)


def user_id(actor: str) -> str:
    """Return the UUID by which agents and keys name their maker (v1 section 2.2)."""
    return str(uuid.uuid5(_PEOPLE, actor))


def _check(pattern: re.Pattern[str], name: str, value: str) -> None:
    if not pattern.fullmatch(value):
        raise ApiError(400, f"{name} does not match {pattern.pattern}", details={"field": name})
