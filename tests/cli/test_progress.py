"""Lines of an apply: one for each outcome, and the record of what was done."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.cli.progress import ProgressLines
from reconciler.cli.session import ColorChoice, Session
from reconciler.diff.change import Change, Group
from reconciler.model.kind import Kind
from reconciler.plan.action import Action, Outcome, Status, Verb
from tests.building import key


def action(identifier: str = "db") -> Action:
    place = key(Kind.DEFINITION, identifier)
    return Action(Verb.CREATE, place, Change(place, Group.CREATION))


@pytest.mark.parametrize("status", list(Status))
def test_an_outcome_is_one_line_and_is_recorded_only_if_something_may_have_happened(status: Status) -> None:
    stream, session = io.StringIO(), Session(environment={})
    with ProgressLines(session, stream) as lines:
        lines.started(action())
        assert session.deeds.under_way == {f"create {action().key}"}
        lines.finished(Outcome(action(), status, "because"), 1, 2)
    assert session.deeds.under_way == set()
    name = f"create {action().key}"
    expected = {
        Status.DONE: [name],
        Status.UNCHANGED: [name],
        Status.UNKNOWN: [f"{name} (effect unknown)"],
    }
    assert session.deeds.done == expected.get(status, [])
    assert stream.getvalue().count("\n") == 1
    assert "Definition/db" in stream.getvalue()
    assert "because" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_lines_are_coloured_on_request() -> None:
    stream = io.StringIO()
    with ProgressLines(Session(color=ColorChoice.ALWAYS), stream) as lines:
        lines.finished(Outcome(action(), Status.DONE), 1, 1)
    assert "\x1b[" in stream.getvalue()


def test_a_long_reason_is_broken_at_80_columns_and_indented() -> None:
    stream = io.StringIO()
    with ProgressLines(Session(environment={}), stream) as lines:
        lines.finished(Outcome(action(), Status.FAILED, "word " * 40), 1, 1)
    first, *rest = stream.getvalue().rstrip("\n").split("\n")
    assert max(map(len, (first, *rest))) <= 80
    assert rest
    assert all(line.startswith("    word") for line in rest)


def test_without_a_terminal_a_question_is_simply_asked() -> None:
    with ProgressLines(Session(environment={}), io.StringIO()) as lines:
        assert lines.paused(lambda: True) is True
        assert lines.paused(lambda: False) is False


def test_a_full_disk_does_not_end_an_apply_half_way() -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    session = Session(environment={})
    with ProgressLines(session, Full()) as lines:
        lines.finished(Outcome(action(), Status.DONE), 1, 1)
    assert session.deeds.done == [f"create {action().key}"]


def test_lines_of_several_threads_are_never_mixed() -> None:
    stream, session = io.StringIO(), Session(environment={})
    names = [f"db-{number:03}" for number in range(200)]
    with ProgressLines(session, stream) as lines, ThreadPoolExecutor(8) as pool:

        def carry_out(name: str) -> None:
            lines.started(action(name))
            lines.finished(Outcome(action(name), Status.DONE), 1, len(names))

        list(pool.map(carry_out, names))
    shown = stream.getvalue().rstrip("\n").split("\n")
    assert sorted(line.split("/")[1].split()[0].rstrip(",") for line in shown) == names
    assert len(session.deeds.done) == len(names)
    assert session.deeds.under_way == set()
