"""`reconciler schema`: JSON Schemas for editors and for the user's own checks."""

import json
import sys
from pathlib import Path

import click

from reconciler.cli.session import session
from reconciler.errors import ExitCode, UsageError
from reconciler.model.wording import plural

KINDS = (
    "any",
    "settings",
    "definition",
    "agent",
    "key",
    "runner",
    "operator",
    "secret_store",
    "approvals",
)
"""Names of the schemas without `.json`, written out because help must not wait for the models."""


@click.command()
@click.argument("kind", required=False, type=click.Choice(KINDS, case_sensitive=False))
@click.option(
    "--write",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write one file per kind to this folder.",
)
def command(kind: str | None, folder: Path | None) -> int:
    """Print the JSON Schema of a kind, or write all of them to a folder.

    \b
    Examples:
      reconciler schema definition
      reconciler schema --write schemas
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.output import notice, write  # noqa: PLC0415  help must not wait for it
    from reconciler.source.schema import schemas, write_schemas  # noqa: PLC0415  as above

    if (kind is None) is (folder is None):
        raise click.UsageError("name a kind to print, or use --write DIR to write all of them")
    if folder is None:
        write(sys.stdout, json.dumps(schemas()[f"{kind}.json"], indent=2, ensure_ascii=False) + "\n")
        return ExitCode.DONE
    place = session().directory / folder
    try:
        written = write_schemas(place)
    except OSError as error:
        raise UsageError(f"cannot write to {place}: {error.strerror}") from error
    notice(f"wrote {plural(len(written), 'schema file')} to {place}")
    return ExitCode.DONE
