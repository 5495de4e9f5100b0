"""`reconciler explain`: what a rule means and how to fix what it reports, and how a target is deployed to."""

import sys
from difflib import get_close_matches

import click

from reconciler.cli.completion import complete_targets
from reconciler.cli.options import Format, output_option
from reconciler.cli.session import Session, session
from reconciler.errors import ExitCode

_TARGET = "target/"


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    if incomplete.startswith(_TARGET):
        found = complete_targets(ctx, param, incomplete.removeprefix(_TARGET))
        return [f"{_TARGET}{item.value}" for item in found]
    from reconciler.views.pages import topics  # noqa: PLC0415  only completion needs it

    return [name for name in (*topics(), _TARGET) if name.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("name", required=False, shell_complete=_complete)
@click.option("--live", is_flag=True, help="For a target: also read the orchestrator; changes nothing.")
@output_option(Format.TEXT, Format.JSON)
def command(*, name: str | None, live: bool, form: str) -> int:
    """Explain a rule, a guard, a problem or a target. Without a name, list all.

    For a target (target/NAME or target/NAME/DEFINITION), show the mode of each
    cluster definition, the facts it is based on and the verdict on the
    combination. Without --live, facts from the orchestrator are unknown.

    \b
    Examples:
      reconciler explain R68
      reconciler explain target/acme/shop-prod --live
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    current = session()
    if name is not None and name.startswith(_TARGET):
        current.configure_logging()
        return _explain_target(current, name.removeprefix(_TARGET), live=live, form=form)
    if live or form != Format.TEXT:
        raise click.UsageError("--live and -o are for targets, such as target/acme")
    return _explain_topic(current, name)


def _explain_topic(current: Session, name: str | None) -> int:
    from reconciler.cli.output import width_of, write  # noqa: PLC0415  help must not wait for it
    from reconciler.views.pages import topic_list, topic_page, topics  # noqa: PLC0415  as above

    width, color = width_of(sys.stdout), current.is_colored(sys.stdout)
    if name is None:
        write(sys.stdout, topic_list(width=width, color=color))
        return ExitCode.DONE
    known = topics()
    by_folded = {known_name.lower(): topic for known_name, topic in known.items()}
    topic = by_folded.get(name.lower())
    if topic is None:
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.5) or get_close_matches(
            name, [*known, _TARGET], n=1
        )
        hint = f" Did you mean {near[0]}?" if near else ""
        raise click.UsageError(f"There is no rule {name!r}.{hint} `reconciler explain` lists all.")
    write(sys.stdout, topic_page(topic, width=width, color=color))
    return ExitCode.DONE


def _explain_target(current: Session, text: str, *, live: bool, form: str) -> int:
    from reconciler.cli.named_targets import count_refused, find, refused_words, seen_live  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.output import notice, width_of, write  # noqa: PLC0415  as above
    from reconciler.cli.passes import composing  # noqa: PLC0415  as above
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.begin import begin  # noqa: PLC0415  as above
    from reconciler.passes.judge import scopes  # noqa: PLC0415  as above
    from reconciler.passes.read import read  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above
    from reconciler.views import target_json, target_text  # noqa: PLC0415  as above
    from reconciler.views.target_facts import facts_of  # noqa: PLC0415  as above

    purpose = Purpose.PLAN if live else Purpose.VALIDATE
    with composing(request(current, purpose)) as composed:
        asked = begin(composed.settings, composed.adapters, composed.selection, purpose)
        loaded = read(asked).declarations
        named = find(text, scopes(asked.settings, asked.targets, loaded, asked.started_at))
        if live:
            named = seen_live(composed, named)
    refused = count_refused(loaded)
    if refused:
        notice(refused_words(refused))
    facts = facts_of(named.scope, named.definitions)
    if form == Format.JSON:
        write(sys.stdout, target_json.render(facts))
    else:
        width, color = width_of(sys.stdout), current.is_colored(sys.stdout)
        write(sys.stdout, target_text.render(facts, width=width, color=color))
    return ExitCode.DONE
