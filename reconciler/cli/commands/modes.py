"""`reconciler modes`: modes before and after, and what the switch to another primary store needs and stops."""

import sys
from dataclasses import replace

import click

from reconciler.cli.options import Format, output_option, source_options, target_option
from reconciler.cli.session import session


@click.command()
@source_options
@target_option
@output_option(Format.TEXT, Format.JSON)
def command(*, rev: str | None, url: str | None, ref: str | None, targets: tuple[str, ...], form: str) -> int:
    """Show how deployments reach clusters, now and after the files are applied.

    For each organization: the primary secret store and the mode of each cluster
    definition, before and after; what the switch waits for; and what stops
    working. Changes nothing.

    Exits with 6 if something could not be read or is not known.

    \b
    Examples:
      reconciler modes
      reconciler modes --target acme -o json
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.named_targets import refused_words  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.output import notice, width_of, write  # noqa: PLC0415  as above
    from reconciler.cli.passes import composing  # noqa: PLC0415  as above
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.modes import mode_report  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above
    from reconciler.views import modes_json, modes_text  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    asked = request(current, Purpose.PLAN, rev=rev, url=url, ref=ref, targets=targets)
    with composing(replace(asked, examines=True)) as composed:
        found = mode_report(composed.settings, composed.adapters, composed.selection)
    if found.refused:
        notice(refused_words(found.refused))
    if form == Format.JSON:
        write(sys.stdout, modes_json.render(found))
    else:
        width, color = width_of(sys.stdout), current.is_colored(sys.stdout)
        write(sys.stdout, modes_text.render(found, width=width, color=color))
    return found.exit_code
