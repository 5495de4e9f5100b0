"""Pages of `explain`: one for each rule, guard and problem, and the list of all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from reconciler.model.finding import Severity
from reconciler.model.reading_rule import READING_RULES
from reconciler.plan.guards import GUARDS
from reconciler.plan.problem import PROBLEMS
from reconciler.plan.refusal import COUNTED
from reconciler.rules.page import LABELS, example, prose
from reconciler.rules.page import page as rule_page
from reconciler.rules.registry import RULES
from reconciler.rules.rule import AnyRule
from reconciler.views.page import Page, Tone

_KEEPS_LINES = ("- ", "* ", "|", "```", "1. ")


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that can be explained: its name and its line in the list.

    `severity` is the usual one, None for what is not a finding. `own` are labelled paragraphs; those of a
    rule of the catalogue are in a file, which is read on demand.
    """

    name: str
    title: str
    own: tuple[tuple[str, str], ...] = ()
    severity: Severity | None = None

    @property
    def has_examples(self) -> bool:
        """True for rules of the catalogue, which have a wrong and a right example."""
        return self.name in RULES

    @property
    def paragraphs(self) -> tuple[tuple[str, str], ...]:
        """Labelled paragraphs, none of them empty."""
        return _of_rule(RULES[self.name]) if self.has_examples else self.own


def topics() -> dict[str, Topic]:
    """Every topic that a result may name, by name."""
    return {topic.name: topic for topic in _topics()}


def _topics() -> Iterator[Topic]:
    for rule in RULES.values():
        yield Topic(rule.id, rule.title, severity=rule.severity)
    for reading in READING_RULES.values():
        yield Topic(
            reading.id,
            reading.title,
            (
                ("Looks at", "the text of the files, before any rule"),
                ("Why", reading.explanation),
                ("Switch off", "Not possible: it is not a rule of the catalogue. Correct what it names."),
            ),
        )
    for name, meaning in PROBLEMS.items():
        yield Topic(
            name,
            meaning,
            (
                ("Severity", "error"),
                ("Looks at", "live, after comparing"),
                ("Switch off", "Not possible: the orchestrator would refuse it."),
            ),
        )
    for guard, refuses in GUARDS.items():
        yield Topic(
            guard,
            f"Guard: refuses when {refuses}.",
            (
                (
                    "Effect",
                    "What it names is held, with whatever depends on it; the rest of the plan is applied.",
                ),
                (
                    "Allow",
                    _approval_of(guard),
                ),
            ),
        )


def _approval_of(guard: str) -> str:
    if guard in COUNTED:
        return (
            f"`--accept {guard}=COUNT:DIGEST` as the refusal prints it; another number or object is refused. "
            + _IN_FILE
        )
    return (
        f"`--accept {guard}=KIND/ID` for each object the refusal names; a glob such as `Definition/db-*` works too. "
        + _IN_FILE
    )


_IN_FILE = "The same value may be an entry of `approvals.yaml`, with who, until when and why."


def _of_rule(rule: AnyRule) -> tuple[tuple[str, str], ...]:
    page = prose(rule.id, _packaged)
    return (
        ("Severity", str(rule.severity)),
        ("Looks at", ", ".join(rule.sides)),
        ("What", page.what),
        ("Why", page.why),
        ("What to do", page.what_to_do),
        ("Source", f"{page.source} ({rule.confidence})"),
        ("Switch off", _switch(rule.id)),
    )


def _switch(rule: str) -> str:
    return (
        f'In reconciler.yaml: `rules: {{{rule}: {{severity: "off", reason: "why"}}}}`; `warning` softens it, '
        f"`until: 2027-01-31` ends it.\n\n"
        f'For one object: `metadata: {{annotations: {{reconciler/{rule}: "off: why"}}}}`.'
    )


def topic_page(topic: Topic, *, width: int, color: bool) -> str:
    """Page of one topic."""
    page = Page(width)
    page.say(f"{topic.name}: {topic.title}", Tone.STRONG, hang=2)
    for label, text in topic.paragraphs:
        page.gap()
        page.say(f"{label}:", Tone.FAINT)
        _prose(page, text)
    if topic.has_examples:
        _examples(page, topic.name)
    return page.text(color=color)


def _prose(page: Page, text: str) -> None:
    """Add paragraphs of Markdown, filled; items of lists and rows of tables keep their lines."""
    for number, block in enumerate(text.strip().split("\n\n")):
        if number:
            page.gap()
        lines = block.split("\n")
        if any(line.lstrip().startswith(_KEEPS_LINES) for line in lines):
            for line in lines:
                page.say(line.strip(), indent=2, hang=2)
        else:
            page.say(" ".join(line.strip() for line in lines), indent=2)


def _examples(page: Page, rule: str) -> None:
    for case, label in (("wrong", "Wrong"), ("right", "Right")):
        shown = example(rule, case, _packaged)
        contents = (shown.objects, shown.settings, shown.live, shown.clusters)
        for content, what in zip(contents, ("", *LABELS), strict=True):
            if content:
                page.gap()
                page.say(f"{label}, {what}:" if what else f"{label}:", Tone.FAINT)
                for line in content.rstrip("\n").split("\n"):
                    text = line.lstrip(" ")
                    page.say(text, indent=2 + len(line) - len(text), hang=4)


def _packaged(name: str) -> str:
    """Content of a file below the pages of the rules, "" if there is none."""
    path = files("reconciler.rules").joinpath("pages", *name.split("/"))
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def packaged_page(rule: str) -> str:
    """The page of a rule in Markdown, "" for what is not a rule of the catalogue."""
    return rule_page(rule, _packaged) if rule in RULES else ""


def topic_list(*, width: int, color: bool) -> str:
    """Names and titles of all topics, one per line."""
    page = Page(width)
    known = topics()
    longest = max(map(len, known))
    for topic in known.values():
        page.say(f"{topic.name.ljust(longest)}\xa0 {topic.title}".replace("\xa0", " "), hang=longest + 2)
    return page.text(color=color)
