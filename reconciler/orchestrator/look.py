"""All live objects of one organization, read in parallel.

Guarantees: a kind is complete only if its list was read to the end without an error, and an empty
list is trusted only if the organization is proven to exist. Absence leads to deletes (design
decision 4.1), so when in doubt, a kind is incomplete.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from reconciler.errors import OrchestratorError, UnavailableError
from reconciler.model.kind import FACTS, Kind
from reconciler.model.state import Resource, State
from reconciler.model.surroundings import UNSEEN, Beside
from reconciler.model.witness import WITNESSES
from reconciler.orchestrator.calls import Calls
from reconciler.orchestrator.sight import Hints, Look
from reconciler.orchestrator.surroundings import Reading, unproven
from reconciler.orchestrator.v1 import V1, distinct
from reconciler.orchestrator.v2 import V2, Summary


class _Gathering:
    """Collects the results of the readers, kind by kind."""

    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self.complete: set[Kind] = set()
        self.failures: dict[Kind, OrchestratorError] = {}
        self.unproven: frozenset[Kind] = frozenset()
        self.surroundings = UNSEEN

    def take(self, kind: Kind, futures: list[Future[list[Resource]]]) -> None:
        """Add the resources of one kind; it is complete only if every part was read."""
        for future in futures:
            try:
                self.resources += future.result()
            except OrchestratorError as error:
                self.failures.setdefault(kind, error)
        if kind not in self.failures:
            self.complete.add(kind)

    def take_collection(self, kind: Kind, reading: Reading, calls: Calls) -> None:
        """Add the resources of a kind whose collection was requested."""
        beside = FACTS[kind].collection
        assert beside is not None
        assert calls.listed is not None
        try:
            self.resources += distinct(map(calls.listed, reading.items(beside)))
        except OrchestratorError as error:
            self.failures[kind] = error
        else:
            self.complete.add(kind)

    def look(self) -> Look:
        """The collected results."""
        state = State(
            {resource.key: resource for resource in self.resources},
            frozenset(self.complete),
            self.surroundings,
        )
        return Look(state, dict(self.failures), self.unproven)


def look(v1: V1 | None, v2: V2 | None, hints: Hints, *, pool: ThreadPoolExecutor) -> Look:
    """All kinds of the given APIs."""
    gathering = _Gathering()
    definitions = pool.submit(v1.definitions) if v1 else None
    agents = pool.submit(v1.agents) if v1 else None
    summaries = pool.submit(v2.summaries) if v2 else None
    rules = pool.submit(v2.rules) if v2 else None
    reading = Reading(v1, v2, pool)
    reading.start(hints.beside)
    reading.start(beside for kind in sorted(hints.kinds) if (beside := FACTS[kind].collection) is not None)
    if v1 and agents and definitions:
        _gather_agents(gathering, v1, agents, hints.agents, pool)
        gathering.take(Kind.DEFINITION, [definitions])
        if Kind.DEFINITION in gathering.complete:
            gathering.complete.add(Kind.CRITERION)
        for kind, calls in v1.calls().items():
            if kind in hints.kinds:
                gathering.take_collection(kind, reading, calls)
    if v2 and summaries and rules:
        _gather_runners(gathering, v2, summaries, hints.runners, pool)
        gathering.take(Kind.RUNNER_RULE, [rules])
        _require_proof(gathering, v2)
    if hints.named:
        reading.start(unproven(_knowable(hints.named, gathering.complete), gathering.resources))
    gathering.surroundings = reading.wait()
    return gathering.look()


def _knowable(named: Mapping[Beside, frozenset[str]], complete: set[Kind]) -> Mapping[Beside, frozenset[str]]:
    """Names whose objects could be listed: nothing is planned for the others, so they are not worth a list."""
    missing = {beside for beside, kind in WITNESSES.items() if kind not in complete}
    return {beside: names for beside, names in named.items() if beside not in missing}


def _gather_agents(
    gathering: _Gathering,
    v1: V1,
    agents: Future[list[Resource]],
    hinted: frozenset[str],
    pool: ThreadPoolExecutor,
) -> None:
    """Read the agents, and the keys of hinted agents that exist; without the list of agents, no keys can be read."""
    gathering.take(Kind.AGENT, [agents])
    error = gathering.failures.get(Kind.AGENT)
    if error is not None:
        gathering.failures[Kind.KEY] = error
        return
    known = sorted(resource.key.id for resource in agents.result())
    gathering.take(Kind.KEY, [pool.submit(v1.keys, name) for name in known if name in hinted])


def _gather_runners(
    gathering: _Gathering,
    v2: V2,
    summaries: Future[list[Summary]],
    hinted: Mapping[str, tuple[str, Resource]],
    pool: ThreadPoolExecutor,
) -> None:
    """Read each runner that changed since it was last seen; a runner deleted in the meantime is absent.

    One that is absent and still in the list is not: a create would overwrite its credentials (v2 reference 5.6).
    """
    try:
        listed = summaries.result()
    except OrchestratorError as error:
        gathering.failures[Kind.RUNNER] = error
        return

    def current(summary: Summary) -> list[Resource]:
        runner = v2.runner(summary.id)
        if runner is None and any(again.id == summary.id for again in v2.summaries()):
            raise UnavailableError(
                f"the list of runners contains `{summary.id}`, and reading it answers that it does not exist"
            )
        return [] if runner is None else [runner]

    changed = []
    for summary in listed:
        seen, resource = hinted.get(summary.id, ("", None))
        if resource is not None and seen and seen == summary.updated_at:
            gathering.resources.append(replace(resource, updated_at=seen))
        else:
            changed.append(pool.submit(current, summary))
    gathering.take(Kind.RUNNER, changed)


def _require_proof(gathering: _Gathering, v2: V2) -> None:
    """Mark kinds as incomplete if all are empty and nothing shows that the organization exists."""
    kinds = {Kind.RUNNER, Kind.RUNNER_RULE} & gathering.complete
    if not kinds or any(resource.key.kind in kinds for resource in gathering.resources):
        return
    try:
        if v2.is_proven():
            return
    except OrchestratorError as error:
        gathering.failures.update(dict.fromkeys(kinds, error))
    else:
        gathering.unproven = frozenset(kinds)
    gathering.complete -= kinds
