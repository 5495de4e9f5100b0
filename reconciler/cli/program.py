"""The `reconciler` command: its subcommands, its exit codes, and the boundary that turns errors into them.

Subcommands are imported when they run, so that help and completion start fast.
"""

import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import click

from reconciler import __version__
from reconciler.cli.options import no_color_option
from reconciler.cli.session import INTERRUPTED, ColorChoice, Session
from reconciler.cli.stream import discard, is_refused
from reconciler.errors import ExitCode, OutputError, ReconcilerError
from reconciler.model.wording import plural

HEADINGS: dict[str, dict[str, str]] = {
    "Start here": {
        "init": "Write a commented settings file.",
        "validate": "Check the files against every rule that needs only files.",
        "plan": "Show what apply would change, without changing anything.",
        "show": "Print a saved plan, and its result once it was applied.",
        "apply": "Carry out the plan.",
        "emulator": "Run a practice orchestrator.",
    },
    "Operation": {
        "doctor": "Find what is wrong with clusters and installations.",
        "keys": "Show where keys are; make, rotate and revoke them.",
        "modes": "Show modes before and after, and what a switch needs and stops.",
        "watch": "Follow the repository and reconcile until stopped.",
    },
    "Reference": {
        "explain": "Explain a rule, a guard, a problem or a target.",
        "render": "Print the objects, files and commands of installations.",
        "rules": "List all rules, their effective severity and where it is set.",
        "schema": "Print or write JSON Schemas for editors.",
        "completion": "Print a shell completion script.",
    },
}
COMMANDS = {name: summary for commands in HEADINGS.values() for name, summary in commands.items()}
"""Every command and its line in the help. Each is implemented in the module of the same name."""

_EXIT_CODES = """\b
Exit codes: 0 done or nothing to do; 1 bug in reconciler; 2 plan has changes
or drift (with --detailed-exit-code); 3 invalid input; 4 refused by a guard;
5 partly applied, or problems found (doctor); 6 could not read, nothing
written; 7 plan is stale; 8 another run holds the lease; 64 wrong usage;
74 output cannot be written. Trying again helps with 5 to 8."""


class Program(click.Group):
    """Finds commands by name, lists them under headings and turns every outcome into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Command names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  as above
        """The command, imported now; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"reconciler.cli.commands.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for an unknown name."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(name, COMMANDS, n=1, cutoff=0.55)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise click.UsageError(f"There is no command `{name}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  as above
        """Write the commands under their headings, without importing any."""
        width = max(map(len, COMMANDS))
        for heading, commands in HEADINGS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), summary) for name, summary in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Candidates for a command, without importing any; options are left to click."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only completion needs it

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=summary)
            for name, summary in COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002, FBT001, FBT002  click's signature; this boundary replaces click's
        **extra: Any,
    ) -> NoReturn:
        """Run, and exit with an `ExitCode`. Never returns."""
        current = Session(arguments=tuple(sys.argv[1:] if args is None else args))
        extra.setdefault("obj", current)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()  # so that a failure is raised here, where it is handled, and not while Python ends
        except click.exceptions.Exit as stop:
            code = stop.exit_code
        except click.ClickException as error:
            code = _usage(error)
        except (KeyboardInterrupt, click.Abort):
            code = _interrupted(current)
        except BrokenPipeError:
            discard(sys.stdout)
            code = ExitCode.DONE
        except ReconcilerError as error:
            code = _failed(current, error)
        # The process boundary: anything else is a bug here, and its message must say what was done before it.
        except Exception as error:  # noqa: BLE001  as above
            failure = _output_failure(error)
            code = _bug(current, error) if failure is None else _failed(current, failure)
        for stream in (sys.stdout, sys.stderr):
            if is_refused(stream):
                discard(stream)
        sys.exit(int(code) if isinstance(code, int) else 0)


def _output_failure(error: Exception) -> OutputError | None:
    """The error if stdout could not be written by click, which prints help and versions itself; None otherwise."""
    trace = error.__traceback__
    while isinstance(error, OSError) and trace is not None:
        if trace.tb_frame.f_code is click.echo.__code__:
            return OutputError(error)
        trace = trace.tb_next
    return None


def _say(message: str) -> None:
    """Print to stderr; where that is impossible, the exit code must still be the right one."""
    with suppress(OSError):
        click.echo(message, err=True)


