"""One pass for a command: compose it, run it, and return a result even if it stops early."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.cli.edges.handed_in import HandedInSecrets
from reconciler.cli.edges.organizations import connecting, local_state
from reconciler.cli.edges.records import key_of_digests, opened_record
from reconciler.cli.edges.settings import FoundSettings, check_targets, find_settings
from reconciler.cli.edges.settings_change import FoundChange, find_settings_change
from reconciler.cli.edges.trees import Trees, new_loader
from reconciler.cli.interrupt import ending_at_once
from reconciler.cli.output import notice
from reconciler.cli.request import Request
from reconciler.cli.session import session
from reconciler.cli.waiting import WaitingNotices
from reconciler.errors import ReconcilerError, SettingsError, UsageError
from reconciler.model.finding import sort_findings
from reconciler.model.secret import Digester
from reconciler.passes.begin import Adapters
from reconciler.passes.result import PassResult, Purpose, SourceInfo
from reconciler.plan.selection import Selection
from reconciler.repository.remote import Listed
from reconciler.settings import Settings, with_disabled
from reconciler.source.loader import Loader


@dataclass(frozen=True, slots=True)
class Composition:
    """Everything a pass needs."""

    request: Request
    found: FoundSettings
    adapters: Adapters
    changed: FoundChange
    """How the change of a preview edits the settings."""

    @property
    def settings(self) -> Settings:
        """The effective settings, with the overrides from the command line."""
        return self.found.settings

    @property
    def selection(self) -> Selection:
        """The selected targets and objects."""
        return self.request.selection


@contextmanager
def compose(
    request: Request, *, loader: Loader | None = None, listed: Listed | None = None
) -> Iterator[Composition]:
    """Open everything for one pass, and close it afterwards.

    `listed` is what an earlier lookup of the remote found; None means look it up now. Raises UsageError for a
    target that is not in the settings, SettingsError with every missing token at once, InventoryError and
    SourceError.
    """
    trees = Trees(request, listed=listed)
    found = find_settings(request, trees)
    if request.concurrency is not None:
        applying = found.settings.apply.model_copy(update={"concurrency": request.concurrency})
        found = replace(found, settings=found.settings.model_copy(update={"apply": applying}))
    changed = find_settings_change(request, trees)
    disabled_before = {
        name: target.builtIn.disabled
        for name, target in found.settings.targets.items()
        if name in changed.disabled
    }
    found = replace(found, settings=with_disabled(found.settings, changed.disabled))
    settings, against = found.settings, request.against
    check_targets(request.targets, settings)
    hand_in = HandedInSecrets(
        settings,
        request.environment,
        base=found.base,
        tree=request.directory if request.url is None else None,
        waits=request.waits,
    )
    with connecting(request, found) as connect:
        adapters = Adapters(
            read_tree=lambda: trees.read(settings.limits, found.of_folder),
            load=(loader or new_loader(settings)).load,
            connect=connect,
            inventory=opened_record(request, found),
            digester=Digester(key_of_digests(request, found)),
            now=lambda: datetime.now(UTC),
            hand_in=hand_in,
            connect_cluster=lambda name: hand_in.clusters.client(
                name, is_read_only=not request.writes, tries=request.tries_on_clusters
            ),
            tries_on_clusters=request.tries_on_clusters,
            connect_probe=hand_in.clusters.probe,
            rendered=hand_in.clusters.rendered(is_local=found.is_local),
            has_any_cluster=found.is_local,
            read_base=None if against is None else lambda: trees.read_base(against, settings.limits),
            base_name=against or "",
            is_ancestor=trees.is_ancestor,
            base_disabled=disabled_before,
        )
        yield Composition(request, found, adapters, changed)


@contextmanager
def composing(request: Request) -> Iterator[Composition]:
    """Like `compose`, for people: long waits are shown, and Ctrl-C ends a read-only command immediately."""
    ends_at_once = nullcontext() if request.writes else ending_at_once(session())
    with ends_at_once, WaitingNotices(request.waits), compose(request) as composed:
        yield composed


def run_pass(request: Request, work: Callable[[Composition], PassResult]) -> PassResult:
    """Result of `work`. Expected failures become a result too, so that every format prints its one document.

    Raises UsageError.
    """
    started = datetime.now(UTC)
    try:
        with composing(request) as composed:
            if composed.found.is_local:
                notice(_without_settings(request))
            result = work(composed)
            existing = result.existing
            if existing is not None and composed.found.is_of_base:
                existing = existing.union(composed.found.warnings)
            return replace(
                result,
                existing=existing,
                findings=sort_findings(
                    [*composed.found.warnings, *composed.changed.findings, *result.findings]
                ),
                excerpts={**composed.found.excerpts, **composed.changed.excerpts, **result.excerpts},
                settings_change=composed.changed.change,
                places=composed.found.places,
            )
    except UsageError:
        raise
    except ReconcilerError as error:
        return failure(request, error, started)


def _without_settings(request: Request) -> str:
    """The notice about what is used in place of a settings file."""
    if request.purpose is Purpose.VALIDATE:
        return "no settings file: all files are checked for one target, `local`"
    return (
        f"no settings file: using the embedded orchestrator, state in {local_state(request)}; "
        "`reconciler init` writes a settings file"
    )


def failure(request: Request, error: ReconcilerError, started: datetime) -> PassResult:
    """Result of a pass that ended with an expected failure before anything was written."""
    return PassResult(
        request.purpose,
        SourceInfo(str(request.directory)),
        started,
        findings=error.findings if isinstance(error, SettingsError) else (),
        excerpts=error.excerpts if isinstance(error, SettingsError) else {},
        error=str(error),
        advice=error.advice,
        error_code=error.exit_code,
    )
