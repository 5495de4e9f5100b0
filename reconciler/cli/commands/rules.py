"""`reconciler rules`: what is checked, with which severity, and where that is set."""

import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Format, output_option
from reconciler.cli.session import Session, session
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.rules.switch import Switches


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  click's signature
    from reconciler.rules.registry import RULES  # noqa: PLC0415  only completion needs it

    return [name for name in RULES if name.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("names", nargs=-1, metavar="[RULE]...", shell_complete=_complete)
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "off"]),
    help="Only rules with this effective severity.",
)
@click.option(
    "--side", type=click.Choice(["file", "live", "cluster"]), help="Only rules that read this side."
)
@click.option("--switched", is_flag=True, help="Only rules that a setting or an annotation switches.")
@output_option(Format.TEXT, Format.JSON)
def command(
    *, names: tuple[str, ...], severity: str | None, side: str | None, switched: bool, form: str
) -> int:
    """List all rules, their effective severity and where it is set.

    Needs neither a token nor a settings file. `reconciler explain R68` shows the
    page of one rule.

    \b
    Examples:
      reconciler rules --switched
      reconciler rules --side cluster -o json
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.output import width_of, write  # noqa: PLC0415  help must not wait for it
    from reconciler.views import rule_list  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    wanted = _known(names)
    rows = [
        row
        for row in rule_list.rows(_switches(current))
        if (not wanted or row.rule.id in wanted)
        and severity in (None, row.severity)
        and (side is None or side in row.rule.sides)
        and (row.switches or not switched)
    ]
    if form == Format.JSON:
        write(sys.stdout, rule_list.as_json(rows))
    else:
        write(
            sys.stdout,
            rule_list.as_text(rows, width=width_of(sys.stdout), color=current.is_colored(sys.stdout)),
        )
    return ExitCode.DONE


def _known(names: "Sequence[str]") -> frozenset[str]:
    """Rule ids in their canonical spelling. Raises click.UsageError for an unknown one."""
    from reconciler.rules.registry import RULES  # noqa: PLC0415  help must not wait for it

    by_folded = {name.lower(): name for name in RULES}
    for name in names:
        if name.lower() not in by_folded:
            near = get_close_matches(name.upper(), RULES, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no rule {name!r}.{hint} `reconciler rules` lists all.")
    return frozenset(by_folded[name.lower()] for name in names)


def _switches(current: Session) -> "Switches":
    """Switches in the settings, and in the files as far as they can be read."""
    from reconciler.cli.output import notice  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.passes import compose  # noqa: PLC0415  as above
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.errors import SourceError  # noqa: PLC0415  as above
    from reconciler.model.declaration import Declarations  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above
    from reconciler.rules.registry import RULES  # noqa: PLC0415  as above
    from reconciler.rules.switch import Switches  # noqa: PLC0415  as above

    with compose(request(current, Purpose.VALIDATE)) as composed:
        try:
            declared = composed.adapters.load(composed.adapters.read_tree())
        except SourceError as error:
            notice(f"annotations are left out because the files cannot be read: {error}")
            declared = Declarations()
        return Switches(composed.settings, RULES, [declared], datetime.now(UTC).date())
