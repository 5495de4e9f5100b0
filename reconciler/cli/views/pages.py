"""What `explain` prints: a page for a rule of any origin, a guard or a problem, and the list of all."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from reconciler.cli.views.page import Page, Tone
from reconciler.plan.guards import GUARDS
from reconciler.plan.problem import PROBLEMS
from reconciler.rules.pages import example
from reconciler.rules.registry import RULES
from reconciler.source.reading import READING_RULES


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that can be explained: its name, its line in the list, and labelled paragraphs.

    `has_examples` is true for rules that come with a wrong and a right example.
    """

    name: str
    title: str
    paragraphs: tuple[tuple[str, str], ...]
    has_examples: bool = False


def topics() -> dict[str, Topic]:
    """Everything a result may name, by name."""
    return {topic.name: topic for topic in _topics()}


def _topics() -> Iterator[Topic]:
    for rule in RULES.values():
        yield Topic(
            rule.id,
            rule.title,
            (
                ("Severity", str(rule.severity)),
                ("Looks at", ", ".join(rule.sides)),
                ("Condition", rule.condition),
                ("Why", rule.why),
                ("What to do", rule.advice),
                ("Source", f"{rule.source} ({rule.confidence})"),
                ("Switch off", _switch(rule.id)),
            ),
            has_examples=True,
        )
    for reading in READING_RULES.values():
        yield Topic(
            reading.id,
            reading.title,
            (
                ("Looks at", "the text of the files, before any rule"),
                ("Why", reading.explanation),
                ("Switch off", "Not possible: it is no rule of the catalogue. Correct what it names."),
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
                ("Effect", "Nothing of the target is written."),
                (
                    "Let through",
                    f"`--accept {guard}:COUNT` with exactly the number that the refusal names; another is refused.",
                ),
            ),
        )


def _switch(rule: str) -> str:
    return f'In reconciler.yaml: `rules: {{{rule}: {{severity: off, reason: "why"}}}}`; `warning` softens it.'


def topic_page(topic: Topic, *, width: int, color: bool) -> str:
    """One page."""
    page = Page(width)
    page.say(f"{topic.name}: {topic.title}", Tone.STRONG, hang=2)
    for label, paragraph in topic.paragraphs:
        if paragraph:
            page.gap()
            page.say(f"{label}:", Tone.FAINT)
            for line in paragraph.strip().split("\n"):
                page.say(line, indent=2)
    if topic.has_examples:
        _examples(page, topic.name)
    return page.text(color=color)


def _examples(page: Page, rule: str) -> None:
    for case, label in (("wrong", "Wrong"), ("right", "Right")):
        shown = example(rule, case, _packaged)
        for kind, content in (("objects", shown.objects), ("settings", shown.settings)):
            if content:
                page.gap()
                page.say(f"{label}, {kind}:", Tone.FAINT)
                for line in content.rstrip("\n").split("\n"):
                    page.say(line, indent=2, hang=4)


def _packaged(name: str) -> str:
    """Text of a file below the examples of the rules, "" where there is none."""
    path = files("reconciler.rules").joinpath("examples", *name.split("/"))
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def topic_list(*, width: int, color: bool) -> str:
    """Names and titles of everything, one below the other."""
    page = Page(width)
    known = topics()
    longest = max(map(len, known))
    for topic in known.values():
        page.say(f"{topic.name.ljust(longest)}\xa0 {topic.title}".replace("\xa0", " "), hang=longest + 2)
    return page.text(color=color)
