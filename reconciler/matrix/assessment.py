"""Assessment of a deployment target by the compatibility matrix.

The rows are data (`rows.txt`, read by `table`); the modules `around_…` yield the circumstances of a target.
`reconciler explain target/ID` shows the result. It refuses nothing: the rules that a row names do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from reconciler.facts.agent_input import uses_agent
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.git_target import is_git_target
from reconciler.facts.placed_store import placed_of
from reconciler.facts.scope import Scope
from reconciler.matrix.around_definitions import around_definitions
from reconciler.matrix.around_installations import around_installations
from reconciler.matrix.circumstance import Circumstance
from reconciler.matrix.row import Cell, Column, DeploymentTarget, Row, StoreClass, Subject, Verdict
from reconciler.matrix.table import rows, rows_about
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.settings import Mode


@dataclass(frozen=True, slots=True)
class Applied:
    """A cell that applies to a target. `because` names the reasons.

    `is_certain` is false if a fact is missing, so that the cell may not apply.
    """

    row: Row
    cell: Cell
    is_certain: bool
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """Result for a deployment target: the rows that apply, in table order, and the overall verdict.

    `verdict` is that of the worst row, or `UNKNOWN` if a row that may apply is worse than every row that
    certainly applies. `at_least` is the worst verdict among the certain ones.
    """

    definition: DeclaredDefinition
    rows: tuple[Applied, ...]
    verdict: Verdict
    at_least: Verdict


def assess(scope: Scope, target: DeclaredDefinition) -> Assessment:
    """Assess a `k8s-cluster` definition by its row in table A and every row of B to I that applies."""
    main = tuple(_of_table_a(scope, target))
    around = tuple(
        _applied(
            scope.mode(target), chain(around_installations(scope, target), around_definitions(scope, target))
        )
    )
    rows = (*main, *sorted(around, key=lambda applied: _position(applied.row)))
    at_least = _worst(applied.cell.verdict for applied in rows if applied.is_certain)
    possible = _worst(applied.cell.verdict for applied in rows)
    # Exactly one of the candidates in table A applies, so a verdict they share is certain.
    agreed = {applied.cell.verdict for applied in main}
    if len(agreed) == 1:
        at_least = _worst((at_least, *agreed))
    verdict = Verdict.UNKNOWN if possible.badness > at_least.badness else at_least
    return Assessment(target, rows, verdict, at_least)


def _position(row: Row) -> tuple[str, int]:
    return row.table, int(row.id[1:])


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    worst = max(verdicts, key=lambda verdict: verdict.badness, default=Verdict.SUPPORTED)
    return worst if worst.badness else Verdict.SUPPORTED


def _of_table_a(scope: Scope, target: DeclaredDefinition) -> Iterator[Applied]:
    """The row of table A that applies, or every row that may apply."""
    modes, stores = believed_modes(scope, target), store_classes(scope, scope.cluster_of(target))
    is_certain = len(modes) == 1 and len(stores) == 1
    has_agent = uses_agent(target)
    for row in rows():
        match row.subject:
            case DeploymentTarget(mode, agent, store) if (
                mode in modes and store in stores and agent == has_agent
            ):
                yield Applied(row, row.cells[0], is_certain)


def believed_modes(scope: Scope, target: DeclaredDefinition) -> frozenset[Mode]:
    """Modes that a target is intended to run in; several if facts are missing.

    The driver decides `gitops`. Between `legacy` and `direct` the declared mode takes precedence over the
    computed one, so that a mode that does not fit the store gets its own row.
    """
    declared = None if scope.target_settings is None else scope.target_settings.mode
    if declared is Mode.GITOPS:
        declared = Mode.DIRECT
    meant = declared or scope.primary.mode
    otherwise = frozenset((Mode.LEGACY, Mode.DIRECT)) if meant is None else frozenset((meant,))
    is_git = is_git_target(target)
    if is_git is None:
        return otherwise | {Mode.GITOPS}
    return frozenset((Mode.GITOPS,)) if is_git else otherwise


def store_classes(scope: Scope, cluster: str | None) -> frozenset[StoreClass]:
    """Possible classes of the primary store, seen from a cluster; exactly one if the facts are known.

    The API never returns credentials, so only a declared registration shows whether the orchestrator has
    write access. A store is a stand-in if the cluster has only a `kubernetes` store.
    """
    identifier = scope.primary_store
    if identifier is None:
        return frozenset(StoreClass)
    if identifier == BUILT_IN_STORE:
        return frozenset((StoreClass.P0,))
    on_cluster = {
        store.document.spec.kubernetes is not None
        for store in scope.secret_stores
        for place in placed_of(scope, store)
        if cluster in (None, place.cluster)
    }
    if on_cluster == {True}:
        return frozenset((StoreClass.P3,))
    for store in scope.secret_stores:
        registration = store.document.spec.orchestrator
        if store.document.metadata.id == identifier and registration is not None:
            return frozenset((StoreClass.P1 if registration.auth else StoreClass.P2,))
    return frozenset(
        (StoreClass.P1, StoreClass.P2) if on_cluster else (StoreClass.P1, StoreClass.P2, StoreClass.P3)
    )


def _applied(mode: Mode | None, circumstances: Iterable[Circumstance]) -> Iterator[Applied]:
    """One entry per cell, whatever the number of circumstances that lead to it."""
    found: dict[tuple[Subject, Column | None], list[Circumstance]] = {}
    for circumstance in circumstances:
        found.setdefault((circumstance.subject, circumstance.column), []).append(circumstance)
    for (subject, column), those in found.items():
        certain = [one for one in those if one.is_certain]
        because = tuple(dict.fromkeys(one.because for one in certain or those))
        cells = [
            (row, cell)
            for row in rows_about().get(subject, ())
            for cell in row.in_mode(mode)
            if cell.column is column
        ]
        for row, cell in cells:
            is_known = mode is not None or cell.modes is None
            yield Applied(row, cell, is_certain=bool(certain) and is_known, because=because)
