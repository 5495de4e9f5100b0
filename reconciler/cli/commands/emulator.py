"""`reconciler emulator`: a practice orchestrator on a port."""

from pathlib import Path

import click

from reconciler.cli.session import session
from reconciler.errors import ExitCode, UsageError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8480,
    show_default=True,
    help="Port to listen on; 0: any free one.",
)
@click.option(
    "--state",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the state in this file. Default: in memory only.",
)
@click.option(
    "--organization",
    "organizations",
    metavar="ID",
    multiple=True,
    help="Create this organization at start; repeatable.",
)
@click.option(
    "--resource-type",
    "resource_types",
    metavar="ID",
    multiple=True,
    help="Add this resource type to the public ones of every organization; repeatable.",
)
def command(
    *,
    host: str,
    port: int,
    state: Path | None,
    organizations: tuple[str, ...],
    resource_types: tuple[str, ...],
) -> int:
    """Run a practice orchestrator, with both APIs on one port, until stopped.

    \b
    Examples:
      reconciler emulator --organization acme
      reconciler emulator --state practice.db --resource-type acme/queue
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.output import notice  # noqa: PLC0415  help must not wait for it
    from reconciler.emulator import ApiError, Choices, StateFileError  # noqa: PLC0415  as above
    from reconciler.emulator.web.server import serve  # noqa: PLC0415  as above

    session().configure_logging(level="info")
    keeps = f"state in {state}" if state is not None else "state is not kept"

    def announce(url: str) -> None:
        notice(f"practice orchestrator on {url}")
        notice(f"not for production; {keeps}; press Ctrl-C to stop")

    try:
        host.encode("idna")  # as the socket does, which raises TypeError
    except UnicodeError as error:
        raise UsageError(f"cannot listen on {host}:{port}: this is not a host name") from error
    try:
        serve(
            host,
            port,
            state_file=state,
            organizations=organizations,
            choices=Choices(resource_types=resource_types),
            listening=announce,
        )
    except StateFileError as error:
        raise UsageError(f"cannot use the state file: {error}") from error
    except ApiError as error:
        raise UsageError(f"cannot start the emulator: {error.message}") from error
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    notice("stopped")
    return ExitCode.DONE
