"""Approvals in the repository: what they allow, for whom, until when, and how they are reported."""

import json
from pathlib import Path

import httpx
import pytest

from reconciler.errors import ExitCode
from reconciler.passes.result import PassResult, Verdict
from reconciler.views import github, junit, markdown, outcome_text, sarif, text
from reconciler.views import json as json_view
from tests.scenarios.world import URL, World, actions, definition_yaml, the_plan

USED = "approvals.yaml:3:5: contested=Definition/bucket by the platform team until 2026-06-30: taken over"


def approvals(*what: str, until: str = "2026-06-30", target: str = "") -> str:
    entries = (
        f"  - what: {one}\n    who: the platform team\n    until: {until}\n    reason: taken over\n"
        + (f"    target: {target}\n" if target else "")
        for one in what
    )
    return "version: 1\napprovals:\n" + "".join(entries)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A definition that somebody else made, and a file that differs from it."""
    world = World.make(tmp_path)
    by_hand(world, "bucket")
    world.write("bucket.yaml", definition_yaml("bucket"))
    return world


def by_hand(world: World, name: str) -> None:
    body = {"id": name, "name": "theirs", "type": "s3", "driver_type": "humanitec/echo"}
    headers = {"Authorization": "Bearer t"}
    with httpx.Client(transport=world.emulator.transport(), base_url=URL, headers=headers) as client:
        assert client.post("/orgs/acme/resources/defs", json=body).status_code < 300
    world.emulator.log.clear()


def used(result: PassResult) -> list[str]:
    return [one.approval for target in result.targets if target.plan for one in target.plan.accepted]


def test_a_reviewed_approval_allows_an_unattended_apply(world: World) -> None:
    assert world.apply().exit_code() is ExitCode.REFUSED
    world.write("approvals.yaml", approvals("contested=Definition/bucket", target="acme"))
    planned = world.plan()
    assert actions(planned) == ["update Definition/bucket"]
    assert used(planned) == [USED]
    result = world.apply()
    assert result.exit_code() is ExitCode.DONE
    assert used(result) == [USED]


def test_an_approval_without_a_use_is_not_an_error(world: World) -> None:
    world.write("approvals.yaml", approvals("contested=Definition/bucket"))
    world.apply()
    again = world.plan()
    assert again.verdict is Verdict.EMPTY
    assert "A02" not in {finding.rule for finding in again.findings}
    assert (again.notes, used(again)) == ((), [])


def test_it_allows_what_it_names_and_nothing_else(world: World) -> None:
    by_hand(world, "other")
    world.write("other.yaml", definition_yaml("other"))
    world.write("approvals.yaml", approvals("contested=Definition/bucket"))
    result = world.apply()
    assert result.exit_code() is ExitCode.REFUSED
    assert dict(world.effects()) == {("updated", "definitions/acme/bucket"): 1}


def test_an_approval_for_another_target_allows_nothing(tmp_path: Path) -> None:
    world = World.make(tmp_path, "acme", "beta")
    by_hand(world, "bucket")
    world.write("orgs/acme/bucket.yaml", definition_yaml("bucket"))
    world.write("approvals.yaml", approvals("contested=Definition/bucket", target="beta"))
    assert world.apply().exit_code() is ExitCode.REFUSED
    assert not world.effects()
    world.write("approvals.yaml", approvals("contested=Definition/bucket", target="acme"))
    assert world.apply().exit_code() is ExitCode.DONE


def test_the_day_after_an_approval_ends_the_guard_refuses_again_and_says_so(world: World) -> None:
    world.write("approvals.yaml", approvals("contested=Definition/bucket", until="2025-12-31"))
    result = world.apply()
    assert result.exit_code() is ExitCode.REFUSED
    assert not world.effects()
    [found] = [finding for finding in result.findings if finding.rule == "A02"]
    assert str(found.origin) == "approvals.yaml:5:12"
    assert "was valid until 2025-12-31 and has expired" in found.message


def test_an_invalid_approvals_file_refuses_everything(world: World) -> None:
    world.write("new.yaml", definition_yaml("new"))
    world.write("approvals.yaml", approvals("contested=Definition/bucket", "contestet=Definition/new"))
    result = world.apply()
    assert result.exit_code() is ExitCode.INVALID
    assert not world.effects()


def test_a_guard_that_counts_is_approved_by_what_its_refusal_prints(tmp_path: Path) -> None:
    world = World.make(tmp_path, safety={"maxDelete": "0"})
    world.write("keep.yaml", definition_yaml("keep"))
    world.write("gone.yaml", definition_yaml("gone"))
    world.apply()
    world.remove("gone.yaml")
    [refusal] = the_plan(world.plan()).refusals
    world.write("approvals.yaml", approvals(*refusal.approvals))
    assert world.apply().exit_code() is ExitCode.DONE
    assert actions(world.plan()) == []


def test_a_saved_plan_is_stale_when_the_approvals_have_changed(world: World) -> None:
    world.write("approvals.yaml", approvals("protected=Definition/bucket"))
    _, saved = world.plan_and_save()
    assert saved is not None
    assert saved.approvals == ()
    world.write("approvals.yaml", approvals("protected=Definition/*"))
    result = world.apply(bound=saved)
    assert result.exit_code() is ExitCode.STALE
    assert result.changed == ("the approvals",)


def test_a_saved_plan_is_valid_while_the_approvals_are_unchanged(world: World) -> None:
    world.write("approvals.yaml", approvals("contested=Definition/bucket"))
    _, saved = world.plan_and_save()
    assert saved is not None
    result = world.apply(bound=saved)
    assert result.exit_code() is ExitCode.DONE


def test_a_preview_shows_what_an_approval_in_the_change_allows(world: World, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "bucket.yaml").write_text(definition_yaml("bucket"))
    world.write("approvals.yaml", approvals("contested=Definition/bucket"))
    result = world.plan(base=base)
    assert result.preview is not None
    [own] = result.preview.own
    assert [str(action.key) for action in own.actions] == ["Definition/bucket"]
    assert [one.approval for one in own.accepted] == [USED]
    (base / "approvals.yaml").write_text(approvals("contested=Definition/bucket"))
    again = world.plan(base=base).preview
    assert again is not None
    assert again.own[0].actions == ()


def test_every_view_says_what_was_allowed_and_by_whom(world: World) -> None:
    world.write("approvals.yaml", approvals("contested=Definition/bucket"))
    planned, applied = world.plan(), world.apply()
    shown = {
        "text": text.render(planned, width=400),
        "outcome": outcome_text.render(applied, width=400),
        "markdown": markdown.render(planned),
        "github": github.render(planned),
        "junit": junit.render(planned),
        "sarif": sarif.render(planned),
        "json": json_view.render(planned),
    }
    for name, rendered in shown.items():
        assert "contested=Definition/bucket by the platform team until 2026-06-30: taken over" in rendered, (
            name
        )
    [accepted] = json.loads(shown["json"])["targets"][0]["plan"]["accepted"]
    assert accepted["by"] == [
        {
            "what": "contested=Definition/bucket",
            "file": "approvals.yaml",
            "line": 3,
            "who": "the platform team",
            "until": "2026-06-30",
            "reason": "taken over",
        }
    ]
    assert [found["id"] for found in accepted["objects"]] == ["bucket"]


def test_a_wrong_approval_of_a_takeover_is_answered_with_the_option_to_use(tmp_path: Path) -> None:
    """With several targets the option names one, as the refusal prints it."""
    world = World.make(tmp_path, "acme", "beta")
    by_hand(world, "bucket")
    world.write("orgs/acme/bucket.yaml", definition_yaml("bucket"))
    [note] = world.plan("contested=Definition/bukcet").notes
    assert "contested=acme:Definition/bucket" in note
    assert world.apply("contested=acme:Definition/bucket").exit_code() is ExitCode.DONE
