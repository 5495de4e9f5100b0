"""Options that several commands share, and the parsing of their values."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.completion import complete_objects, complete_targets
from reconciler.model.kind import WHOLE_KINDS

if TYPE_CHECKING:
    from reconciler.plan.approval import Approval

F = TypeVar("F", bound=Callable[..., Any])


class Format(StrEnum):
    """Output format of a result."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"


def approvals(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> "tuple[Approval, ...]":
    """Approvals from `GUARD=KIND/ID` and `GUARD=COUNT:DIGEST`. Raises click.BadParameter, also for an unknown guard."""
    if not values:
        return ()
    from reconciler.plan.approval import parse  # noqa: PLC0415  only commands that plan need it
    from reconciler.plan.guards import GUARDS  # noqa: PLC0415  as above

    parsed = []
    for value in values:
        guard = value.partition("=")[0]
        if "=" in value and guard not in GUARDS:
            raise click.BadParameter(f"there is no guard {guard!r}; guards are {', '.join(GUARDS)}")
        try:
            parsed.append(parse(value))
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return tuple(parsed)


def object_patterns(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Patterns from `KIND/ID`, with the kind in its canonical spelling; the id can contain `*`.

    Raises click.BadParameter.
    """
    if not values:
        return ()

    known = {name.lower(): str(name) for name in WHOLE_KINDS}
    parsed = []
    for value in values:
        kind, _slash, identifier = value.partition("/")
        if not identifier:
            raise click.BadParameter(f"{value!r} is not KIND/ID, such as Definition/postgres")
        if kind != "*" and kind.lower() not in known:
            raise click.BadParameter(f"there is no kind {kind!r}; kinds are {', '.join(known.values())}")
        parsed.append(f"{known.get(kind.lower(), kind)}/{identifier}")
    return tuple(parsed)


def source_options(function: F) -> F:
    """`--rev`, `--source` and `--ref`."""
    function = click.option("--ref", metavar="REF", help="Branch or tag of the --source repository.")(
        function
    )
    function = click.option("--source", "url", metavar="URL", help="Read a remote repository (https, ssh).")(
        function
    )
    return click.option("--rev", metavar="REV", help="Read this revision of the local repository.")(function)


def target_option(function: F) -> F:
    """`--target`."""
    return click.option(
        "--target",
        "targets",
        metavar="NAME",
        multiple=True,
        shell_complete=complete_targets,
        help="Only this target; repeatable.",
    )(function)


def selection_options(function: F) -> F:
    """`--target` and `--only`."""
    function = click.option(
        "--only",
        metavar="KIND/ID",
        multiple=True,
        callback=object_patterns,
        shell_complete=complete_objects,
        help="Only these and what they require; * matches.",
    )(function)
    return target_option(function)


def file_option(function: F) -> F:
    """`-f PATH`."""
    return click.option(
        "-f",
        "--file",
        "files",
        metavar="PATH",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Only what this file or folder declares.",
    )(function)


def output_option(*formats: Format) -> Callable[[F], F]:
    """`-o`, with the formats that a command supports."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice([form.value for form in formats]),
        default=Format.TEXT.value,
        show_default=True,
        help="Format on stdout.",
    )


def _detailed(context: click.Context, parameter: click.Parameter, is_asked: bool) -> None:  # noqa: FBT001  click's signature
    """Keep an option of the reader for the views."""
    if is_asked:
        from reconciler.cli.session import Session  # noqa: PLC0415  the session imports nothing of commands

        current = context.ensure_object(Session)
        current.detail = replace(current.detail, **{str(parameter.name): True})


def _uncolored(context: click.Context, _: click.Parameter, is_asked: bool) -> None:  # noqa: FBT001  as above
    if is_asked:
        from reconciler.cli.session import ColorChoice, Session  # noqa: PLC0415  as above

        context.ensure_object(Session).color = ColorChoice.NEVER


def no_color_option(function: F) -> F:
    """`--no-color`, which the general help describes."""
    return click.option(
        "--no-color",
        is_flag=True,
        expose_value=False,
        hidden=True,
        callback=_uncolored,
        help="The same as --color never.",
    )(function)


def reading_options(function: F) -> F:
    """`--full`, `--unknown`, `-q` and `--no-color`, which the general help describes: how much a text shows."""
    for flags, text in (
        (("-q", "--quiet"), "Only problems, decisions and counts."),
        (("--unknown",), "Also rules that could not be evaluated."),
        (("--full",), "Also all fields, and all names."),
    ):
        function = click.option(*flags, is_flag=True, expose_value=False, callback=_detailed, help=text)(
            function
        )
    return no_color_option(function)


def accept_option(function: F) -> F:
    """`--accept GUARD=KIND/ID`."""
    return click.option(
        "--accept",
        "accepted",
        metavar="GUARD=KIND/ID",
        multiple=True,
        callback=approvals,
        help="Approve one case that a guard refuses.",
    )(function)


OUTPUT_FILE = click.Path(path_type=Path, dir_okay=False)
