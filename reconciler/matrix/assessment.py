"""The matrix of what may be combined with what, and the rows of it that a deployment target is in.

The rows are data (`rows.txt`, which `table` reads); the modules `around_…` say what is around a target.
`reconciler explain target/ID` shows the result; the rules of the rows are what refuses.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from reconciler.facts.agent_input import uses_agent
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.git_target import is_git_target
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
    """A cell of a row that a target is in. `because` names what puts it there.

    `is_certain` is false where some fact is missing, so that it may not hold.
    """

    row: Row
    cell: Cell
    is_certain: bool
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the matrix says of a deployment target: its rows in the order of the tables, and all put together.

    `verdict` is that of the worst row; `UNKNOWN` where a row that may hold would be worse than those
    that do, which are then told by `at_least`.
    """

    definition: DeclaredDefinition
    rows: tuple[Applied, ...]
    verdict: Verdict
    at_least: Verdict


def assess(scope: Scope, target: DeclaredDefinition) -> Assessment:
    """Judge a `k8s-cluster` definition by the worst of its row in table A and every row of B to I that applies."""
    main = tuple(_of_table_a(scope, target))
    around = tuple(
        _applied(
            scope.mode(target), chain(around_installations(scope, target), around_definitions(scope, target))
        )
    )
    rows = (*main, *sorted(around, key=lambda applied: _position(applied.row)))
    at_least = _worst(applied.cell.verdict for applied in rows if applied.is_certain)
    possible = _worst(applied.cell.verdict for applied in rows)
    # Of several candidates in table A exactly one holds, so what they agree on is certain.
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
    """The row that the target is in, or every row that it may be in."""
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
    """Modes that a target is meant to be in: several where the facts are missing.

    The driver decides about `gitops`; between `legacy` and `direct` the declared mode counts, so that a
    mode which does not fit the store is a row of its own; without one, the computed mode.
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
    """Classes that the primary store may be of, seen from a cluster: one where the facts are known.

    Credentials are never read back, so only a declared registration tells whether the orchestrator may
    write. A store is a stand-in where the cluster has nothing but a `kubernetes` store.
    """
    identifier = scope.primary_store
    if identifier is None:
        return frozenset(StoreClass)
    if identifier == BUILT_IN_STORE:
        return frozenset((StoreClass.P0,))
    on_cluster = {
        store.document.spec.kubernetes is not None
        for store in scope.secret_stores
        for place in store.document.spec.clusters or ()
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
    """One entry for each cell, however many things put the target there."""
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
