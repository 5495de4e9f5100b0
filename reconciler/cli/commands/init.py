"""`reconciler init`: a commented settings file to start from."""

import re
from typing import TYPE_CHECKING

import click

from reconciler.cli.session import session
from reconciler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_ORGANIZATION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")
_PLAIN = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z].*")
"""What every version of YAML reads as a string without quotes."""


@click.command()
@click.option(
    "--organization",
    metavar="ID",
    default="my-org",
    show_default=True,
    help="Id of your organization.",
)
def command(organization: str) -> int:
    """Write a commented reconciler.yaml. Never overwrites a file.

    \b
    Examples:
      reconciler init --organization acme
      reconciler -C platform init
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.output import notice  # noqa: PLC0415  help must not wait for it
    from reconciler.settings import FILE_NAME  # noqa: PLC0415  as above
    from reconciler.source.settings_file import commented_example  # noqa: PLC0415  as above

    if not _ORGANIZATION.fullmatch(organization):
        raise click.UsageError(
            f"{organization!r} is not an organization id: "
            "use up to 50 lower-case letters, digits and inner hyphens"
        )
    current = session()
    path: Path = current.config or current.directory / FILE_NAME
    try:
        stream = path.open("x", encoding="utf-8")
    except FileExistsError as error:
        raise UsageError(
            f"{path} already exists and was not changed",
            advice="edit it, remove it first, or name another file: reconciler --config FILE init",
        ) from error
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    try:
        with stream:
            written = organization if _PLAIN.fullmatch(organization) else f'"{organization}"'
            stream.write(commented_example().replace("organization: my-org", f"organization: {written}"))
    except OSError as error:
        path.unlink(missing_ok=True)  # half a file would stop the next attempt, and every other command
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    notice(
        f"wrote {path}; next: set your orchestrators in it, then run `reconciler validate` and `reconciler plan`"
    )
    return ExitCode.DONE
