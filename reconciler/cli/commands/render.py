"""`reconciler render`: the objects, files and commands of declared installations."""

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Format, output_option, source_options
from reconciler.cli.session import session
from reconciler.errors import ExitCode, UsageError
from reconciler.model.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.cli.passes import Composition
    from reconciler.footprint.value import Footprint
    from reconciler.model.declaration import Declarations
    from reconciler.passes.begin import Pass

_TRUST = "trust"


@click.command()
@click.argument("names", nargs=-1, metavar="[trust] [KIND/ID]...")
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write files: a folder for each cluster or host.",
)
@click.option("--terraform", is_flag=True, help="With trust: Terraform instead of commands.")
@source_options
@output_option(Format.TEXT, Format.JSON)
def command(
    *,
    names: tuple[str, ...],
    folder: Path | None,
    terraform: bool,
    rev: str | None,
    url: str | None,
    ref: str | None,
    form: str,
) -> int:
    """Print what declared installations consist of; needs no token.

    All of them, or those named. Without --out, objects are one YAML stream for
    kubectl, and everything else is in comments. `trust` prints how the cloud
    is told to trust the jobs of runners.

    \b
    Examples:
      reconciler render Agent/eu-1 | kubectl diff -f -
      reconciler render trust Runner/jobs --terraform
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.passes import composing  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    is_trust = names[:1] == (_TRUST,)
    chosen = names[1:] if is_trust else names
    if terraform and not is_trust:
        raise click.UsageError("--terraform is for `render trust`")
    if folder is not None and (is_trust or form != Format.TEXT):
        raise click.UsageError("--out is for the objects, without -o")
    asked = request(current, Purpose.VALIDATE, rev=rev, url=url, ref=ref)
    with composing(asked) as composed:
        loaded = _declarations(composed)
        if loaded is None:
            return ExitCode.INVALID
        if is_trust:
            return _trust(loaded[0], chosen, is_terraform=terraform)
        return _objects(*loaded, chosen, folder=folder, form=form)


def _declarations(composed: "Composition") -> "tuple[Declarations, Pass] | None":
    """What the files declare; None, with the errors shown, if they have any: a part must not look like the whole."""
    from reconciler.cli.output import text_of  # noqa: PLC0415  as above
    from reconciler.passes.begin import begin  # noqa: PLC0415  as above
    from reconciler.passes.judge import judge_files  # noqa: PLC0415  as above
    from reconciler.passes.read import read  # noqa: PLC0415  as above
    from reconciler.passes.report import report  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    asked = begin(composed.settings, composed.adapters, composed.selection, Purpose.VALIDATE)
    reading = read(asked)
    judged = judge_files(asked, reading)
    if judged.is_invalid:
        result = report(asked, reading, judged)
        click.echo(text_of(result, session(), sys.stderr), err=True, nl=False)
        return None
    return reading.declarations, asked


def _objects(
    declarations: "Declarations", asked: "Pass", names: "Sequence[str]", *, folder: Path | None, form: str
) -> int:
    from reconciler.cli.output import notice, write  # noqa: PLC0415  as above
    from reconciler.footprint.installation import installations  # noqa: PLC0415  as above
    from reconciler.source.selection import select  # noqa: PLC0415  as above
    from reconciler.views import rendering  # noqa: PLC0415  as above

    targets = {str(name): select(declarations, target) for name, target in asked.targets.items()}
    found = _named(installations(targets, asked.settings), names)
    refused = [one for one in found if one.refusal]
    if not found:
        notice("no file declares an installation")
    if form == Format.JSON:
        write(sys.stdout, rendering.as_json(found))
    elif folder is None:
        write(sys.stdout, rendering.stream(found))
    else:
        place = session().directory / folder
        texts = rendering.files(found)
        _write_files(place, texts)
        if texts:
            notice(f"wrote {plural(len(texts), 'file')} to {place}")
        write(sys.stdout, rendering.steps(found))
    for one in refused:
        notice(f"{one.origin}: {one.installation} cannot be installed: {one.refusal}")
    return ExitCode.INVALID if refused else ExitCode.DONE


def _write_files(place: Path, texts: "Mapping[str, str]") -> None:
    for name, text in texts.items():
        path = place / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() or not path.parent.resolve().is_relative_to(place.resolve()):
                raise UsageError(f"cannot write {path}: a symbolic link leads elsewhere")
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _named(found: "Sequence[Footprint]", names: "Sequence[str]") -> "list[Footprint]":
    """The installations with these names. Raises UsageError for a name that none has."""
    known = {one.installation for one in found}
    for name in names:
        if name not in known:
            raise UsageError(f"nothing installs {name!r}", advice=_nearest(name, known))
    return [one for one in found if not names or one.installation in names]


def _nearest(name: str, known: "set[str]") -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    return f"declared are {', '.join(sorted(known))}" if known else "no file declares an installation"


def _trust(declarations: "Declarations", names: "Sequence[str]", *, is_terraform: bool) -> int:
    from reconciler.cli.output import notice, write  # noqa: PLC0415  as above
    from reconciler.facts.installed import InstalledRunner  # noqa: PLC0415  as above
    from reconciler.footprint.trust import trust_of  # noqa: PLC0415  as above
    from reconciler.views import rendering  # noqa: PLC0415  as above

    runners = {
        f"Runner/{one.document.metadata.id}": InstalledRunner(one, one.document.spec.install)
        for one in declarations.runners
        if one.document.spec.install is not None
    }
    for name in names:
        if name not in runners:
            raise UsageError(f"nothing installs {name!r}", advice=_nearest(name, set(runners)))
    shown = 0
    for name, installed in runners.items():
        if names and name not in names:
            continue
        trust = trust_of(installed)
        if trust is not None:
            write(sys.stdout, rendering.trust_text(name, trust, is_terraform=is_terraform))
            shown += 1
        elif names:
            notice(f"{name} has no cloud identity: set `install.identity`")
    if not shown and not names:
        notice("no installed runner has a cloud identity: set `install.identity`")
    return ExitCode.DONE
