"""`modes`: the steps read and look, then the modes of every organization before and after. Changes nothing."""

from dataclasses import replace

from reconciler.diff.compare import compare
from reconciler.errors import ReconcilerError
from reconciler.model.finding import Severity
from reconciler.model.surroundings import Beside
from reconciler.model.unread import Unread
from reconciler.passes.begin import Adapters, Pass, begin
from reconciler.passes.cluster_sight import ClusterSight
from reconciler.passes.clusters import look_at_clusters
from reconciler.passes.judge import judge_files
from reconciler.passes.look import Clients, Sight, look
from reconciler.passes.read import Reading, read
from reconciler.passes.result import Purpose
from reconciler.passes.store_switches import scope_before, switch_of
from reconciler.plan.selection import Selection
from reconciler.procedure.store_switch import ModeReport, StoreSwitch
from reconciler.settings import Settings

_NEEDED = frozenset((Beside.STORES, Beside.OPERATOR_KEYS, Beside.DRIVERS))


def mode_report(settings: Settings, adapters: Adapters, selection: Selection) -> ModeReport:
    """Every selected organization. Raises ReconcilerError if the files cannot be read.

    Errors of the files stop no target here: what refuses a switch is among what is to be shown.
    """
    asked = begin(settings, adapters, selection, Purpose.PLAN)
    with Clients(asked) as clients:
        reading = read(asked)
        judged = judge_files(asked, reading)
        clusters = look_at_clusters(asked, reading.declarations, judged.scopes, clients.clusters)
        looked = look(asked, judged.scopes, clients)
    found = {sight.name: _switch(asked, reading, sight, clusters.sights) for sight in looked.sights}
    unread = {str(one.target): Unread(one.error, one.advice) for one in (*looked.failed, *clusters.failed)}
    unread |= {one.subject: Unread(one.reason) for one in clusters.unexamined}
    return ModeReport(
        {str(name): found[name] for name in sorted(found)},
        unread,
        sum(one.severity is Severity.ERROR for one in reading.declarations.findings),
    )


def _switch(asked: Pass, reading: Reading, sight: Sight, clusters: tuple[ClusterSight, ...]) -> StoreSwitch:
    diff = compare(sight.desired, sight.look.state, sight.inventory)
    found = switch_of(scope_before(asked, reading, sight, clusters), diff)
    failures = tuple(
        Unread(f"{kind} in {sight.target.organization}: {error}", _advice(error))
        for kind, error in sorted(sight.look.failures.items())
    )
    beside = tuple(
        Unread(f"{what} in {sight.target.organization}: {reason}")
        for what, reason in sorted(sight.look.state.surroundings.failures.items())
        if what in _NEEDED
    )
    return replace(found, unread=(*found.unread, *failures, *beside))


def _advice(error: Exception) -> str:
    return error.advice if isinstance(error, ReconcilerError) else ""
