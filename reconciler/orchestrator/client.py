"""Client of the orchestrator for one organization: both APIs behind one set of methods.

Accepts and returns `model.state.Resource`. Errors are those of `reconciler.errors`, where it is documented
what each one proves. Called by `reconciler.passes.reconcile` (`look`) and `reconciler.passes.deed` (the rest).
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx

from reconciler.errors import OrchestratorError
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import FACTS, Generation, Kind
from reconciler.model.place import Place
from reconciler.model.state import Resource
from reconciler.orchestrator.access import (
    Access,
    EnvironmentTransport,
    ReadOnlyTransport,
    TalliedTransport,
    Tally,
)
from reconciler.orchestrator.calls import Calls
from reconciler.orchestrator.http import Channel, Endpoint
from reconciler.orchestrator.look import look
from reconciler.orchestrator.retry import Retry
from reconciler.orchestrator.sight import Hints, Look, Use
from reconciler.orchestrator.v1 import V1
from reconciler.orchestrator.v2 import V2
from reconciler.orchestrator.waiting import Waits

if TYPE_CHECKING:
    from reconciler.model.active_resource import ActiveResource

__all__ = ["Access", "Endpoint", "Hints", "Look", "Orchestrator", "Retry", "Transport", "Use"]

_FORCIBLE = frozenset((Kind.DEFINITION, Kind.CRITERION))
Transport = Callable[[Endpoint], httpx.BaseTransport]
"""Creates the transport that sends requests to an endpoint."""


class Orchestrator:
    """Client for one organization; thread-safe; closed on exit from its context.

    `transport` creates the transport, for tests and the embedded orchestrator; the default is that
    of httpx, with proxies and certificates from the environment. `concurrency` limits the number of
    concurrent requests to both APIs together. With `Access.READ_ONLY`, every method that changes
    something raises ReadOnlyError before anything is sent. `waits` records what the client waits for.
    """

    def __init__(
        self,
        place: Place,
        *,
        v1: Endpoint | None,
        v2: Endpoint | None,
        access: Access,
        transport: Transport | None = None,
        concurrency: int = 8,
        retry: Retry | None = None,
        waits: Waits | None = None,
    ) -> None:
        self._concurrency = concurrency
        self._tally = Tally()
        slots = threading.BoundedSemaphore(concurrency)

        opened = transport or _network(concurrency)

        def channel(endpoint: Endpoint, generation: Generation) -> Channel:
            sender = opened(endpoint)
            guarded: httpx.BaseTransport = TalliedTransport(sender, self._tally)
            if access is Access.READ_ONLY:
                guarded = ReadOnlyTransport(guarded)
            return Channel(
                endpoint, generation, transport=guarded, slots=slots, retry=retry or Retry(), waits=waits
            )

        self._v1 = V1(channel(v1, Generation.V1), place) if v1 else None
        self._v2 = V2(channel(v2, Generation.V2), place) if v2 else None
        self._calls: Mapping[Kind, Calls] = {
            **(self._v1.calls() if self._v1 else {}),
            **(self._v2.calls() if self._v2 else {}),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for api in (self._v1, self._v2):
            if api is not None:
                api.close()

    @property
    def requests(self) -> Mapping[str, int]:
        """Number of requests sent so far, by verb, including retries."""
        return self._tally.by_verb()

    def look(self, hints: Hints) -> Look:
        """Read all kinds from the configured APIs, in parallel. Failures are returned, not raised.

        Requests: 1 for definitions, 1 for agents, 1 for the keys of each hinted agent that exists; 1
        for each page of runners and of rules, and 1 for each runner whose timestamp differs from the
        hinted one.
        """
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="look") as pool:
            try:
                return look(self._v1, self._v2, hints, pool=pool)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def get(self, key: ResourceKey) -> Resource | None:
        """One live object. None only if it is proven to be absent; any other failure is raised."""
        return self._of(key.kind).get(key)

    def create(self, desired: Resource, *, first_key: Resource | None = None) -> Resource:
        """Create one object and return it as read back.

        An agent is created with `first_key`; for other kinds it is not used. A definition is created
        with its criteria.
        """
        return self._of(desired.key.kind).create(desired, first_key)

    def update(self, live: Resource, desired: Resource, *, secrets_changed: bool) -> Resource:
        """Make the live object equal to the desired one, except for criteria, and return it as read back.

        If nothing differs, nothing is sent. A rule is deleted and created again. Raises RejectedError,
        without sending anything, if the API has no call for the change.
        """
        return self._of(desired.key.kind).update(live, desired, secrets_changed)

    def active_resources(self, definitions: Iterable[str]) -> Use:
        """Active resources of definitions: one request each, in parallel. Failures are returned, not raised."""
        v1 = self._for_v1()
        found: dict[str, tuple[ActiveResource, ...]] = {}
        failures: dict[str, OrchestratorError] = {}
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="use") as pool:
            reading = {name: pool.submit(v1.active_resources, name) for name in sorted(set(definitions))}
            for name, future in reading.items():
                try:
                    found[name] = tuple(future.result())
                except OrchestratorError as error:
                    failures[name] = error
        return Use(found, failures)

    def delete(self, live: Resource, *, force: bool = False) -> None:
        """Delete one object. Raises AbsentError if it does not exist, InUseError if deployments still use it.

        `force` deletes a definition or a criterion that is in use; the API does not support it for other kinds.
        """
        if force and live.key.kind not in _FORCIBLE:
            raise ValueError(f"{live.key} cannot be deleted by force")
        self._of(live.key.kind).delete(live, force)

    def dependents(self, live: Resource) -> list[Resource]:
        """Objects that deleting `live` would delete as well: keys of an agent, rules of a runner; one list."""
        return self._of(live.key.kind).dependents(live)

    def create_criterion(self, definition: ResourceKey, fields: Mapping[str, str]) -> str:
        """Add a criterion to a definition and return its id."""
        return self._for_v1().create_criterion(definition.id, fields)

    def delete_criterion(self, definition: ResourceKey, criterion_id: str, *, force: bool = False) -> None:
        """Delete a criterion of a definition. Raises InUseError if active resources would move, unless forced."""
        self._for_v1().delete_criterion(definition.id, criterion_id, force=force)

    def _of(self, kind: Kind) -> Calls:
        if kind not in self._calls:
            raise _no_endpoint(FACTS[kind].generation)
        return self._calls[kind]

    def _for_v1(self) -> V1:
        if self._v1 is None:
            raise _no_endpoint(Generation.V1)
        return self._v1


def _no_endpoint(generation: Generation) -> ValueError:
    return ValueError(f"this target has no {generation} endpoint")


def _network(connections: int) -> Transport:
    """The default transport, with one set of certificates for both APIs."""
    certificates = httpx.create_ssl_context()
    return lambda endpoint: EnvironmentTransport(
        endpoint.url, connections=connections, certificates=certificates
    )
