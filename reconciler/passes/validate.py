"""The shortest pass: read and judge. A module of its own, so that it loads no code that plans or writes."""

from dataclasses import replace

from reconciler.errors import ReconcilerError
from reconciler.model.wording import plural
from reconciler.passes.begin import Adapters, begin
from reconciler.passes.judge import judge_files, judge_unseen
from reconciler.passes.read import files_not_read, read
from reconciler.passes.report import failed, report
from reconciler.passes.result import PassResult, Purpose
from reconciler.plan.selection import Selection
from reconciler.settings import Settings


def validate(settings: Settings, adapters: Adapters, selection: Selection) -> PassResult:
    """Result of reading and judging the files; the only network access is that of the source."""
    asked = begin(settings, adapters, selection, Purpose.VALIDATE)
    try:
        reading = read(asked)
    except ReconcilerError as error:
        return failed(asked, error)
    missing = files_not_read(asked, reading)
    if missing is not None:
        return failed(asked, missing, reading)
    return _of_files(report(asked, reading, judge_unseen(asked, judge_files(asked, reading))), selection)


def _of_files(result: PassResult, selection: Selection) -> PassResult:
    """The result with the findings of the selected files alone; the number of the others is a note."""
    if not selection.files:
        return result
    found = tuple(
        one
        for one in result.findings
        if any(selection.has_file(place.file) for place in (one.origin, *one.others))
    )
    left = len(result.findings) - len(found)
    note = f"{plural(left, 'finding')} in other files {'is' if left == 1 else 'are'} not shown"
    return replace(result, findings=found, notes=(*result.notes, note) if left else result.notes)
