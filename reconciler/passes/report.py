"""Joins the steps of a pass into its one result."""

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from typing import TypedDict, Unpack

from reconciler.errors import ExitCode, ReconcilerError
from reconciler.model.finding import once
from reconciler.passes.begin import Pass
from reconciler.passes.existing import OfBase, existing_findings, existing_unknown
from reconciler.passes.judge import Judged
from reconciler.passes.read import Reading
from reconciler.passes.result import PassResult, Preview, SourceInfo, TargetResult
from reconciler.plan.action import Unexamined
from reconciler.source.excerpt import excerpts


class More(TypedDict, total=False):
    """Fields of a result that only some passes reach, as in `PassResult`."""

    targets: tuple[TargetResult, ...]
    preview: Preview | None
    notes: tuple[str, ...]
    unexamined: tuple[Unexamined, ...]
    changed: tuple[str, ...]
    error: str
    advice: str
    error_code: ExitCode
    stopped: bool


def failed(asked: Pass, error: ReconcilerError, reading: Reading | None = None) -> PassResult:
    """The result of a pass whose source could not be read."""
    made = _result(asked, reading or Reading(SourceInfo("")))
    return replace(made, error=str(error), advice=error.advice, error_code=error.exit_code)


def report(
    asked: Pass,
    reading: Reading,
    judged: Judged,
    *,
    requests: Mapping[str, int] | None = None,
    of_base: OfBase | None = None,
    **more: Unpack[More],
) -> PassResult:
    """Result with everything found so far and excerpts of the files.

    `of_base` is what the rules say about the base of a preview; `more` are further fields of the result.
    """
    verdict = judged.verdict
    made = replace(
        _result(asked, reading),
        findings=once(judged.reading, verdict.findings),
        unknown=verdict.unknown,
        rules_off=verdict.off,
        silenced=verdict.silenced,
        checked_only=judged.checked_only,
        requests=dict(requests or {}),
        **more,
    )
    if of_base is not None:
        made = replace(
            made,
            existing=existing_findings(made.all_findings, of_base.findings),
            existing_unknown=existing_unknown(made.unknown, of_base.unknown),
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
