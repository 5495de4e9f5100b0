"""`reconciler watch`: the loop around passes, with its HTTP endpoints and signal handling."""

import math
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import selection_options
from reconciler.cli.session import session

if TYPE_CHECKING:
    from reconciler.cli.request import Request
    from reconciler.settings import Watch

LONGEST_S = 365 * 24 * 3600.0
"""Anything longer is a typing error, and much longer overflows the clock."""


def _duration(_: click.Context, __: click.Parameter, seconds: float | None) -> float | None:
    """The duration. Raises click.BadParameter where it is out of range; click accepts `inf` and `nan` as numbers."""
    if seconds is not None and not (math.isfinite(seconds) and 0 < seconds <= LONGEST_S):
        raise click.BadParameter(f"give a number of seconds greater than 0 and at most {LONGEST_S:.0f}")
    return seconds


@click.command()
@click.option("--source", "url", metavar="URL", help="Follow a remote repository (https, ssh).")
@click.option("--ref", metavar="REF", help="Branch or tag of the --source repository.")
@selection_options
@click.option(
    "--poll",
    "poll_s",
    metavar="SECONDS",
    type=float,
    callback=_duration,
    help="Interval between polls of the repository.",
)
@click.option(
    "--resync",
    "resync_s",
    metavar="SECONDS",
    type=float,
    callback=_duration,
    help="Interval between passes when nothing changes.",
)
@click.option("--listen", metavar="HOST:PORT", help="Address of /healthz, /readyz and /metrics.")
@click.option(
    "--allow-uncommitted",
    "allows_uncommitted",
    is_flag=True,
    help="Also apply uncommitted files; for practice.",
)
def command(
    *,
    url: str | None,
    ref: str | None,
    targets: tuple[str, ...],
    only: tuple[str, ...],
    poll_s: float | None,
    resync_s: float | None,
    listen: str | None,
    allows_uncommitted: bool,
) -> int:
    """Follow the repository and reconcile until stopped.

    Runs a pass for each new revision, at intervals to find drift, and again
    after failures. A folder with uncommitted changes is refused, unless the
    embedded orchestrator is used or --allow-uncommitted is given. SIGTERM
    finishes the action under way. Intervals default to the settings (`watch`).

    \b
    Examples:
      reconciler watch
      reconciler watch --source https://git.example.com/platform.git --ref main
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.collector import expect_requests  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    if ref is not None and url is None:
        raise click.UsageError("--ref needs --source")
    current = session()
    expect_requests()
    current.configure_logging(level="info", form="json")
    asked = request(current, Purpose.APPLY, url=url, ref=ref, targets=targets, only=only)
    given = {"poll_s": poll_s, "resync_s": resync_s, "listen": listen}
    chosen = {name: value for name, value in given.items() if value is not None}
    return _watch(asked, chosen, allows_uncommitted=allows_uncommitted)


def _watch(asked: "Request", given: Mapping[str, object], *, allows_uncommitted: bool) -> int:
    from reconciler.cli.following import follower  # noqa: PLC0415  as above
    from reconciler.controller.health import HealthServer, application  # noqa: PLC0415  as above
    from reconciler.controller.loop import Loop  # noqa: PLC0415  as above
    from reconciler.controller.memory import use_few_arenas  # noqa: PLC0415  as above
    from reconciler.controller.signals import stop_on_signals  # noqa: PLC0415  as above
    from reconciler.controller.triggers import FolderTrigger  # noqa: PLC0415  as above

    use_few_arenas()
    following = follower(asked, allows_uncommitted=allows_uncommitted)
    watch: Watch = following.settings.watch.model_copy(update=given)
    loop = Loop(following.run_pass, following.revision, watch, keeps_revisions=following.keeps_revisions)
    with ExitStack() as stack:
        # Signals first: a platform may stop what it has just seen as serving.
        stack.enter_context(stop_on_signals(loop.stop))
        stack.enter_context(HealthServer(application(loop.board, loop.metrics), watch.listen))
        if asked.url is None:
            stack.enter_context(FolderTrigger(asked.directory, loop.look))
        return loop.run()
