"""What people read of a plan: folding, full values, options, saved plans, the comment of a pull request."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlparse

import pytest

from reconciler.cli.edges.pull_request import pull_request
from reconciler.diff.change import CriteriaChange, FieldChange
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.origin import Origin
from reconciler.model.unseen import Reach, Side, Unseen, never_read, unspecified
from reconciler.passes.result import PassResult, Purpose, SourceInfo
from reconciler.plan.action import Action, Held, TargetPlan, Verb
from reconciler.plan.saved import SavedPlan
from reconciler.views import markdown, outcome_text, saved_text, text, unseen
from reconciler.views.detail import Detail
from reconciler.views.page import UNBOUNDED
from reconciler.views.pull_request import PullRequest
from tests.cli import samples


def planned(*actions: Action, **changed: object) -> PassResult:
    diff = samples.diff_of(*(action.subject for action in actions))
    plan = replace(TargetPlan(samples.TARGET, "acme", diff, actions), **changed)  # type: ignore[arg-type]
    return replace(samples.empty(), targets=(samples.target(plan),))


def updates(number: int) -> list[Action]:
    """The same change of many definitions."""
    found = [
        samples.updated(
            samples.definition(f"bucket-{index:04}"),
            FieldChange(("values", "region"), "eu-central-1", "eu-north-1"),
        )
        for index in range(number)
    ]
    return [Action(Verb.UPDATE, change.key, change) for change in found]


def test_nine_hundred_equal_changes_are_one_entry_with_the_names_on_demand() -> None:
    result = planned(*updates(900))
    shown = text.render(result)
    title = "~ 900 Definitions bucket-0000 … bucket-0899"
    assert f"{title}{' ' * (80 - len(title) - 19)}(--full lists them)" in shown
    assert shown.count("eu-central-1") == 1
    assert "bucket-0450" not in shown
    assert "bucket-0450" in text.render(result, detail=Detail(full=True))
    comment = markdown.render(result)
    assert comment.count("eu-central-1") == 1
    assert "900 names" in comment


def test_changes_that_differ_in_a_value_are_not_folded() -> None:
    shown = text.render(planned(*samples.many_changes(5).actions))
    assert all(f"large-{index}" in shown for index in range(5))


@pytest.mark.parametrize("width", [40, 80, UNBOUNDED])
def test_what_changed_is_never_cut(width: int) -> None:
    """Neither in a long line, nor in many lines of a text, nor where there is no width."""
    words = [f"word{index}" for index in range(400)]
    before = " ".join(words)
    after = before.replace("word200", "changed-word-that-is-long-" + "x" * 300)
    many = "\n".join(f"line {index}: old" for index in range(40))
    change = samples.updated(
        samples.definition("db"),
        FieldChange(("values", "line"), before, after),
        FieldChange(("values", "text"), many, many.replace("old", "new")),
    )
    shown = text.render(planned(Action(Verb.UPDATE, change.key, change)), width=width)
    joined = "".join(line.strip() for line in shown.split("\n"))
    assert "changed-word-that-is-long-" + "x" * 300 in joined
    assert "word200" in shown
    assert "word10 " not in shown
    assert all(f"line {index}: new" in shown for index in range(40))


def test_pipes_are_not_wrapped() -> None:
    shown = text.render(samples.planned(), width=UNBOUNDED)
    assert "! refused" not in shown
    assert max(map(len, shown.split("\n"))) > 120
    assert "over with --accept contested=Definition/shared-dns\n" in shown


def test_a_delete_names_what_uses_it_before_anything_else() -> None:
    gone = samples.pruned(samples.definition("db-7"))
    action = Action(Verb.DELETE, gone.key, gone)
    users = {gone.key: ("shop-7/development/db",)}
    result = planned(
        *updates(1), action, users=users, held={action.id: Held("refused by guard in-use", "in-use")}
    )
    for shown in (text.render(result), markdown.render(result)):
        assert "! in use by shop-7/development/db" in shown
        assert "held: refused by guard in-use" in shown
        assert shown.index("in use by") < shown.index("eu-north-1")
    assert "1 is refused (in-use)." in text.render(result)


def test_criteria_that_move_and_drift_come_before_other_updates() -> None:
    moved = samples.updated(
        samples.definition("zz"),
        criteria=CriteriaChange(removed={"env_type=staging": {"env_type": "staging"}}),
    )
    hand = replace(
        samples.updated(samples.definition("yy"), FieldChange(("name",), "hand", "Database 1")), is_drift=True
    )
    result = planned(*updates(1), Action(Verb.UPDATE, moved.key, moved), Action(Verb.UPDATE, hand.key, hand))
    shown = text.render(result)
    assert shown.index("Definition/zz") < shown.index("Definition/yy") < shown.index("Definition/bucket-0000")
    assert "changed by hand since the last apply" in shown
    assert 'name  "hand" → "Database 1"' in shown
    assert "1 is drift." in shown


def test_a_create_shows_what_it_matches_and_all_fields_on_demand() -> None:
    shown = text.render(samples.planned())
    assert "criteria  (matches everything)" in shown
    assert "type      postgres, driver humanitec/template, 5 fields, 3 secrets" in shown
    assert "db.internal" not in shown
    full = text.render(samples.planned(), detail=Detail(full=True))
    assert "values.host  " in full
    assert '"db.internal"' in full
    assert samples.CANARY not in full


def test_counts_are_last() -> None:
    lines = text.render(samples.previewed()).rstrip("\n").split("\n")
    assert lines[0].startswith("acme · api.humanitec.io")
    assert lines[-2].startswith("Plan: 0 to delete, 1 to update, 0 to create")
    assert lines[-1].endswith("Next: reconciler apply")


def test_quiet_shows_decisions_and_counts_alone() -> None:
    shown = text.render(samples.planned(), detail=Detail(quiet=True))
    assert "Definition/orders-db" not in shown
    for kept in ("! contested Definition/shared-dns", "! keep Definition/archive", "warning R56", "Plan: "):
        assert kept in shown


def unknowns() -> tuple[Unknown, ...]:
    return (
        Unknown("R08", "not read", Unseen(Side.LIVE, "acme", "definitions", "status 503")),
        Unknown("R11", "cluster", Unseen(Side.CLUSTER, "eu-1", "")),
        Unknown("R60", "never", never_read("the latest deployments were not read")),
        Unknown("R61", "a bug", Unseen(Side.FILE, "", "a bug", reach=Reach.DEFECT)),
        Unknown("R43", "not set", unspecified("the platform is not set")),
    )


def test_unknown_has_three_classes() -> None:
    result = replace(samples.empty(), unknown=unknowns())
    found = unseen.sorted_out(result)
    assert [[one.rule for one in checks] for checks in (found.failed, found.open, found.never)] == [
        ["R08", "R61"],
        ["R11", "R43"],
        ["R60"],
    ]
    shown = text.render(result)
    assert "! Unknown, because looking failed: 2 rules" in shown
    assert "4 could not be evaluated (--unknown)" in shown
    assert "eu-1" not in shown
    assert "deployments" not in shown
    everything = text.render(result, detail=Detail(unknown=True))
    assert "cluster `eu-1` was not read: R11" in everything
    assert "Never read by any run" in everything


def test_a_validation_does_not_complain_about_live_state() -> None:
    result = replace(samples.invalid(), purpose=Purpose.VALIDATE, unknown=unknowns()[:2])
    shown = text.render(result)
    assert "2 of them need live state (reconciler plan)" in shown
    assert "could not be evaluated" not in shown


def test_a_preview_shows_only_what_the_change_adds_unless_looking_failed() -> None:
    known = unknowns()
    result = replace(samples.previewed(), unknown=known, existing_unknown=frozenset(known))
    found = unseen.sorted_out(result)
    assert [one.rule for one in found.failed] == ["R08", "R61"]
    assert found.open == found.never == ()
    shown = text.render(result)
    assert "Also without this change: 1 warning" in shown
    assert "the file is empty" not in shown
    assert "the file is empty" in text.render(result, detail=Detail(full=True))


def test_errors_of_the_base_are_shown_because_they_stop_the_target() -> None:
    old = Finding("R01", Severity.ERROR, "an old error", Origin("a.yaml", 1, 1))
    result = replace(samples.previewed(), findings=(old,), existing=frozenset((old,)))
    assert "an old error" in text.render(result)
    assert "an old error" in markdown.render(result)


def test_skipped_actions_are_counted_and_failed_ones_named() -> None:
    shown = outcome_text.render(samples.interrupted())
    assert shown.count("skipped") == 6
    assert "update 1 Runner, 14 Definitions" in shown
    assert "! failed create Agent/eu-1" in outcome_text.render(samples.partial())


def saved(result: PassResult) -> SavedPlan:
    shown = tuple(saved_text.as_json(text.page_of(result).paragraphs))
    return SavedPlan("2026-03-01T12:00:00+00:00", {}, (), (), shown)


def test_a_saved_plan_is_printed_as_it_was_shown_in_any_width() -> None:
    kept = SavedPlan.from_json(json.loads(json.dumps(saved(samples.planned()).to_json())))
    shown = saved_text.render(kept, width=80, color=False)
    assert shown.startswith(text.render(samples.planned()))
    narrow = saved_text.render(kept, width=40, color=False)
    assert max(map(len, narrow.split("\n"))) <= 40
    assert "".join(narrow.split()) == "".join(shown.split())
    assert "it was not applied" in " ".join(shown.split())
    assert samples.CANARY not in json.dumps(kept.to_json())


def test_a_saved_plan_has_the_result_of_its_apply() -> None:
    page = outcome_text.page_of(samples.partial())
    done = replace(
        saved(samples.planned()), applied=tuple(saved_text.as_json(page.paragraphs)), applied_at="2026-03-02"
    )
    shown = saved_text.render(SavedPlan.from_json(done.to_json()), width=80, color=False)
    assert outcome_text.render(samples.partial()) in shown
    assert "Applied at 2026-03-02" in shown


def test_an_edited_saved_plan_cannot_send_escape_sequences() -> None:
    edited = replace(
        saved(samples.planned()), shown=({"text": "a\x1b[31mb", "indent": -4, "hang": 10**9, "tone": "x"}, 3)
    )
    assert "\x1b" not in saved_text.render(edited, width=80, color=False)


def test_a_saved_plan_without_text_shows_its_actions() -> None:
    old = SavedPlan("2026", {}, (), ("acme: create Definition/a",))
    assert "acme: create Definition/a" in saved_text.render(old, width=80, color=False)


HEAD = "a" * 40


def test_places_of_a_comment_are_links_to_the_head_of_the_pull_request() -> None:
    where = PullRequest("platform/acme", HEAD, f"https://git.example/team/repo/blob/{HEAD}")
    shown = markdown.render(samples.previewed(), where)
    assert shown.startswith("<!-- reconciler:plan platform/acme -->\n")
    address = f"git.example/team/repo/blob/{HEAD}/platform/acme/orgs/acme/orders-db.yaml&#35;L3"
    assert address in shown
    assert f"head of the pull request: {HEAD[:7]}" in shown


def test_two_roots_have_two_markers() -> None:
    assert len({PullRequest(root).marker for root in ("", "a", "b", "a -->")}) == 4
    assert "-->" not in PullRequest("a -->").marker[:-4]


def test_a_comment_never_tells_a_reviewer_to_apply() -> None:
    for make in (samples.planned, samples.previewed, samples.refused, samples.empty):
        assert "`reconciler apply`" not in markdown.render(make())


def test_a_comment_says_how_to_approve() -> None:
    shown = markdown.render(samples.refused())
    assert 'what: "deletes=16:1c4e9e3ae71e"' in shown
    assert "approvals.yaml" in shown
    assert shown.index("approvals.yaml") < shown.index("delete 16 Definitions")


@pytest.mark.parametrize(("number", "is_open"), [(19, True), (20, False)])
def test_fewer_than_twenty_changes_are_open(number: int, *, is_open: bool) -> None:
    result = planned(*samples.many_changes(number).actions)
    assert ("<details><summary><code>&#126; update" not in markdown.render(result)) is is_open


def test_the_head_commit_is_that_of_the_event_and_not_the_merge_commit(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"sha": HEAD}}}))
    (tmp_path / ".git").mkdir()
    (tmp_path / "platform").mkdir()
    github = {
        "GITHUB_REPOSITORY": "team/repo",
        "GITHUB_SERVER_URL": "https://git.example",
        "GITHUB_SHA": "b" * 40,
        "GITHUB_EVENT_PATH": str(event),
    }
    found = pull_request(github, tmp_path / "platform")
    assert found == PullRequest("platform", HEAD, f"https://git.example/team/repo/blob/{HEAD}")
    assert pull_request({**github, "GITEA_ACTIONS": "true"}, tmp_path).files.endswith(f"/src/commit/{HEAD}")
    gitlab = {"CI_PROJECT_URL": "https://lab.example/team/repo", "CI_COMMIT_SHA": HEAD}
    assert urlparse(pull_request(gitlab, tmp_path).files).path == f"/team/repo/-/blob/{HEAD}"
    assert pull_request({**gitlab, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "c" * 40}, tmp_path).head == "c" * 40
    assert pull_request({}, tmp_path) == PullRequest()
    event.write_text("{}")
    assert pull_request(github, tmp_path).head == github["GITHUB_SHA"]


def test_the_commit_says_how_many_files_differ() -> None:
    source = SourceInfo(".", "8eeba14" + "0" * 33, is_dirty=True, uncommitted=1)
    result = replace(samples.planned(), source=source)
    assert "8eeba14 + 1 uncommitted file" in text.render(result).split("\n")[0]
