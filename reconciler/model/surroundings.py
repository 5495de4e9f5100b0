"""What an orchestrator contains apart from the managed things: rules read it, nothing writes it.

Each member is None if it was not read, which is never the same as empty.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from reconciler.model.json import JsonObject

BUILT_IN_STORE = "humanitec"
"""Id of the store that every organization has (v1 reference 5.3)."""


class Beside(StrEnum):
    """Collections that rules can request; the value is the name shown to people."""

    STORES = "secret stores"
    OPERATOR_KEYS = "Operator keys"
    ACCOUNTS = "cloud accounts"
    DRIVERS = "drivers"
    RESOURCE_TYPES = "resource types"
    ENVIRONMENT_TYPES = "environment types"
    APPLICATIONS = "applications"
    PROJECTS = "projects of runners"
    RUNNER_ENVIRONMENT_TYPES = "environment types of runners"
    """Those of v2, which are not the same objects as those of v1."""


@dataclass(frozen=True, slots=True)
class LiveStore:
    """A registered secret store. `type` is `awssm`, `azurekv`, `gcpsm`, `vault` or `humanitec`.

    `fields` are those of its block, in the API's spelling; credentials are never read back. `updated_at` is
    RFC 3339.
    """

    id: str
    is_primary: bool
    type: str
    fields: JsonObject = field(default_factory=dict)
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class OperatorKey:
    """A key registered for drivers (v1 reference 6). `expired_at` is RFC 3339, `pem` the public key."""

    id: str
    fingerprint: str
    expired_at: str = ""
    pem: str = ""


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver by `<organization>/<id>` (v1 reference 7.2). `target` is a URL or `driver://org/id`."""

    name: str
    target: str = ""
    account_types: tuple[str, ...] = ()
    inputs_schema: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was read of one organization. `accounts` maps ids to types, `drivers` names to drivers; the others are ids.

    `failures` says why a requested collection could not be read.
    """

    stores: tuple[LiveStore, ...] | None = None
    operator_keys: tuple[OperatorKey, ...] | None = None
    accounts: Mapping[str, str] | None = None
    drivers: Mapping[str, Driver] | None = None
    resource_types: frozenset[str] | None = None
    environment_types: frozenset[str] | None = None
    applications: frozenset[str] | None = None
    projects: frozenset[str] | None = None
    runner_environment_types: frozenset[str] | None = None
    failures: Mapping[Beside, str] = field(default_factory=dict)

    def names(self, what: Beside) -> frozenset[str] | None:
        """Names in a collection, None if it was not read.

        >>> Surroundings(resource_types=frozenset(("s3",))).names(Beside.RESOURCE_TYPES)
        frozenset({'s3'})
        """
        match what:
            case Beside.STORES:
                return None if self.stores is None else frozenset(store.id for store in self.stores)
            case Beside.OPERATOR_KEYS:
                return None if self.operator_keys is None else frozenset(key.id for key in self.operator_keys)
            case Beside.ACCOUNTS:
                return None if self.accounts is None else frozenset(self.accounts)
            case Beside.DRIVERS:
                return None if self.drivers is None else frozenset(self.drivers)
            case Beside.RESOURCE_TYPES:
                return self.resource_types
            case Beside.ENVIRONMENT_TYPES:
                return self.environment_types
            case Beside.APPLICATIONS:
                return self.applications
            case Beside.PROJECTS:
                return self.projects
            case Beside.RUNNER_ENVIRONMENT_TYPES:
                return self.runner_environment_types
            case _:
                assert_never(what)

    def without(self, gone: Collection[tuple[Beside, str]]) -> "Surroundings":
        """The same without some stores, by id, and Operator keys, by fingerprint."""
        stores, keys = self.stores, self.operator_keys
        if stores is not None:
            stores = tuple(store for store in stores if (Beside.STORES, store.id) not in gone)
        if keys is not None:
            keys = tuple(key for key in keys if (Beside.OPERATOR_KEYS, key.fingerprint) not in gone)
        return replace(self, stores=stores, operator_keys=keys)

    @property
    def primary_store(self) -> LiveStore | None:
        """The primary store, None if the stores were not read or none is primary."""
        return next((store for store in self.stores or () if store.is_primary), None)


UNSEEN = Surroundings()
"""Nothing was read."""
