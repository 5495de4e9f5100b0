"""From the steps of a pass to its one result."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import monotonic

from reconciler.errors import ReconcilerError
from reconciler.model.finding import once
from reconciler.passes.begin import Pass
from reconciler.passes.cause import causes
from reconciler.passes.judge import Judged
from reconciler.passes.look import Looked, Sight, endpoints, retry_after
from reconciler.passes.read import Reading
from reconciler.passes.result import PassResult, SourceInfo, TargetResult
from reconciler.plan.action import TargetPlan, Unexamined
from reconciler.source.excerpt import excerpts


def failed(asked: Pass, error: ReconcilerError, reading: Reading | None = None) -> PassResult:
    """The result of a pass that could not be read to the end."""
    made = _result(asked, reading or Reading(SourceInfo("")))
    return replace(made, error=str(error), advice=error.advice, error_code=error.exit_code)


def report(
    asked: Pass,
    reading: Reading,
    judged: Judged,
    *,
    requests: Mapping[str, int] | None = None,
    **more: object,
) -> PassResult:
    """Everything found out so far, with lines of the files; `more` are further fields of the result."""
    verdict = judged.verdict
    made = replace(
        _result(asked, reading),
        findings=once(judged.reading, verdict.findings),
        unknown=verdict.unknown,
        rules_off=verdict.off,
        silenced=verdict.silenced,
        checked_only=judged.checked_only,
        requests=dict(requests or {}),
        **more,  # type: ignore[arg-type]  # fields of PassResult, checked by its constructor
    )
    places = (finding.origin for finding in made.all_findings)
    return replace(made, excerpts=excerpts(reading.files, places))


def _result(asked: Pass, reading: Reading) -> PassResult:
    return PassResult(
        asked.purpose,
        reading.source,
        asked.started_at,
        selection=asked.selection.describe(),
        seconds=monotonic() - asked.clock,
        unread=reading.unread,
        left_alone=reading.left_alone,
    )


def target_result(sight: Sight, built: TargetPlan) -> TargetResult:
    """One target that was seen, before anything is carried out."""
    failures = sight.look.failures
    found = causes(sight.name, failures)
    return TargetResult(
        sight.name,
        sight.target.organization,
        endpoints(sight.target),
        plan=built,
        error="; ".join(dict.fromkeys(cause.text for cause in found)),
        advice=next((cause.advice for cause in found if cause.advice), ""),
        causes=found,
        is_transient=any(failure.is_transient for failure in failures.values()),
        retry_after_s=retry_after(failures.values()),
    )


def in_order(asked: Pass, done: Iterable[TargetResult], looked: Looked) -> tuple[TargetResult, ...]:
    """Results of all targets in the order of the settings."""
    order = list(asked.targets)
    return tuple(sorted((*done, *looked.failed), key=lambda result: order.index(result.target)))


def without_preview(result: TargetResult, base_name: str) -> TargetResult:
    """Say that the whole plan is shown, because the base cannot tell what is this change's own."""
    if result.plan is None:
        return result
    note = Unexamined(
        "which differences are this change's own",
        f"the files of {base_name} have errors; everything is shown",
    )
    return replace(result, plan=replace(result.plan, unexamined=(*result.plan.unexamined, note)))
