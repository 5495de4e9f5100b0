"""What v1 objects name: existence of what is named, and holders of what is to be deleted.

Reads collections only, so that every collection's module may use it. Which names are
checked and which deletions are guarded is told in v1 sections 5.3, 7 and 15 (U26).
"""

from reconciler.emulator.choices import InUse, UnknownAccounts, UnknownTypes
from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.store import Collection
from reconciler.emulator.v1.collections import (
    ACCOUNTS,
    ACTIVE_RESOURCES,
    DEFINITIONS,
    DRIVERS,
    RESOURCE_TYPES,
)
from reconciler.emulator.wire import Document

_SHOWN = 10
"""Names in one refusal; the rest would only make it long."""


def check_type(call: Call, name: str) -> None:
    """Refuse the name of a resource type that does not exist: 400."""
    known = call.state.get(RESOURCE_TYPES, call.organization, name)
    if known is None and call.choices.unknown_types is UnknownTypes.REFUSE:
        raise ApiError(
            400,
            f"resource type {name} does not exist; one of {call.organization} is created first, others are let in "
            "when the emulator starts (--resource-type)",
            details={"field": "type"},
        )


def check_driver(call: Call, name: str, produced: str) -> None:
    """Refuse a `driver_type` that does not exist, or that makes another type than `produced`: 400."""
    owner, slash, driver_id = name.partition("/")
    if not slash or not owner or not driver_id:
        raise ApiError(400, "driver_type has the form organization/driver", details={"field": "driver_type"})
    if call.choices.unknown_types is UnknownTypes.ACCEPT:
        return
    driver = call.state.get(DRIVERS, call.organization, owner, driver_id)
    if driver is None:
        raise ApiError(400, f"driver {name} does not exist", details={"field": "driver_type"})
    # Drivers for many types, such as the built-in ones, name none.
    if driver["type"] not in ("", produced):
        raise ApiError(
            400, f"driver {name} produces {driver['type']}, not {produced}", details={"field": "driver_type"}
        )


def check_account(call: Call, account_id: str, driver_type: str) -> None:
    """Refuse, when so chosen, an account that does not exist or does not suit the driver: 400."""
    if "${" in account_id or call.choices.unknown_accounts is UnknownAccounts.ACCEPT:
        return
    account = call.state.get(ACCOUNTS, call.organization, account_id)
    if account is None:
        raise ApiError(400, f"account {account_id} does not exist", details={"field": "driver_account"})
    driver = call.state.get(DRIVERS, call.organization, *driver_type.split("/", 1))
    accepted = driver["account_types"] if driver else []
    if accepted and account["type"] not in accepted:
        raise ApiError(
            400,
            f"driver {driver_type} takes accounts of type {', '.join(accepted)}, not {account['type']}",
            details={"field": "driver_account"},
        )


def definitions_naming(call: Call, index: str, *value: str) -> list[Document]:
    """Return the live definitions found under one of the indexes of `DEFINITIONS`."""
    return _holders(call, DEFINITIONS, index, *value)


def active_resources_naming(call: Call, index: str, *value: str) -> list[Document]:
    """Return the active resources found under one of the indexes of `ACTIVE_RESOURCES`."""
    return _holders(call, ACTIVE_RESOURCES, index, *value)


def drivers_naming(call: Call, index: str, value: str) -> list[Document]:
    """Return the drivers found under one of the indexes of `DRIVERS`."""
    return _holders(call, DRIVERS, index, value)


def check_unused(call: Call, index: str, *value: str) -> None:
    """Refuse a deletion when a live definition names the object, if so chosen: 409.

    For objects whose deletion no public source guards: secret stores and classes.
    """
    if call.choices.in_use is InUse.ACCEPT:
        return
    users = [definition["id"] for definition in definitions_naming(call, index, *value)]
    if users:
        raise in_use(409, index, value[-1], users)


def in_use(status: int, kind: str, name: str, users: list[str]) -> ApiError:
    """Return the refusal to delete what others name."""
    shown = ", ".join(users[:_SHOWN]) + (", …" if len(users) > _SHOWN else "")
    return ApiError(status, f"{kind} {name} is in use by {shown}", details={"used_by": users[:_SHOWN]})


def _holders(call: Call, collection: Collection, index: str, *value: str) -> list[Document]:
    return [document for _, document in call.state.find(collection, index, call.organization, *value)]
