"""Files with saved plans: what is accepted, and the message for everything else."""

import json
import os
from pathlib import Path

import pytest

from reconciler.cli import plan_file
from reconciler.cli.plan_file import read_plan, write_plan
from reconciler.emulator import Emulator
from reconciler.errors import ExitCode, UsageError
from reconciler.plan.saved import VERSION, SavedPlan
from tests.cli.running import call

PLAN = SavedPlan("2026-01-01T00:00:00Z", {"acme/plan": "abc"}, ("contested=Definition/a",), ("create x",))
ADVICE = "create one with `reconciler plan --out FILE`"


def as_text(**changed: object) -> str:
    return json.dumps({**saved_document(), **changed})


def saved_document() -> dict[str, object]:
    from reconciler.plan.saved import PARTS

    plan = SavedPlan(PLAN.created_at, {next(iter(PARTS)): "abc"}, PLAN.approvals, PLAN.summary)
    return dict(plan.to_json())


def test_what_is_written_is_read_back_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(as_text())
    plan = read_plan(path)
    assert plan.approvals == PLAN.approvals
    assert plan.summary == PLAN.summary
    path.chmod(0o644)
    write_plan(path, plan)
    assert read_plan(path) == plan
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().endswith("}\n")
    assert [found.name for found in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"nonsense", "Expecting value: line 1 column 1 (char 0)"),
        (b"\xff\xfe\x00", ""),
        (b"\x80", "'utf-8' codec can't decode byte 0x80 in position 0: invalid start byte"),
        (b"[]", "not a saved plan"),
        (b"null", "not a saved plan"),
        (b"{}", "not a saved plan"),
        (b"[" * 100_000, ""),
        (b"1" * 10_000, ""),
        (as_text(kind="Plan").encode(), "not a saved plan"),
        (as_text(version=VERSION + 1).encode(), f"a saved plan of version {VERSION + 1}; this is {VERSION}"),
        (as_text(version=None).encode(), f"a saved plan of version None; this is {VERSION}"),
        (as_text(digests=[]).encode(), "`digests` or `approvals` is missing"),
        (as_text(approvals=None).encode(), "`digests` or `approvals` is missing"),
        (
            as_text(digests={"acme/other": "x"}).encode(),
            "a saved plan of another version: it is bound to parts unknown here",
        ),
        (as_text(approvals=["deletes"]).encode(), "'deletes' is not GUARD=KIND/ID"),
        (as_text()[:-20].encode(), ""),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_anything_but_a_saved_plan_is_refused_with_its_cause(
    tmp_path: Path, content: bytes, cause: str
) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_plan(path)
    assert str(caught.value).startswith(f"{path} is not a saved plan: {cause}")
    assert caught.value.advice == ADVICE


def test_a_plan_that_is_missing_a_pipe_or_beyond_permissions_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refusals = {
        "missing": "cannot read the plan {}: No such file or directory",
        "pipe": "the plan {} is not a regular file",
        "plan.json/x": "cannot read the plan {}: Not a directory",
    }
    (tmp_path / "plan.json").write_text(as_text())
    for name, message in refusals.items():
        with pytest.raises(UsageError) as caught:
            read_plan(tmp_path / name)
        assert str(caught.value) == message.format(tmp_path / name)
        assert caught.value.advice == ADVICE


def test_a_file_beyond_the_limit_is_cut_and_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.json"
    path.write_text(as_text())
    monkeypatch.setattr(plan_file, "MAX_BYTES", path.stat().st_size)
    assert read_plan(path).summary == PLAN.summary
    monkeypatch.setattr(plan_file, "MAX_BYTES", path.stat().st_size - 2)
    with pytest.raises(UsageError, match="is not a saved plan"):
        read_plan(path)


def test_a_plan_that_cannot_be_saved_is_shown_and_exits_64_with_the_next_step(tree: Path) -> None:
    place = tree / "nowhere" / "plan.json"
    code, shown, said = call(tree, "plan", "--out", str(place))
    assert code == ExitCode.USAGE
    assert "+ Definition/orders-db" in shown
    assert said.split("\n")[-4:] == [
        f"error: cannot write the plan to {place}: No such file or directory",
        "name a file in a folder that can be written",
        "Nothing was changed.",
        "",
    ]


def test_a_plan_of_invalid_files_is_not_saved_and_it_says_so(tree: Path) -> None:
    (tree / "broken.yaml").write_text("kind: [\n")
    place = tree.parent / f"{tree.name}.json"
    code, _, said = call(tree, "plan", "--out", str(place))
    assert code == ExitCode.INVALID
    assert f"no plan was saved to {place}; the result shows the cause" in " ".join(said.split())
    assert not place.exists()


def test_the_line_that_applies_a_saved_plan_works_as_printed(tree: Path) -> None:
    place = tree.parent / f"{tree.name}.json"
    _, _, said = call(tree, "plan", "--out", str(place))
    line = " ".join(said.split()).partition("to apply exactly this plan: reconciler ")[2]
    assert line == f"apply --plan {place} --yes"
    code, shown, _ = call(tree, *line.split())
    assert code == ExitCode.DONE
    assert "done create Definition/orders-db" in shown


def test_a_plan_file_gives_no_approval_to_the_command(
    connected: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the command line does; a plan that was made with an approval needs the same one again."""
    monkeypatch.setenv("TEST_TOKEN", "x")
    taken = {"id": "orders-db", "name": "Theirs", "type": "postgres", "driver_type": "humanitec/echo"}
    emulator.seed({"organization": "acme", "definitions": [taken]})
    approval = ["--accept", "contested=Definition/orders-db"]
    file = str(connected / "plan.json")
    assert call(connected, "plan", "--out", file, *approval)[0] == ExitCode.DONE
    code, shown, _ = call(connected, "apply", "--yes", "--plan", file)
    assert code == ExitCode.STALE
    assert "give exactly that" in " ".join(shown.split())
    assert not [entry for entry in emulator.log.entries() if entry.verb == "PUT"]
    assert call(connected, "apply", "--yes", "--plan", file, *approval)[0] == ExitCode.DONE


def test_a_saved_plan_is_shown_before_and_after_its_apply(tree: Path) -> None:
    path = str(tree.parent / f"{tree.name}.plan")
    _, shown, _ = call(tree, "plan", "--out", path)
    before = call(tree, "show", path)[1]
    assert before.startswith(shown.rstrip("\n"))
    assert "was not applied" in " ".join(before.split())
    assert call(tree, "apply", "--plan", path, "--yes")[0] == ExitCode.DONE
    after = call(tree, "show", path)[1]
    assert after.startswith(shown.rstrip("\n"))
    assert "Apply: applied: 1 done" in after
    assert "was not applied" not in " ".join(after.split())


def test_quiet_leaves_out_the_changes_and_what_is_done(tree: Path) -> None:
    _, shown, _ = call(tree, "apply", "--yes", "-q")
    assert "orders-db" not in shown
    assert "Apply: applied: 1 done" in shown
