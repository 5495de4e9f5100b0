"""The shortest pass: read and judge. A module of its own, so that it loads no code that plans or writes."""

from reconciler.errors import ReconcilerError
from reconciler.passes.begin import Adapters, begin
from reconciler.passes.judge import judge_files, judge_unseen
from reconciler.passes.read import read
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
    return report(asked, reading, judge_unseen(asked, judge_files(asked, reading)))
