"""What stands beside managed things in an organization, read only where a rule asks (v1 reference 5 to 7)."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from reconciler.errors import OrchestratorError
from reconciler.model.json import JsonObject
from reconciler.model.surroundings import BUILT_IN_STORE, Beside, Driver, LiveStore, OperatorKey, Surroundings
from reconciler.orchestrator import shape
from reconciler.orchestrator.v1 import V1

T = TypeVar("T")
STORE_TYPES = ("awssm", "azurekv", "gcpsm", "vault", BUILT_IN_STORE)


def read_surroundings(
    v1: V1, asked: frozenset[Beside], pool: ThreadPoolExecutor
) -> Callable[[], Surroundings]:
    """Start one list request for each collection asked for, and return what waits for the answers.

    A collection that cannot be read is None, with the reason in `failures`.
    """
    stores = _started(pool, asked, Beside.STORES, lambda: v1.listed(("secretstores",), store))
    keys = _started(pool, asked, Beside.OPERATOR_KEYS, lambda: v1.listed(("keys",), operator_key))
    accounts = _started(pool, asked, Beside.ACCOUNTS, lambda: v1.listed(("resources", "accounts"), account))
    drivers = _started(pool, asked, Beside.DRIVERS, lambda: v1.listed(("resources", "drivers"), driver))

    def wait() -> Surroundings:
        failures: dict[Beside, str] = {}
        found_stores = _read(stores, Beside.STORES, failures)
        found_keys = _read(keys, Beside.OPERATOR_KEYS, failures)
        found_accounts = _read(accounts, Beside.ACCOUNTS, failures)
        found_drivers = _read(drivers, Beside.DRIVERS, failures)
        return Surroundings(
            stores=None if found_stores is None else tuple(found_stores),
            operator_keys=None if found_keys is None else tuple(found_keys),
            accounts=None if found_accounts is None else dict(found_accounts),
            drivers=None if found_drivers is None else {found.name: found for found in found_drivers},
            failures=failures,
        )

    return wait


def _started(
    pool: ThreadPoolExecutor, asked: frozenset[Beside], beside: Beside, read: Callable[[], list[T]]
) -> Future[list[T]] | None:
    return pool.submit(read) if beside in asked else None


def _read(future: Future[list[T]] | None, beside: Beside, failures: dict[Beside, str]) -> list[T] | None:
    if future is None:
        return None
    try:
        return future.result()
    except OrchestratorError as error:
        failures[beside] = str(error)
        return None


def store(document: JsonObject) -> LiveStore:
    """Return a registered store. One of a type that is not known here keeps "" as its type."""
    kind = next((name for name in STORE_TYPES if document.get(name) is not None), "")
    fields = shape.member_object(document[kind], f"member `{kind}`") if kind else {}
    return LiveStore(
        id=shape.text(document, "id"),
        is_primary=shape.optional_flag(document, "primary"),
        type=kind,
        fields={name: value for name, value in fields.items() if name != "auth"},
    )


def operator_key(document: JsonObject) -> OperatorKey:
    """Return a key registered for drivers."""
    return OperatorKey(
        id=shape.text(document, "id"),
        fingerprint=shape.text(document, "fingerprint").lower(),
        expired_at=shape.optional_text(document, "expired_at"),
    )


def account(document: JsonObject) -> tuple[str, str]:
    """Return id and type of a cloud account."""
    return shape.text(document, "id"), shape.text(document, "type")


def driver(document: JsonObject) -> Driver:
    """Return a driver; its name has the owning organization in front, as in `driver_type`."""
    types = shape.member_list(document.get("account_types") or [], "member `account_types`")
    return Driver(
        name=f"{shape.text(document, 'org_id')}/{shape.text(document, 'id')}",
        target=shape.optional_text(document, "target"),
        account_types=tuple(name for name in types if isinstance(name, str)),
        inputs_schema=shape.member_object(document.get("inputs_schema") or {}, "member `inputs_schema`"),
    )
