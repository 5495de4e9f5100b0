"""The three views of a result: golden files, width, secrets, omissions, the limit of a comment."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.diff.change import FieldChange
from reconciler.passes.result import PassResult, Preview, Purpose
from reconciler.plan.action import Action, TargetPlan, Unexamined, Verb
from reconciler.rules.registry import RULES
from reconciler.views import json as json_view
from reconciler.views import markdown, outcome_text, text
from reconciler.views.detail import Detail
from reconciler.views.markdown_safe import size
from tests.cli import samples

GOLDEN = Path(__file__).parent / "golden"
WIDTH = 80
NAMES = sorted(samples.ALL)
PLANS = [name for name in NAMES if samples.ALL[name]().purpose is Purpose.PLAN]


def text_of(result: PassResult, *, width: int = WIDTH, color: bool = False) -> str:
    render = outcome_text.render if result.purpose is Purpose.APPLY else text.render
    return render(result, width=width, color=color)


def check(name: str, shown: str) -> None:
    """Compare with the golden file; UPDATE_GOLDEN=1 writes it instead, for a person to review."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_text_matches_its_golden_file(name: str) -> None:
    check(f"{name}.txt", text_of(samples.ALL[name]()))


@pytest.mark.parametrize("name", NAMES)
def test_json_matches_its_golden_file(name: str) -> None:
    shown = json.loads(json_view.render(samples.ALL[name]()))
    shown["tool"]["version"] = "VERSION"
    check(f"{name}.json", json.dumps(shown, indent=1) + "\n")


@pytest.mark.parametrize("name", [*PLANS, "invalid"])
def test_markdown_matches_its_golden_file(name: str) -> None:
    check(f"{name}.md", markdown.render(samples.ALL[name]()))


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_text_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert [line for line in text_of(samples.ALL[name](), width=width).split("\n") if len(line) > width] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_view_shows_a_secret(name: str) -> None:
    result = samples.ALL[name]()
    shown = text_of(result) + json_view.render(result) + markdown.render(result)
    assert samples.CANARY not in shown
    assert str(len(samples.CANARY)) + " characters" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_colour_adds_nothing_but_colour(name: str) -> None:
    colored = text_of(samples.ALL[name](), color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9]*m", "", colored) == text_of(samples.ALL[name]())


def test_riskier_changes_come_first() -> None:
    shown = text_of(samples.planned())
    order = [
        "- Definition/legacy-redis",
        "- replace ",
        "state is stored",
        "~ Definition/orders-db",
        "! drift ",
        "! contested ",
        "~ 14 Definitions",
        "+ Agent/eu-1",
        "~ adopt ",
    ]
    places = [shown.index(mark) for mark in order]
    assert places == sorted(places)


def test_an_empty_plan_says_what_was_compared_and_how_much() -> None:
    assert text_of(samples.empty()) == (
        "No changes. 540 objects match 0123456 (acme 540; live read complete).\n"
        f"Checks: {len(RULES)} rules.\n"
    )
    shown = text.render(samples.empty(), detail=Detail(full=True))
    assert "Compared in acme: Definition 540 desired, 545 live, 540 owned" in shown


def test_every_deleted_object_is_named_in_text_however_many_there_are() -> None:
    gone = [samples.pruned(samples.definition(f"gone-{index:03}")) for index in range(300)]
    actions = tuple(Action(Verb.DELETE, change.key, change) for change in gone)
    plan = TargetPlan(samples.TARGET, "acme", samples.diff_of(*gone), actions)
    shown = text_of(replace(samples.empty(), targets=(samples.target(plan),)))
    assert all(f"Definition/gone-{index:03}" in shown for index in range(300))


def test_a_refusal_prints_rule_numbers_effect_and_the_exact_option() -> None:
    shown = " ".join(text_of(samples.refused()).split())
    assert "refused by guard deletes" in shown
    assert "16 of 20 owned Definition objects would be deleted" in shown
    assert "Held with whatever depends on it; the rest is applied." in shown
    assert "--accept deletes=16:1c4e9e3ae71e" in shown


@pytest.mark.parametrize("name", [name for name in NAMES if samples.ALL[name]().purpose is Purpose.APPLY])
def test_the_last_line_of_an_apply_says_whether_to_run_again(name: str) -> None:
    assert text_of(samples.ALL[name]()).rstrip("\n").split("\n")[-1].startswith("Running again")


def test_an_interrupted_apply_counts_what_was_not_reached_and_names_it_on_demand() -> None:
    shown = " ".join(text_of(samples.interrupted()).split())
    assert "! skipped delete 1 Criterion, 2 Definitions: the run was stopped" in shown
    assert shown.endswith("Running again is safe and useful: it does only what is left.")
    shown = outcome_text.render(samples.interrupted(), detail=Detail(full=True))
    assert "! skipped delete Definition/legacy-redis" in shown
    assert shown.endswith("Running again is safe and useful: it does only what is left.\n")


