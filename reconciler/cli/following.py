"""What the loop of `watch` is given: the passes it runs, and where it looks for a new revision."""

import logging
from dataclasses import asdict, dataclass, replace

from reconciler.cli.consent import committed_only, uncommitted
from reconciler.cli.passes import Asked, request
from reconciler.cli.session import Session
from reconciler.cli.wiring import Request, check_targets, compose, find_settings, new_loader
from reconciler.controller.loop import PassRequest
from reconciler.controller.triggers import folder_revision
from reconciler.log import is_secret_name
from reconciler.passes.reconcile import apply
from reconciler.passes.result import PassResult
from reconciler.plan.action import Action, Outcome, Status
from reconciler.settings import Settings
from reconciler.source.directory import folder_state
from reconciler.source.git import remote_revision
from reconciler.source.loader import Loader
from reconciler.views.written import reported_drift, written_fields

_log = logging.getLogger(__name__)
_FINE = (Status.DONE, Status.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Follower:
    """Passes over one source. The loader is kept, so that only changed files are parsed again.

    `refuses_uncommitted` is true where a pass over uncommitted files is refused; `allowing` is the command line
    that would let it through.
    """

    settings: Settings
    refuses_uncommitted: bool
    _asked: Request
    _loader: Loader
    _allowing: str

    def run_pass(self, asked: PassRequest) -> PassResult:
        """Apply once. Settings and tokens are read anew: both may be rotated while we run."""
        with compose(self._asked, loader=self._loader) as composed:
            adapters = composed.adapters
            if self.refuses_uncommitted:
                adapters = replace(adapters, read_tree=committed_only(adapters.read_tree, self._allowing))
            result = apply(
                composed.settings,
                adapters,
                composed.selection,
                accepted=frozenset(),
                approve=_announced,
                observer=_LoggedOutcomes(),
                stop=asked.stop,
            )
            return replace(result, places=composed.places)

    def revision(self) -> str:
        """The newest revision: one `git ls-remote`, or the state of the folder."""
        url = self._asked.source.url
        if url is not None:
            return remote_revision(url, self._asked.source.ref)
        revision = folder_revision(self._asked.directory)
        if not self.refuses_uncommitted:
            return revision
        # A commit changes no file, and yet it is what a refused pass waits for.
        commit, is_dirty = folder_state(self._asked.directory)
        return f"{revision}:{commit}{'+' if is_dirty else ''}"


def _announced(planned: PassResult) -> bool:
    """Log every field that is about to be written, and drift that is left; always True, for nobody is asked."""
    for field in written_fields(planned):
        shown = asdict(field)
        if is_secret_name(field.field):
            shown.update(old=None, new=None, hidden=True)
        _log.info("field to be written", extra={name: shown[name] for name in shown if shown[name] != ""})
    for entry in reported_drift(planned):
        _log.info(
            "drift left as found",
            extra={
                "kind": str(entry.key.kind),
                "id": entry.key.id,
                "organization": entry.key.place.name,
                "reason": entry.explanation,
            },
        )
    return True


class _LoggedOutcomes:
    """One record for each action that ended; fulfils `reconciler.passes.schedule.Observer`."""

    def started(self, action: Action) -> None:
        """Say nothing: an outcome follows."""

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        """Log the outcome."""
        _log.log(
            logging.INFO if outcome.status in _FINE else logging.WARNING,
            "action finished",
            extra={
                "verb": outcome.action.verb,
                "kind": outcome.action.key.kind,
                "id": outcome.action.key.id,
                "organization": outcome.action.key.place.name,
                "status": outcome.status,
                "detail": outcome.message,
                "seconds": round(outcome.seconds, 3),
                "done": done,
                "total": total,
            },
        )


def follower(session: Session, asked: Asked, *, allows_uncommitted: bool) -> Follower:
    """Read the settings once, so that a file that cannot be used is reported at the start.

    Raises UsageError for a folder with uncommitted changes and a real orchestrator, unless they are allowed:
    half-written files must not be applied each time they are saved.
    """
    wanted = request(session, asked)
    found = find_settings(wanted)
    settings = found.settings
    check_targets(wanted.targets, settings)
    if found.is_local:
        _log.warning("no settings file: using the embedded orchestrator")
    for finding in found.warnings:
        _log.warning("settings", extra={"finding": finding.message, "place": str(finding.origin)})
    guards = not (found.is_local or allows_uncommitted) and wanted.source.url is None
    allowing = session.line_with("--allow-uncommitted")
    if guards and folder_state(wanted.directory)[1]:
        raise uncommitted(str(wanted.directory), allowing)
    return Follower(settings, guards, wanted, new_loader(settings), allowing)
