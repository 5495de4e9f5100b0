"""Results of single targets, before and after anything is carried out."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from reconciler.errors import ExitCode
from reconciler.model.identity import TargetName
from reconciler.model.place import Realm
from reconciler.passes.begin import Pass
from reconciler.passes.cause import causes
from reconciler.passes.cluster_sight import ClusterSight
from reconciler.passes.look import STOPPED_ADVICE, Looked, Sight, endpoints, retry_after
from reconciler.passes.result import Cause, TargetResult
from reconciler.passes.stopped import NO_STOPS, Stops
from reconciler.plan.action import Status, TargetPlan, Unexamined
from reconciler.plan.build import NOT_SHOWN


def target_result(sight: Sight, built: TargetPlan, stops: Stops = NO_STOPS) -> TargetResult:
    """One target that was seen, before anything is carried out."""
    failures = sight.look.failures
    found = causes(sight.name, failures)
    if sight.name in stops.by_target:
        found = (*found, Cause(stops.message(sight.name), STOPPED_ADVICE))
    return TargetResult(
        sight.name,
        sight.target.organization,
        endpoints(sight.target),
        plan=built,
        error="; ".join(dict.fromkeys(cause.text for cause in found)),
        advice=next((cause.advice for cause in found if cause.advice), ""),
        causes=found,
        is_transient=any(failure.is_transient for failure in failures.values()),
        error_code=ExitCode.INVALID if sight.name in stops.by_target else None,
        stopped_by=stops.by_target.get(sight.name, ()),
        retry_after_s=retry_after(failures.values()),
    )


def in_order(asked: Pass, done: Iterable[TargetResult], looked: Looked) -> tuple[TargetResult, ...]:
    """Results of all targets and clusters: targets in the order of the settings, then clusters by name."""
    order = list(asked.targets)
    found = (*done, *looked.failed, *looked.clusters.failed)
    return tuple(
        sorted(
            found,
            key=lambda one: (
                order.index(one.target) if one.target in order else len(order),
                one.target,
            ),
        )
    )


def joined(before: Iterable[TargetResult], after: Iterable[TargetResult]) -> list[TargetResult]:
    """Results of one apply after another round: what was not done before has the outcome that it has now."""
    newer = {one.target: one for one in after}
    return [_joined(one, newer.get(one.target)) for one in before]


def _joined(before: TargetResult, after: TargetResult | None) -> TargetResult:
    if after is None:
        return before
    held = {} if after.plan is None else after.plan.held
    new = [
        one for one in after.outcomes if one.action.id not in held or held[one.action.id].reason != NOT_SHOWN
    ]
    settled = {one.action.id for one in new}
    kept = [one for one in before.outcomes if one.status is Status.DONE or one.action.id not in settled]
    return replace(
        before,
        outcomes=(*kept, *new),
        inventory_error=after.inventory_error or before.inventory_error,
        error=before.error or after.error,
        advice=before.advice or after.advice,
        is_transient=before.is_transient or after.is_transient,
    )


def cut_short(
    done: Iterable[TargetResult], places: Collection[TargetName], why: str, advice: str
) -> list[TargetResult]:
    """Results of an apply whose later rounds end early; `places` are the clusters that they are for."""
    return [
        replace(one, error=f"not finished: {why}", advice=advice) if one.target in places else one
        for one in done
    ]


def cluster_result(sight: ClusterSight, built: TargetPlan, stops: Stops = NO_STOPS) -> TargetResult:
    """One cluster that was seen, before anything is carried out."""
    is_stopped = sight.name in stops.by_target
    return TargetResult(
        sight.name,
        sight.place.name,
        (sight.reading.address,),
        plan=built,
        error=stops.message(sight.name) if is_stopped else "",
        advice=STOPPED_ADVICE if is_stopped else "",
        causes=(Cause(stops.message(sight.name), STOPPED_ADVICE),) if is_stopped else (),
        error_code=ExitCode.INVALID if is_stopped else None,
        stopped_by=stops.by_target.get(sight.name, ()),
        realm=Realm.CLUSTER,
    )


def without_preview(result: TargetResult, base_name: str) -> TargetResult:
    """The result with a note that the whole plan is shown, because the effect of the base is not known."""
    if result.plan is None:
        return result
    note = Unexamined(
        "which differences are this change's own",
        f"the files of {base_name} have errors; everything is shown",
    )
    return replace(result, plan=replace(result.plan, unexamined=(*result.plan.unexamined, note)))