def test_values_that_differ_far_inside_are_shown_around_the_difference() -> None:
    long = "x" * 5_000
    change = samples.updated(
        samples.definition("db"), FieldChange(("values", "a"), long + "old", long + "new")
    )
    plan = TargetPlan(
        samples.TARGET, "acme", samples.diff_of(change), (Action(Verb.UPDATE, change.key, change),)
    )
    shown = text_of(replace(samples.empty(), targets=(samples.target(plan),)))
    assert "old" in shown
    assert "new" in shown
    assert len(shown) < 3_000


def hostile() -> PassResult:
    """A change in which every string tries to break out of its place."""
    attack = (
        "</code></details>\n```\n````` @everyone [x](javascript:1) \x1b[31m \u202e <!-- --> #1 |\n### owned"
    )
    change = samples.updated(
        samples.definition(f"db-{attack}"), FieldChange(("values", attack), attack, attack + "2")
    )
    plan = TargetPlan(
        samples.TARGET,
        "acme",
        samples.diff_of(change),
        (Action(Verb.UPDATE, change.key, change, reason=attack),),
        unexamined=(Unexamined(attack, attack),),
    )
    return replace(
        samples.empty(), targets=(samples.target(plan),), preview=Preview(attack, (plan,), 3, (attack,))
    )


def test_values_cannot_break_out_of_markdown() -> None:
    fence = ""
    outside = []
    for line in markdown.render(hostile()).split("\n"):
        ticks = re.match(r"`{3,}", line)
        if ticks and not fence:
            fence = ticks[0]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert fence == ""
    plain = "\n".join(outside)
    for live in ("@everyone", "</code></details>", "[x](", "### owned", "javascript:1", "\x1b", "\u202e"):
        assert live not in plain


def test_values_cannot_send_escape_sequences_to_a_terminal() -> None:
    shown = text_of(hostile())
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("number", [1, 60, 500, 10_000])
def test_a_comment_always_fits_and_counts_what_it_leaves_out(number: int) -> None:
    result = replace(samples.empty(), targets=(samples.target(samples.many_changes(number)),))
    shown = markdown.render(result)
    assert size(shown) <= markdown.LIMIT
    full = shown.count("<code>&#126; update")
    short = len(re.findall(r"^! update ", shown, re.MULTILINE))
    hidden = re.search(r"\*\*([\d,]+) more changes not shown", shown)
    assert full + short + (int(hidden[1].replace(",", "")) if hidden else 0) == number


def test_a_comment_fits_when_findings_and_values_are_huge() -> None:
    wide = "\U0001f525" * 50_000
    changes = [
        samples.updated(
            samples.definition(f"db-{index}"),
            *(FieldChange(("values", f"v{n}"), wide, wide + "!") for n in range(60)),
        )
        for index in range(50)
    ]
    plan = TargetPlan(
        samples.TARGET,
        "acme",
        samples.diff_of(*changes),
        tuple(Action(Verb.UPDATE, change.key, change) for change in changes),
        unexamined=tuple(Unexamined(wide, wide) for _ in range(500)),
    )
    finding = replace(samples.invalid().findings[0], message=wide)
    findings = tuple(replace(finding, rule=f"R{index}") for index in range(2_000))
    result = replace(
        samples.empty(),
        targets=(samples.target(plan),),
        findings=findings,
        advice=wide,
        error=wide,
        changed=(wide,) * 300,
    )
    shown = markdown.render(result)
    assert size(shown) <= markdown.LIMIT
    assert "more findings not shown" in shown


def test_a_preview_shows_its_own_effect_and_counts_the_rest_in_one_line() -> None:
    shown = markdown.render(samples.previewed())
    assert "update Definition/orders-db" in shown
    assert "legacy-redis" not in shown
    assert "5 differences without this change" in shown


def test_json_leaves_out_absent_values_and_keeps_null() -> None:
    change = samples.updated(
        samples.definition("db"),
        FieldChange(("values", "a"), None, 1),
        samples.rich_plan().actions[1].subject.fields[1],
    )
    plan = TargetPlan(
        samples.TARGET, "acme", samples.diff_of(change), (Action(Verb.UPDATE, change.key, change),)
    )
    document = json.loads(json_view.render(replace(samples.empty(), targets=(samples.target(plan),))))
    first, second = document["targets"][0]["plan"]["changes"][0]["fields"]
    assert first["before"] is None
    assert "before" not in second
    assert second["after"] == 3