def _usage(error: click.ClickException) -> int:
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        _say(error.format_message())
        return ExitCode.USAGE
    message = error.format_message()
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.NoSuchOption):
        message = _unknown_option(error)
    _say(f"error: {message}")
    command = "reconciler" if ctx is None else ctx.command_path
    _say(f"See `{command} --help`. Nothing was changed.")
    return ExitCode.USAGE


def _unknown_option(error: click.NoSuchOption) -> str:
    """Message that suggests the nearest option, or says that the option goes before the command."""
    name, ctx = error.option_name, error.ctx
    own = [opt for parameter in ctx.command.params for opt in parameter.opts] if ctx is not None else []
    general = [opt for parameter in program.params for opt in parameter.opts]
    where = f" of `{ctx.command_path}`" if ctx is not None else ""
    if name in general:
        return f"`{name}` goes before the command: `reconciler {name} …`."
    near = get_close_matches(name, [*own, "--help"], n=1, cutoff=0.5)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    return f"`{name}` is not an option{where}.{hint}"


def _interrupted(current: Session) -> int:
    if current.deeds.has_begun:
        _say(_deeds(current))
        _say("Running again is safe and useful: it does only what is left.")
        return ExitCode.PARTIAL
    if not current.is_interrupted:
        _say(INTERRUPTED)
    return ExitCode.UNREADABLE


def _failed(current: Session, error: ReconcilerError) -> int:
    from reconciler.views.visible import visible  # noqa: PLC0415  only failures need it

    _say(f"error: {visible(str(error))}")
    for finding in getattr(error, "findings", ()):
        _say(f"  {visible(f'{finding.origin}: {finding.message}')}")
    if error.advice:
        _say(visible(error.advice))
    _say(_deeds(current))
    return error.exit_code


def _bug(current: Session, error: Exception) -> int:
    """Report an unexpected exception. Its message is never printed: it could contain a secret."""
    _say(f"error: {type(error).__name__}: this is a bug in reconciler.")
    if current.is_debugging:
        import traceback  # noqa: PLC0415  needed only here

        from reconciler.log import redact  # noqa: PLC0415  as above

        _say(redact("".join(traceback.format_exception(error))))
    else:
        _say("`reconciler --debug …` shows where it happened; please report it.")
    _say(_deeds(current))
    _say("Running again is safe: every run reads the live state before it changes anything.")
    return ExitCode.BUG


def _deeds(current: Session) -> str:
    """Text that lists what this run changed, or says that it changed nothing."""
    from reconciler.views.visible import visible  # noqa: PLC0415  only failures need it

    deeds = current.deeds
    if not deeds.has_begun:
        return "Nothing was changed."
    lines = [
        f"{plural(len(deeds.done), 'action')} finished before the end:",
        *(f"  {visible(d)}" for d in deeds.done),
    ]
    if deeds.under_way:
        lines.append("Under way, with unknown effect:")
        lines += [f"  {visible(action)}" for action in sorted(deeds.under_way)]
    return "\n".join(lines)


@click.group(
    cls=Program,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog=_EXIT_CODES,
    short_help="GitOps for the Platform Orchestrator.",
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Settings file. Default: reconciler.yaml in the directory.",
)
@click.option(
    "-C",
    "--directory",
    metavar="DIR",
    default=Path(),
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Work in this directory, as `git -C` does.",
)
@click.option(
    "--color",
    type=click.Choice([choice.value for choice in ColorChoice]),
    default=ColorChoice.AUTO.value,
    help="When to colour; --no-color: never.",
)
@no_color_option
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default=None,
    help="Lowest level to log on stderr. Default: warning; info for watch.",
)
@click.option(
    "--log-format",
    type=click.Choice(["console", "json"]),
    help="Format of the log. Default: console; json for watch.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks and log at level debug.")
@click.version_option(__version__, message="reconciler %(version)s")
@click.pass_context
def program(
    ctx: click.Context,
    *,
    config: Path | None,
    directory: Path,
    color: str,
    log_level: str | None,
    log_format: str | None,
    debug: bool,
) -> None:
    """GitOps for the Platform Orchestrator: keep agents, keys, resource
    definitions and runners as declared by YAML files in Git.
    """  # noqa: D205  this is the text of the help
    current = ctx.ensure_object(Session)
    current.config = config
    current.directory = directory
    if current.color is not ColorChoice.NEVER:
        current.color = ColorChoice(color)
    current.log_level = "debug" if debug else log_level
    current.log_format = log_format
    current.is_debugging = debug
