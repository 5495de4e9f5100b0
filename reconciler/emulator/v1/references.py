"""References between v1 objects: existence of what is named, and users of what is to be deleted.

Uses collections only, so that every collection's module can import it. Sections 5.3, 7 and
15 (U26) of v1 define which names are checked and which deletions are refused.
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
"""Maximum number of names in one refusal."""


def check_type(call: Call, name: str) -> None:
    """Refuse the name of a resource type that does not exist: 400."""
    known = call.state.get(RESOURCE_TYPES, call.organization, name)
    if known is None and call.choices.unknown_types is UnknownTypes.REFUSE:
        raise ApiError(
            400,
            f"resource type {name} does not exist; create types of {call.organization} first, and add others "
            "when the emulator starts (--resource-type)",
            details={"field": "type"},
        )


def check_driver(call: Call, name: str, produced: str) -> None:
    """Refuse a `driver_type` that does not exist, or that produces another type than `produced`: 400."""
    owner, slash, driver_id = name.partition("/")
    if not slash or not owner or not driver_id:
        raise ApiError(
            400, "driver_type must have the form organization/driver", details={"field": "driver_type"}
        )
    if call.choices.unknown_types is UnknownTypes.ACCEPT:
        return
    driver = call.state.get(DRIVERS, call.organization, owner, driver_id)
    if driver is None:
        raise ApiError(400, f"driver {name} does not exist", details={"field": "driver_type"})
    # Drivers for many types, such as the built-in ones, name no type.
    if driver["type"] not in ("", produced):
        raise ApiError(
            400, f"driver {name} produces {driver['type']}, not {produced}", details={"field": "driver_type"}
        )


def check_account(call: Call, account_id: str, driver_type: str) -> None:
    """Refuse, if `unknown_accounts` says so, an account that does not exist or does not fit the driver: 400."""
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
    """The live definitions found in one of the indexes of `DEFINITIONS`."""
    return _holders(call, DEFINITIONS, index, *value)


def active_resources_naming(call: Call, index: str, *value: str) -> list[Document]:
    """The active resources found in one of the indexes of `ACTIVE_RESOURCES`."""
    return _holders(call, ACTIVE_RESOURCES, index, *value)


def drivers_naming(call: Call, index: str, value: str) -> list[Document]:
    """The drivers found in one of the indexes of `DRIVERS`."""
    return _holders(call, DRIVERS, index, value)


def check_unused(call: Call, index: str, *value: str) -> None:
    """Refuse, if `in_use` says so, the deletion of an object that a live definition names: 409.

    For objects whose deletion no public source describes: secret stores and classes.
    """
    if call.choices.in_use is InUse.ACCEPT:
        return
    users = [definition["id"] for definition in definitions_naming(call, index, *value)]
    if users:
        raise in_use(409, index, value[-1], users)


def in_use(status: int, kind: str, name: str, users: list[str]) -> ApiError:
    """The refusal to delete an object that others name."""
    shown = ", ".join(users[:_SHOWN]) + (", …" if len(users) > _SHOWN else "")
    return ApiError(status, f"{kind} {name} is in use by {shown}", details={"used_by": users[:_SHOWN]})


def _holders(call: Call, collection: Collection, index: str, *value: str) -> list[Document]:
    return [document for _, document in call.state.find(collection, index, call.organization, *value)]
