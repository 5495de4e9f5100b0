"""From the steps of a pass to its one result."""

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic

from reconciler.errors import ReconcilerError
from reconciler.model.finding import once
from reconciler.passes.begin import Pass
from reconciler.passes.judge import Judged
from reconciler.passes.read import Reading
from reconciler.passes.result import PassResult, SourceInfo
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
