"""Versions of definitions (v1 section 4.9): one per change of the body, criteria excluded."""

import base64
import binascii
import uuid

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import ACTIVE_RESOURCES, DEFINITIONS, VERSIONS
from reconciler.emulator.v1.fields import boolean, object_body
from reconciler.emulator.v1.stored_definition import any_definition_in_path
from reconciler.emulator.wire import Document, visible

KEPT_VERSIONS = 50
"""Versions kept of a definition, in addition to those used by active resources (v1 section 4.9)."""

_BODY = (
    "driver_account",
    "driver_inputs",
    "in_place_driver_change",
    "provision",
    "name",
    "type",
    "driver_type",
)
"""Members of a definition that its versions contain."""

_LARGEST_PAGE = 100


def add_version(
    call: Call, definition_id: str, content: Document, action: str, *, proposed: bool, secret_version: int = 0
) -> str:
    """Store a version and return its id; the newest is active unless proposed."""
    version_id = str(uuid.uuid4())
    version = {
        "id": version_id,
        "org_id": call.organization,
        "def_id": definition_id,
        "driver_account": "",
        "driver_inputs": {},
        "provision": {},
        **{name: content[name] for name in _BODY if name in content},
        "action": action,
        "archived": False,
        "active": not proposed,
        "proposed": proposed,
        "created_at": milliseconds(call.now),
        "created_by": call.actor,
        "_secret_version": secret_version,
    }
    if not proposed:
        _deactivate_all(call, definition_id)
    call.state.put(VERSIONS, (call.organization, definition_id, version_id), version)
    _forget_old(call, definition_id)
    return version_id


def _deactivate_all(call: Call, definition_id: str) -> None:
    for key, version in call.state.find(VERSIONS, "definition", call.organization, definition_id):
        if version["active"]:
            call.state.put(VERSIONS, key, {**version, "active": False})


def _forget_old(call: Call, definition_id: str) -> None:
    versions = list(call.state.find(VERSIONS, "definition", call.organization, definition_id))
    if len(versions) <= KEPT_VERSIONS:
        return
    used = {
        resource["def_version_id"]
        for _, resource in call.state.find(ACTIVE_RESOURCES, "definition", call.organization, definition_id)
    }
    for key, version in versions[:-KEPT_VERSIONS]:
        if not version["active"] and key[2] not in used:
            call.state.remove(VERSIONS, key)


def _list(call: Call) -> Reply:
    # Only to refuse an unknown definition.
    any_definition_in_path(call)
    per_page = _per_page(call)
    found = call.state.find(VERSIONS, "definition", call.organization, call.path["definition"])
    newest_first = [visible(version) for _, version in found][::-1]
    start = _start(call, newest_first)
    page = newest_first[start : start + per_page]
    headers = {}
    if start + per_page < len(newest_first):
        token = base64.urlsafe_b64encode(page[-1]["id"].encode()).decode()
        path = _ALL.format(org=call.organization, definition=call.path["definition"])
        headers["Link"] = f'<{path}?page={token}&per_page={per_page}>; rel="next"'
    return Reply(200, page, headers)


def _per_page(call: Call) -> int:
    value = call.parameter("per_page") or "50"
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= _LARGEST_PAGE:
        raise ApiError(400, f"per_page must be between 1 and {_LARGEST_PAGE}", details={"field": "per_page"})
    return int(value)


def _start(call: Call, versions: list[Document]) -> int:
    token = call.parameter("page")
    if not token:
        return 0
    try:
        marker = base64.urlsafe_b64decode(token.encode("ascii")).decode("ascii")
    except (binascii.Error, UnicodeError) as error:
        raise ApiError(400, "page is not a token of this list", details={"field": "page"}) from error
    ids = [version["id"] for version in versions]
    if marker not in ids:
        raise ApiError(400, "page is not a token of this list", details={"field": "page"})
    return ids.index(marker) + 1


def _get(call: Call) -> Reply:
    return Reply(200, visible(_version(call)))


def _promote(call: Call) -> Reply:
    version = _version(call)
    definition = call.state.get(DEFINITIONS, call.organization, version["def_id"])
    if definition is None or version["action"] == "deleted":
        raise ApiError(400, "a version of a deleted definition cannot be promoted")
    _deactivate_all(call, version["def_id"])
    key = (call.organization, version["def_id"], version["id"])
    call.state.put(VERSIONS, key, {**version, "active": True, "proposed": False})
    body = {name: version[name] for name in _BODY if version[name] not in ("", {})}
    rest = {name: value for name, value in definition.items() if name not in _BODY}
    promoted = {
        **rest,
        **body,
        "name": version["name"],
        "active_version_id": version["id"],
        "updated_at": milliseconds(call.now),
        "updated_by": call.actor,
        "_secret_version": max(definition["_secret_version"], version["_secret_version"]),
    }
    call.state.put(DEFINITIONS, (call.organization, definition["id"]), promoted)
    return Reply(204)


def _archive(call: Call) -> Reply:
    version = _version(call)
    body = object_body(call, frozenset({"archived"}))
    archived = boolean(body, "archived")
    if version["active"]:
        raise ApiError(400, "the active version cannot be archived")
    key = (call.organization, version["def_id"], version["id"])
    call.state.put(VERSIONS, key, {**version, "archived": archived is not False})
    return Reply(204)


def _version(call: Call) -> Document:
    version = call.state.get(VERSIONS, call.organization, call.path["definition"], call.path["version"])
    if version is None:
        raise ApiError(404, f"version {call.path['version']} not found")
    return version


_ALL = "/orgs/{org}/resources/defs/{definition}/versions"
_ONE = _ALL + "/{version}"

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, VERSIONS.name, _list, lists=True),
    Operation(Api.V1, "GET", _ONE, VERSIONS.name, _get),
    Operation(Api.V1, "POST", _ONE + "/actions/promote", DEFINITIONS.name, _promote),
    Operation(Api.V1, "POST", _ONE + "/actions/archive", VERSIONS.name, _archive),
)
