"""Pages of the rules in Markdown, with their examples.

Pure: prose and examples are files of this package (`pages/R68/page.md`, `pages/R68/wrong.yaml` …), and the caller
passes in a function that reads them. They are read only when a page is shown. `docs/rules/` has the same pages.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.model.finding import Severity
from reconciler.rules.registry import RULES
from reconciler.rules.rule import AnyRule

Reader = Callable[[str], str]
"""Text of a file below `reconciler/rules/pages`, such as `R68/wrong.yaml`; "" where there is none."""
INDEX = "README.md"
LABELS = ("with these settings", "while this is live", "while this is on the clusters")
"""Captions of the parts of an example other than its objects, in order."""

_SECTIONS = ("What", "Why", "What to do", "Source")
_SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_SEVERITY = {
    Severity.ERROR: "error: refuses the plan",
    Severity.WARNING: "warning: printed with the plan",
}


@dataclass(frozen=True, slots=True)
class Prose:
    """What a rule refuses, why, the usual next step, and the source of the fact: each in Markdown."""

    what: str
    why: str
    what_to_do: str
    source: str


def prose(rule_id: str, read: Reader) -> Prose:
    """Prose of a rule. Raises `ValueError` where a section of its page is missing, which is a bug in this package."""
    text = read(f"{rule_id}/page.md")
    found = {title: body.strip() for title, body in _SECTION.findall(text)}
    if tuple(found) != _SECTIONS or not all(found.values()):
        raise ValueError(f"the page of {rule_id} must have the sections {', '.join(_SECTIONS)}")
    return Prose(*(found[title] for title in _SECTIONS))


@dataclass(frozen=True, slots=True)
class Example:
    """One example: the objects, and the settings, live state and clusters where the rule depends on them, else "".

    `live` has the API's responses by collection, `clusters` the objects by cluster name.
    """

    objects: str
    settings: str = ""
    live: str = ""
    clusters: str = ""


def example(rule_id: str, case: str, read: Reader) -> Example:
    """The `wrong` or the `right` example of a rule."""
    parts = ("", ".settings", ".live", ".clusters")
    return Example(*(read(f"{rule_id}/{case}{part}.yaml") for part in parts))


def page(rule_id: str, read: Reader) -> str:
    """Page of a rule. Raises `KeyError` for an unknown id."""
    rule = RULES[rule_id]
    wrong, right = (example(rule_id, case, read) for case in ("wrong", "right"))
    return _page(rule, prose(rule_id, read), wrong=wrong, right=right)


def pages(read: Reader) -> dict[str, str]:
    """Every page and their index, by file name."""
    return {INDEX: _list(RULES.values()), **{f"{rule_id}.md": page(rule_id, read) for rule_id in RULES}}


def _page(rule: AnyRule, said: Prose, *, wrong: Example, right: Example) -> str:
    other = Severity.WARNING if rule.severity is Severity.ERROR else Severity.ERROR
    return f"""\
# {rule.id}: {rule.title}

| Severity | Looks at | Confidence |
|---|---|---|
| {_SEVERITY[rule.severity]} | {", ".join(rule.sides)} | {rule.confidence} |

## What

{said.what}

## Why

{said.why}

## What to do

{said.what_to_do}

## Wrong

{_shown(wrong)}
## Right

{_shown(right)}
## Changing its severity

In `reconciler.yaml`, set `off` or `{other}`, always with a reason, which is printed in place of the
finding; `until` is the last day on which the setting applies:

```yaml
rules:
  {rule.id}: {{severity: "off", reason: "why it does not apply here", until: 2027-01-31}}
```

For one object, set an annotation on it:

```yaml
metadata:
  annotations: {{reconciler/{rule.id}: "off until 2027-01-31: why it does not apply here"}}
```

Where a side could not be read, the result is *unknown*, which is printed and counted, and never
treated as passed.

## Source

{said.source}.
"""


def _shown(example: Example) -> str:
    blocks = [f"```yaml\n{example.objects.rstrip()}\n```\n"]
    for what, text in zip(LABELS, (example.settings, example.live, example.clusters), strict=True):
        if text:
            blocks.append(f"{what}:\n\n```yaml\n{text.rstrip()}\n```\n")
    return "\n".join(blocks)


def _list(rules: Iterable[AnyRule]) -> str:
    rows = "\n".join(
        f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.severity} | {', '.join(rule.sides)} |"
        for rule in rules
    )
    return f"""\
# Rules

The checks that run before anything is planned. `reconciler explain R68` explains one rule. An *error*
refuses the plan, a *warning* is printed with it. A rule reads the files, the live state of the
orchestrator, or clusters; where a side could not be read, the result is *unknown*, never passed.

| Rule | Requirement | Severity | Looks at |
|---|---|---|---|
{rows}
"""
