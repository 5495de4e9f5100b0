"""Collections of an organization other than the managed kinds, read only if a rule needs them.

Sources: v1 reference 5 to 7, v2 reference 16.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from reconciler.errors import OrchestratorError
from reconciler.model.json import JsonObject
from reconciler.model.state import Resource
from reconciler.model.surroundings import Beside, Driver, Surroundings
from reconciler.model.witness import shown_by
from reconciler.orchestrator import operator_key, secret_store, shape
from reconciler.orchestrator.v1 import V1
from reconciler.orchestrator.v2 import V2


class Reading:
    """Lists in progress: one request for each collection, at most once.

    `v1` and `v2` are None if the target has no such endpoint; their collections are then not read.
    """

    def __init__(self, v1: V1 | None, v2: V2 | None, pool: ThreadPoolExecutor) -> None:
        self._v1 = v1
        self._v2 = v2
        self._pool = pool
        self._futures: dict[Beside, Future[list[Any]]] = {}

    def start(self, asked: Iterable[Beside]) -> None:
        """Start reading the collections that were not requested before."""
        for beside in asked:
            read = None if beside in self._futures else self._reader(beside)
            if read is not None:
                self._futures[beside] = self._pool.submit(read)

    def _reader(self, beside: Beside) -> Callable[[], list[Any]] | None:
        v1, v2 = self._v1, self._v2
        if beside in _OF_V1 and v1 is not None:
            parts, parse = _OF_V1[beside]
            return lambda: v1.listed(parts, parse)
        if beside in _OF_V2 and v2 is not None:
            return lambda: v2.ids(_OF_V2[beside])
        return None

    def items(self, beside: Beside) -> list[Any]:
        """Items of a collection that was requested. Raises OrchestratorError if it could not be read."""
        return self._futures[beside].result()

    def wait(self) -> Surroundings:
        """The requested collections. One that could not be read is None, with the reason in `failures`."""
        failures: dict[Beside, str] = {}
        found: dict[Beside, list[Any]] = {}
        for beside, future in self._futures.items():
            try:
                found[beside] = future.result()
            except OrchestratorError as error:
                failures[beside] = str(error)

        def names(beside: Beside) -> frozenset[str] | None:
            return frozenset(found[beside]) if beside in found else None

        stores, keys = found.get(Beside.STORES), found.get(Beside.OPERATOR_KEYS)
        accounts, drivers = found.get(Beside.ACCOUNTS), found.get(Beside.DRIVERS)
        return Surroundings(
            stores=None if stores is None else tuple(stores),
            operator_keys=None if keys is None else tuple(keys),
            accounts=None if accounts is None else dict(accounts),
            drivers=None if drivers is None else {found.name: found for found in drivers},
            resource_types=names(Beside.RESOURCE_TYPES),
            environment_types=names(Beside.ENVIRONMENT_TYPES),
            applications=names(Beside.APPLICATIONS),
            projects=names(Beside.PROJECTS),
            runner_environment_types=names(Beside.RUNNER_ENVIRONMENT_TYPES),
            failures=failures,
        )


def unproven(named: Mapping[Beside, frozenset[str]], live: Iterable[Resource]) -> frozenset[Beside]:
    """Collections with a name that no live object shows to exist.

    A definition shows its type and its driver, a runner rule its project and its environment type.
    """
    shown = shown_by(live)
    return frozenset(beside for beside, names in named.items() if names - shown.get(beside, frozenset()))


def account(document: JsonObject) -> tuple[str, str]:
    """Id and type of a cloud account."""
    return shape.text(document, "id"), shape.text(document, "type")


def driver(document: JsonObject) -> Driver:
    """A driver; its name starts with the owning organization, as in `driver_type`."""
    types = shape.member_list(document.get("account_types") or [], "member `account_types`")
    return Driver(
        name=f"{shape.text(document, 'org_id')}/{shape.text(document, 'id')}",
        target=shape.optional_text(document, "target"),
        account_types=tuple(name for name in types if isinstance(name, str)),
        inputs_schema=shape.member_object(document.get("inputs_schema") or {}, "member `inputs_schema`"),
    )


def identifier(document: JsonObject) -> str:
    """Id of an environment type or an application."""
    return shape.text(document, "id")


def resource_type(document: JsonObject) -> str:
    """Name of a resource type."""
    return shape.text(document, "type")


_OF_V1: Mapping[Beside, tuple[tuple[str, ...], Callable[[JsonObject], Any]]] = {
    Beside.STORES: (secret_store.COLLECTION, secret_store.parsed),
    Beside.OPERATOR_KEYS: (operator_key.COLLECTION, operator_key.parsed),
    Beside.ACCOUNTS: (("resources", "accounts"), account),
    Beside.DRIVERS: (("resources", "drivers"), driver),
    Beside.RESOURCE_TYPES: (("resources", "types"), resource_type),
    Beside.ENVIRONMENT_TYPES: (("env-types",), identifier),
    Beside.APPLICATIONS: (("apps",), identifier),
}
_OF_V2: Mapping[Beside, str] = {
    Beside.PROJECTS: "projects",
    Beside.RUNNER_ENVIRONMENT_TYPES: "env-types",
}
