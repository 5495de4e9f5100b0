"""What the loop of `watch` is given: the passes it runs, and where it looks for a new revision."""

import logging

from reconciler.cli.edges.settings import check_targets, find_settings
from reconciler.cli.edges.trees import Trees, new_loader
from reconciler.cli.passes import compose
from reconciler.cli.request import Request
from reconciler.controller.loop import PassRequest
from reconciler.controller.triggers import folder_revision
from reconciler.passes.reconcile import apply
from reconciler.passes.result import PassResult
from reconciler.plan.action import Action, Outcome, Status
from reconciler.repository.launch import Launcher
from reconciler.repository.remote import Listed, look_up
from reconciler.settings import Settings
from reconciler.source.loader import Loader

_log = logging.getLogger(__name__)
_FINE = (Status.DONE, Status.UNCHANGED)


class Follower:
    """Passes over one source. The loader is kept, so that only changed files are parsed again.

    What a look found is kept for the pass that follows it: looking twice would cost a second
    `git ls-remote`, and could find another commit. Used by one thread.
    """

    def __init__(self, settings: Settings, request: Request, loader: Loader) -> None:
        self.settings = settings
        self._request = request
        self._loader = loader
        self._listed: Listed | None = None

    def run_pass(self, asked: PassRequest) -> PassResult:
        """Apply once. Settings and tokens are read again: both may be rotated while we run."""
        listed = self._listed if self._listed and self._listed.commit == asked.revision else None
        with compose(self._request, loader=self._loader, listed=listed) as composed:
            return apply(
                composed.settings,
                composed.adapters,
                composed.selection,
                accepted=frozenset(),
                observer=_LoggedOutcomes(),
                stop=asked.stop,
            )

    def revision(self) -> str:
        """The newest revision: one `git ls-remote`, or the state of the folder."""
        url = self._request.url
        if url is None:
            return folder_revision(self._request.directory)
        self._listed = look_up(Launcher(self._request.environment), url, self._request.ref)
        return self._listed.commit


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


def follower(request: Request) -> Follower:
    """Read the settings once, so that a file that cannot be used is reported at the start."""
    found = find_settings(request, Trees(request))
    settings = found.settings
    check_targets(request.targets, settings)
    if found.is_local:
        _log.warning("no settings file: using the embedded orchestrator")
    for finding in found.warnings:
        _log.warning("settings", extra={"finding": finding.message, "place": str(finding.origin)})
    return Follower(settings, request, new_loader(settings))
