"""`reconciler explain`: what a rule means and what to do about it."""

import sys
from difflib import get_close_matches

import click

from reconciler.cli.session import session
from reconciler.errors import ExitCode


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  click's signature
    from reconciler.cli.views.pages import topics  # noqa: PLC0415  only the shell asks for it

    return [name for name in topics() if name.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("rule", required=False, shell_complete=_complete)
def command(rule: str | None) -> int:
    """Explain a rule, a guard or a problem; without a name, list all.

    \b
    Examples:
      reconciler explain R68
      reconciler explain deletes
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.views.output import width_of, write  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.views.pages import topic_list, topic_page, topics  # noqa: PLC0415  as above

    width, color = width_of(sys.stdout), session().is_colored(sys.stdout)
    if rule is None:
        write(sys.stdout, topic_list(width=width, color=color))
        return ExitCode.DONE
    known = topics()
    by_folded = {name.lower(): topic for name, topic in known.items()}
    topic = by_folded.get(rule.lower())
    if topic is None:
        near = get_close_matches(rule.upper(), known, n=1, cutoff=0.5) or get_close_matches(rule, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise click.UsageError(f"There is no rule {rule!r}.{hint} `reconciler explain` lists all.")
    write(sys.stdout, topic_page(topic, width=width, color=color))
    return ExitCode.DONE
