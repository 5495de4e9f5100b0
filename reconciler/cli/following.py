"""What `watch` passes to its loop: the pass to run, and the lookup of the newest revision."""

import logging
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from reconciler.cli.consent import committed_only, uncommitted
from reconciler.cli.edges.settings import check_targets, find_settings
from reconciler.cli.edges.trees import Trees, new_loader
from reconciler.cli.passes import compose
from reconciler.cli.request import Request
from reconciler.controller.loop import PassRequest
from reconciler.controller.triggers import folder_revision, wait_until_quiet
from reconciler.model.finding import Severity
from reconciler.model.secret_name import field_names_secret
from reconciler.passes.approved import EXPIRED
from reconciler.passes.reconcile import apply
from reconciler.passes.result import PassResult
from reconciler.plan.action import Action, Outcome, Status
from reconciler.repository.folder import lock_around
from reconciler.repository.launch import Launcher
from reconciler.repository.remote import Listed, look_up
from reconciler.settings import Settings
from reconciler.source.directory import folder_state
from reconciler.source.loader import Loader
from reconciler.views.conclusion import accepted, refusals
from reconciler.views.written import reported_drift, written_fields

if TYPE_CHECKING:
    from reconciler.model.finding import Finding
    from reconciler.plan.refusal import Refusal

_log = logging.getLogger(__name__)
_FINE = (Status.DONE, Status.UNCHANGED)


class Follower:
    """Runs passes over one source. The loader is kept, so that only changed files are parsed again.

    `refuses_uncommitted` is true where a pass over uncommitted files is refused.
    What a poll found is kept for the pass that follows: a second `git ls-remote` would cost time
    and could find another commit. Used by one thread.
    """

    def __init__(
        self, settings: Settings, request: Request, loader: Loader, *, refuses_uncommitted: bool
    ) -> None:
        self.settings = settings
        self._refuses_uncommitted = refuses_uncommitted
        self._request = request
        self._loader = loader
        self._listed: Listed | None = None
        self._quiet = ""
        """Revision of the folder before which it was quiet."""
        self._good: Listed | None = None
        self._problems: tuple[list[Finding], list[Refusal]] = ([], [])

    @property
    def keeps_revisions(self) -> bool:
        """True if a commit that was read stays in the cache, so that it can be read without the repository."""
        return self._request.url is not None

    def run_pass(self, asked: PassRequest) -> PassResult:
        """Apply once. Settings and tokens are read again: both can change while the process runs."""
        if self._request.url is None and asked.revision != self._quiet:
            folder = self._request.directory
            wait_until_quiet(folder, asked.stop, lock=lock_around(folder))
            self._quiet = asked.revision
        known = (one for one in (self._listed, self._good) if one is not None)
        listed = next((one for one in known if one.commit == asked.revision), None)
        request = replace(self._request, stop=asked.stop)
        with compose(request, loader=self._loader, listed=listed) as composed:
            adapters = composed.adapters
            if self._refuses_uncommitted:
                adapters = replace(adapters, read_tree=committed_only(adapters.read_tree, self._request))
            result = apply(
                composed.settings,
                adapters,
                composed.selection,
                accepted=frozenset(),
                approve=_announced,
                observer=_LoggedOutcomes(),
                stop=asked.stop,
                rounds=1,  # the next pass goes on
            )
            self._log_problems(result)
            if not result.error and listed is not None:
                self._good = replace(listed, commit=result.source.revision)
            return replace(result, places=composed.found.places)

    def _log_problems(self, result: PassResult) -> None:
        """Log errors and refusals, each set of them once: a pass is repeated many times before somebody acts."""
        errors = [finding for finding in result.all_findings if finding.severity is Severity.ERROR]
        refused = refusals(result)
        if (errors, refused) == self._problems:
            return
        self._problems = errors, refused
        for error in errors:
            _log.error(
                "error in the files",
                extra={
                    "rule": error.rule,
                    "place": str(error.origin),
                    "finding": error.message,
                    "advice": error.advice,
                },
            )
        for refusal in refused:
            _log.warning(
                "guard refuses",
                extra={
                    "guard": refusal.guard,
                    "target": refusal.target,
                    "objects": [str(key) for key in refusal.keys],
                    "detail": refusal.message,
                    "approval": refusal.approval,
                },
            )

    def revision(self) -> str:
        """The newest revision: one `git ls-remote`, or the state of the folder."""
        url = self._request.url
        if url is None:
            return self._folder_revision()
        self._listed = look_up(Launcher(self._request.environment), url, self._request.ref)
        return self._listed.commit

    def _folder_revision(self) -> str:
        revision = folder_revision(self._request.directory)
        if not self._refuses_uncommitted:
            return revision
        # A commit changes no file, yet it is what a refused pass waits for.
        commit, is_dirty = folder_state(self._request.directory, Launcher(self._request.environment))
        return f"{revision}:{commit}{'+' if is_dirty else ''}"


def _announced(planned: PassResult) -> bool:
    """Log what is about to be written, approvals that are used or expired, and drift that is not corrected.

    Always True: `watch` does not ask.
    """
    for field in written_fields(planned):
        shown = asdict(field)
        if any(field_names_secret(step) for step in field.field.split(".")):
            shown.update(old=None, new=None, hidden=True)
        _log.info("field to be written", extra={name: shown[name] for name in shown if shown[name] != ""})
    for one in accepted(planned):
        _log.warning(
            "guard approved",
            extra={
                "guard": one.refusal.guard,
                "target": one.refusal.target,
                "objects": [str(key) for key in one.refusal.keys],
                "detail": one.message,
                "approval": one.approval,
            },
        )
    for finding in planned.findings:
        if finding.rule == EXPIRED:
            _log.warning("approval expired", extra={"finding": finding.message, "place": str(finding.origin)})
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
    """Logs one record per finished action; implements `reconciler.passes.schedule.Observer`."""

    def started(self, action: Action) -> None:
        """Log nothing: an outcome follows."""

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


def follower(request: Request, *, allows_uncommitted: bool = False) -> Follower:
    """The follower of a request. Settings are read once, so that an unusable file is reported at the start.

    Raises UsageError for a folder with uncommitted changes and a real orchestrator, unless they are allowed:
    half-written files must not be applied each time they are saved.
    """
    found = find_settings(request, Trees(request))
    settings = found.settings
    check_targets(request.targets, settings)
    if found.is_local:
        _log.warning("no settings file: using the embedded orchestrator")
    for finding in found.warnings:
        _log.warning("settings", extra={"finding": finding.message, "place": str(finding.origin)})
    refuses = not (found.is_local or allows_uncommitted) and request.url is None
    if refuses and folder_state(request.directory, Launcher(request.environment))[1]:
        raise uncommitted(str(request.directory), request)
    return Follower(settings, request, new_loader(settings), refuses_uncommitted=refuses)
