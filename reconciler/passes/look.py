"""Reads every organization in parallel; one that cannot be read fails alone."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from reconciler.errors import (
    ExitCode,
    InventoryError,
    OrchestratorError,
    ReconcilerError,
    SettingsError,
    UnavailableError,
)
from reconciler.facts.demand import demand, named
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declarations
from reconciler.model.identity import TargetName
from reconciler.model.record import Inventory
from reconciler.model.state import State
from reconciler.orchestrator.sight import Look
from reconciler.passes.begin import Pass
from reconciler.passes.clusters import NO_CLUSTERS, ClusterClients, LookedClusters
from reconciler.passes.evidence import believed, for_target, hints
from reconciler.passes.key_turn import NO_ROTATIONS, Rotations
from reconciler.passes.result import TargetResult
from reconciler.passes.stopped import NO_STOPS, Stops
from reconciler.settings import Target

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx, which a validation does not need


STOPPED_ADVICE = "fix the errors; they stop only this target"


@dataclass(frozen=True, slots=True)
class Sight:
    """One target as seen in this pass."""

    name: TargetName
    target: Target
    everything: Declarations
    desired: State
    inventory: Inventory
    look: Look


@dataclass(frozen=True, slots=True)
class Looked:
    """Every selected target: those that were seen, and the results of those that were not."""

    sights: tuple[Sight, ...]
    failed: tuple[TargetResult, ...] = ()
    clusters: LookedClusters = NO_CLUSTERS
    rotations: Rotations = NO_ROTATIONS
    """Keys that are made where they are used."""

    @property
    def is_whole(self) -> bool:
        """True if everything selected was read."""
        return (
            not self.failed
            and not self.clusters.failed
            and not any(sight.look.failures for sight in self.sights)
        )


class Clients:
    """Clients of the targets of one pass; opened on demand, closed together."""

    def __init__(self, asked: Pass) -> None:
        self._asked = asked
        self._open: dict[str, Orchestrator] = {}
        self.clusters = ClusterClients(asked)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._open.values():
            client.close()
        self.clusters.close()

    def of(self, name: TargetName) -> "Orchestrator":
        """The client of a target."""
        if name not in self._open:
            self._open[name] = self._asked.adapters.connect(name)
        return self._open[name]

    @property
    def requests(self) -> dict[str, int]:
        """Number of requests sent so far, by verb."""
        total: dict[str, int] = {}
        for requests in (*(client.requests for client in self._open.values()), *self.clusters.requests):
            for verb, count in requests.items():
                total[verb] = total.get(verb, 0) + count
        return total


def look(asked: Pass, scopes: Sequence[Scope], clients: Clients, stops: Stops = NO_STOPS) -> Looked:
    """Live state and ownership record of every target that its files do not stop."""
    stopped = [
        stopped_result(asked, scope.target, stops) for scope in scopes if scope.target in stops.by_target
    ]
    scopes = [scope for scope in scopes if scope.target not in stops.by_target]
    with ThreadPoolExecutor(max_workers=max(1, min(8, len(scopes)))) as pool:
        # One context for each: they carry the pass into log lines, and a context runs in one thread at a time.
        contexts = [copy_context() for _ in scopes]
        seen = list(
            pool.map(lambda at: contexts[at].run(_see, asked, scopes[at], clients), range(len(scopes)))
        )
    return Looked(
        tuple(sight for sight in seen if isinstance(sight, Sight)),
        (*stopped, *(result for result in seen if isinstance(result, TargetResult))),
    )


def stopped_result(asked: Pass, name: TargetName, stops: Stops) -> TargetResult:
    """The result of a target in which errors of the files leave nothing to do."""
    target = asked.targets[name]
    return TargetResult(
        name,
        target.organization,
        endpoints(target),
        error=stops.message(name),
        advice=STOPPED_ADVICE,
        error_code=ExitCode.INVALID,
        stopped_by=stops.by_target[name],
    )


def _see(asked: Pass, scope: Scope, clients: Clients) -> Sight | TargetResult:
    target = asked.targets[scope.target]
    desired = asked.desired(scope.declarations, scope.place)
    try:
        recorded = asked.adapters.inventory.read(scope.target)
        inventory = for_target(recorded, target, scope.place, asked.adapters.digester.key_id)
        seen = clients.of(scope.target).look(hints(desired, inventory, demand(scope), named(scope)))
    except (OrchestratorError, InventoryError, SettingsError) as error:
        return TargetResult(
            scope.target,
            target.organization,
            endpoints(target),
            error=str(error),
            advice=error.advice,
            is_transient=error.is_transient,
            error_code=error.exit_code,
            retry_after_s=retry_after([error]),
        )
    return Sight(scope.target, target, scope.everything, desired, inventory, believed(seen, inventory))


def retry_after(errors: Iterable[ReconcilerError]) -> float | None:
    """The longest retry hint of the API among them, in seconds; None without any."""
    given = (error.retry_after_s for error in errors if isinstance(error, UnavailableError))
    return max((seconds for seconds in given if seconds is not None), default=None)


def endpoints(target: Target) -> tuple[str, ...]:
    """Addresses of the APIs that the target is connected to."""
    return tuple(
        connection.url for connection in (target.orchestrator, target.runners) if connection is not None
    )
