"""`reconciler plan`: what would change."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import (
    OUTPUT_FILE,
    Format,
    accept_option,
    file_option,
    output_option,
    reading_options,
    selection_options,
    source_options,
)
from reconciler.cli.session import session

if TYPE_CHECKING:
    from reconciler.cli.passes import Composition
    from reconciler.passes.result import PassResult
    from reconciler.plan.approval import Approval
    from reconciler.plan.saved import SavedPlan


@click.command()
@source_options
@click.option("--against", metavar="REV", help="Only the effect of changes since REV.")
@click.option(
    "--own-settings",
    is_flag=True,
    help="With --against: use this change's settings, which say where tokens go.",
)
@click.option(
    "--cluster-diff",
    type=click.Choice(("fields", "server")),
    default="fields",
    help="By fields of the files, or by a dry run, which needs rights to apply.",
)
@file_option
@selection_options
@reading_options
@accept_option
@output_option(*Format)
@click.option("--out", metavar="FILE", type=OUTPUT_FILE, help="Save the plan for `apply --plan`.")
@click.option(
    "--detailed-exit-code", "detailed", is_flag=True, help="Exit with 2 if there are changes or drift."
)
def command(
    *,
    rev: str | None,
    url: str | None,
    ref: str | None,
    against: str | None,
    own_settings: bool,
    cluster_diff: str,
    files: tuple[Path, ...],
    targets: tuple[str, ...],
    only: tuple[str, ...],
    accepted: "tuple[Approval, ...]",
    form: str,
    out: Path | None,
    detailed: bool,
) -> int:
    """Show what apply would change. Changes nothing; needs only a read-only token.

    \b
    Examples:
      reconciler plan --out plan.json
      reconciler plan --against origin/main -o markdown
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.output import show  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.passes import run_pass  # noqa: PLC0415  as above
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    asked = request(
        current,
        Purpose.PLAN,
        rev=rev, url=url, ref=ref, against=against, uses_own_settings=own_settings,
        targets=targets, only=only, files=files,
        saves_plan=out is not None, tries_on_clusters=cluster_diff == "server",
    )  # fmt: skip
    saved: SavedPlan | None = None

    def work(composed: "Composition") -> "PassResult":
        nonlocal saved
        from reconciler.passes.reconcile import plan  # noqa: PLC0415  as above

        result, bind = plan(
            composed.settings, composed.adapters, composed.selection, accepted=frozenset(accepted)
        )
        if out is not None and bind is not None:
            saved = bind()
        return result

    result = run_pass(asked, work)
    show(result, form, current, detailed=detailed)
    if out is not None:
        _save(out, _with_text(saved, result))
    return result.exit_code(detailed=detailed)


def _with_text(saved: "SavedPlan | None", result: "PassResult") -> "SavedPlan | None":
    """The plan with what was shown of it, for `show`."""
    from reconciler.views import saved_text, text  # noqa: PLC0415  help must not wait for it

    if saved is None:
        return None
    page = text.page_of(result, detail=session().detail)
    return replace(saved, shown=tuple(saved_text.as_json(page.paragraphs)))


def _save(out: Path, saved: "SavedPlan | None") -> None:
    from reconciler.cli.output import notice  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.plan_file import write_plan  # noqa: PLC0415  as above

    if saved is None:
        notice(f"no plan was saved to {out}; the result shows the cause")
    else:
        write_plan(out, saved)
        notice(f"plan saved; to apply exactly this plan: reconciler apply --plan {out}{_consent()}")


def _consent() -> str:
    """The option that `apply` needs where there is no terminal to ask on; "" otherwise."""
    return "" if sys.stdin.isatty() and sys.stderr.isatty() else " --yes"
