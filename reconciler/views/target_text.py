"""`explain target/ID` for people."""

from reconciler.matrix.assessment import Applied
from reconciler.matrix.row import Verdict
from reconciler.views.page import Page, Tone
from reconciler.views.target_facts import UNKNOWN, DefinitionFacts, Fact, TargetFacts, conclusion

_LABEL = 14
_SHOWN_REASONS = 3
_TONES = {
    Verdict.UNSUPPORTED: Tone.REMOVE,
    Verdict.DISCOURAGED: Tone.CHANGE,
    Verdict.UNVERIFIED: Tone.CHANGE,
    Verdict.UNKNOWN: Tone.ATTENTION,
}


def render(facts: TargetFacts, *, width: int, color: bool) -> str:
    """Text of at most `width` columns."""
    page = Page(width)
    page.say(f"Target {facts.name}, organization {facts.organization}", Tone.STRONG)
    _fact(page, "Declared mode", facts.declared)
    _fact(page, "Primary store", facts.primary)
    _fact(page, "Observed mode", facts.observed)
    for definition in facts.definitions:
        _definition(page, definition)
    if not facts.definitions:
        page.gap()
        page.say("No definition of type k8s-cluster is declared: the files deploy to no cluster.")
    return page.text(color=color)


def _fact(page: Page, label: str, fact: Fact) -> None:
    value = UNKNOWN if fact.value is None else fact.value
    tone = Tone.ATTENTION if fact.value is None else Tone.PLAIN
    page.say(f"{value}: {fact.why}", tone, indent=2, hang=_LABEL, lead=label.ljust(_LABEL))


def _definition(page: Page, facts: DefinitionFacts) -> None:
    definition = facts.definition
    page.gap()
    page.say(f"{definition.id}: {conclusion(facts.assessment)}", Tone.STRONG, hang=2)
    _fact(page, "Mode", facts.mode)
    if facts.is_runtime:
        page.say("Next to a Git target: status and logs, no deployments.", indent=2 + _LABEL)
    _fact(page, "Driver", facts.driver)
    _fact(page, "Cluster", facts.cluster)
    _fact(page, "Agent", facts.agent)
    _fact(page, "Operator", facts.operator)
    page.say("Matrix", Tone.FAINT, indent=2)
    for applied in facts.assessment.rows:
        _row(page, applied)
    if facts.rules:
        first, *others = facts.rules
        also = f"; also {', '.join(others)}" if others else ""
        page.say(f"reconciler explain {first}{also}", indent=2, hang=_LABEL, lead="Read".ljust(_LABEL))


def _row(page: Page, applied: Applied) -> None:
    verdict = applied.cell.verdict
    doubt = "" if applied.is_certain else "perhaps "
    column = f" [{applied.cell.name}]" if applied.cell.name and applied.row.table != "A" else ""
    page.say(
        f"{doubt}{verdict}: {applied.row.text}{column}",
        _TONES.get(verdict, Tone.PLAIN),
        indent=4,
        hang=5,
        lead=applied.row.id.ljust(5),
    )
    if verdict.badness or applied.row.table == "A":
        if applied.row.why:
            page.say(f"{applied.row.why}.", indent=9)
        shown = [*applied.because[:_SHOWN_REASONS]]
        if len(applied.because) > _SHOWN_REASONS:
            shown.append(f"{len(applied.because) - _SHOWN_REASONS} more")
        if shown:
            page.say("here: " + "; ".join(shown), Tone.FAINT, indent=9)
