"""Organizations, and the two health probes (v2 section 2.4)."""

import re

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Identity, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import HOW_TO_REGISTER, ORGANIZATIONS
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.schema_parts import SLUG, matching
from reconciler.emulator.wire import Document

_LONGEST_ID = 50
_CREATE = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": matching(SLUG, "id must be a valid identifier", maxLength=_LONGEST_ID)},
}


def plant_organization(call: Call, organization: str) -> Document:
    """Store an organization unless it exists; 400 for an invalid id."""
    if not re.fullmatch(SLUG, organization, re.ASCII) or len(organization) > _LONGEST_ID:
        raise ApiError(400, f"{organization!r} is not a valid organization id")
    existing = call.state.get(ORGANIZATIONS, organization)
    if existing:
        return existing
    document = {"id": organization, "created_at": microseconds(call.now)}
    call.state.put(ORGANIZATIONS, (organization,), document)
    return document


def require_organization(call: Call) -> None:
    """Refuse creations in an unknown organization: 409, not 404 (v2 section 5.3)."""
    if call.state.get(ORGANIZATIONS, call.organization) is None:
        raise ApiError(409, f"organization not found; {HOW_TO_REGISTER}")


def _create(call: Call) -> Reply:
    if call.state.get(ORGANIZATIONS, call.payload["id"]):
        raise ApiError(409, f"organization with id {call.payload['id']} already exists")
    return Reply(201, plant_organization(call, call.payload["id"]))


def _alive(_: Call) -> Reply:
    return Reply(200, "alive")


def _health(_: Call) -> Reply:
    return Reply(200, {"app": "emulator", "version": "emulator", "status": "OK"})


OPERATIONS = (
    Operation(
        Api.V2,
        "POST",
        "/admin/orgs",
        ORGANIZATIONS.name,
        _create,
        body_of("OrganizationCreateBody", _CREATE),
    ),
    Operation(Api.V2, "GET", "/alive", "", _alive, identity=Identity.NOT_ASKED),
    Operation(Api.V2, "GET", "/health", "", _health, identity=Identity.NOT_ASKED),
)
