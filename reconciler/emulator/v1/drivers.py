"""Drivers (v1 section 7.2): the public ones, and those of the organization.

A driver is named `<its organization>/<its id>` in definitions. Only its owner sees its
target: a URL, or another driver (`driver://<org>/<id>`, a virtual driver).
"""

from typing import Any
from urllib.parse import urlsplit

from reconciler.emulator.choices import UnknownTypes
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import DRIVERS
from reconciler.emulator.v1.fields import (
    boolean,
    filled_text,
    known_only,
    mapping,
    object_body,
    required_text,
    text,
)
from reconciler.emulator.v1.identifiers import check_definition_id
from reconciler.emulator.v1.input_schema import check_schema
from reconciler.emulator.v1.references import (
    active_resources_naming,
    check_type,
    definitions_naming,
    drivers_naming,
    in_use,
)
from reconciler.emulator.wire import Document

PUBLIC_OWNER = "humanitec"
"""The organization whose drivers are visible to all others."""

_CHANGE_FIELDS = frozenset({"type", "target", "inputs_schema", "account_types", "template", "is_public"})
_CREATE_FIELDS = _CHANGE_FIELDS | {"id"}
_VIRTUAL = "driver://"


def plant_driver(call: Call, body: Document) -> Document:
    """Store a driver without checking its target; everything but `id` has a default.

    `org_id` makes it the public driver of another organization, which shows no target.
    """
    body = known_only(call, body, _CREATE_FIELDS | {"org_id"})
    owner, driver_id = text(body, "org_id") or call.organization, filled_text(body, "id")
    defaults: Document = {"type": "", "inputs_schema": {}, "account_types": []}
    if owner == call.organization:
        defaults["target"] = f"{_VIRTUAL}{owner}/{driver_id}"
    content = _checked({**defaults, **{name: body[name] for name in body if name not in ("id", "org_id")}})
    return _store_new(call, owner, driver_id, content)


def _list(call: Call) -> Reply:
    return Reply(200, call.state.list(DRIVERS, call.organization))


def _create(call: Call) -> Reply:
    body = object_body(call, _CREATE_FIELDS)
    driver_id = required_text(body, "id")
    check_definition_id(driver_id)
    content = _content(call, driver_id, body)
    return Reply(200, _store_new(call, call.organization, driver_id, content))


def _get(call: Call) -> Reply:
    return Reply(200, _driver(call))


def _put(call: Call) -> Reply:
    stored = _own_driver(call)
    content = _content(call, stored["id"], object_body(call, _CHANGE_FIELDS))
    driver = {"org_id": stored["org_id"], "id": stored["id"], **content}
    call.state.put(DRIVERS, (call.organization, driver["org_id"], driver["id"]), driver)
    return Reply(200, driver)


def _delete(call: Call) -> Reply:
    driver = _own_driver(call)
    name = f"{driver['org_id']}/{driver['id']}"
    users = [definition["id"] for definition in definitions_naming(call, "driver", name)]
    users += [
        virtual["id"] for virtual in drivers_naming(call, "target", _VIRTUAL + name) if virtual != driver
    ]
    users += [resource["gu_res_id"] for resource in active_resources_naming(call, "driver", name)]
    if users:
        raise in_use(409, "driver", name, users)
    call.state.remove(DRIVERS, (call.organization, driver["org_id"], driver["id"]))
    return Reply(204)


def _content(call: Call, driver_id: str, body: Document) -> Document:
    """The members of a create or replace body; 400 for an invalid one."""
    for member in ("type", "target"):
        filled_text(body, member)
    for member in ("inputs_schema", "account_types"):
        if member not in body:
            raise ApiError(400, f"{member} is required", details={"field": member})
    content = _checked(body)
    check_type(call, content["type"])
    _check_target(call, driver_id, content["target"])
    return content


def _checked(body: Document) -> Document:
    """The members that are stored, each of the right JSON type."""
    for member in ("type", "target"):
        text(body, member)
    check_schema(mapping(body, "inputs_schema") or {}, "inputs_schema")
    account_types: Any = body["account_types"]
    if not isinstance(account_types, list) or not all(isinstance(item, str) for item in account_types):
        raise ApiError(422, "account_types must be an array of strings", details={"field": "account_types"})
    # Deprecated: read, but not stored.
    boolean(body, "is_public")
    return {name: value for name, value in body.items() if name != "is_public"}


def _check_target(call: Call, driver_id: str, target: str) -> None:
    if target.startswith(_VIRTUAL):
        _check_virtual_target(call, driver_id, target)
        return
    try:
        parts = urlsplit(target)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url:
        raise ApiError(
            400, f"target must be an http(s) URL or {_VIRTUAL}<org>/<driver>", details={"field": "target"}
        )


def _check_virtual_target(call: Call, driver_id: str, target: str) -> None:
    """Refuse a target that is not a driver, and a cycle of targets: 400."""
    itself = f"{call.organization}/{driver_id}"
    name = target.removeprefix(_VIRTUAL)
    seen = {itself}
    while name not in seen:
        seen.add(name)
        owner, _, target_id = name.partition("/")
        driver = call.state.get(DRIVERS, call.organization, owner, target_id)
        if driver is None and call.choices.unknown_types is UnknownTypes.ACCEPT:
            return
        if driver is None:
            raise ApiError(400, f"driver {name} does not exist", details={"field": "target"})
        next_target = driver.get("target", "")
        # A seeded driver is its own target: nothing more is known about it.
        if not next_target.startswith(_VIRTUAL) or next_target == _VIRTUAL + name:
            return
        name = next_target.removeprefix(_VIRTUAL)
    raise ApiError(400, f"target leads back to driver {name}", details={"field": "target"})


def _store_new(call: Call, owner: str, driver_id: str, content: Document) -> Document:
    key = (call.organization, owner, driver_id)
    if call.state.get(DRIVERS, *key):
        raise ApiError(409, f"driver {driver_id} already exists", details={"field": "id"})
    driver = {"org_id": owner, "id": driver_id, **content}
    call.state.put(DRIVERS, key, driver)
    return driver


def _driver(call: Call) -> Document:
    name = call.path["driver"]
    for owner in (call.organization, PUBLIC_OWNER):
        driver = call.state.get(DRIVERS, call.organization, owner, name)
        if driver is not None:
            return driver
    raise ApiError(404, f"driver {name} not found")


def _own_driver(call: Call) -> Document:
    driver = _driver(call)
    if driver["org_id"] != call.organization:
        raise ApiError(403, f"driver {driver['id']} belongs to {driver['org_id']}")
    return driver


_ALL = "/orgs/{org}/resources/drivers"
_ONE = "/orgs/{org}/resources/drivers/{driver}"
_KIND = DRIVERS.name

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, _KIND, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, _KIND, _create),
    Operation(Api.V1, "GET", _ONE, _KIND, _get),
    Operation(Api.V1, "PUT", _ONE, _KIND, _put),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
