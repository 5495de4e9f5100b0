"""When a wait is mentioned, by a clock that the test sets."""

import time

import pytest

from reconciler.cli.waiting import WaitingNotices
from reconciler.orchestrator.waiting import Waits


class Clock:
    """Seconds, as the test sets them."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("looks", "shown"),
    [
        ((0, 1.9), ()),
        ((1.99, 2.0), (2.0,)),
        ((2, 2.2, 9.9, 10), (2, 10)),
        ((2, 10, 29.9, 30, 30.2), (2, 10, 30)),
        ((2, 10, 30, 59.9, 60, 61, 90), (2, 10, 30, 60, 90)),
        ((5, 9, 10), (5, 10)),
        ((45, 60, 75), (45, 75)),
        ((12, 29, 31, 60, 61), (12, 31, 61)),
    ],
)
def test_a_wait_is_shown_at_2_10_and_30_seconds_and_then_every_30(
    looks: tuple[float, ...], shown: tuple[float, ...]
) -> None:
    clock = Clock()
    waits = Waits(clock)
    notices = WaitingNotices(waits)
    lines = {}
    with waits.on("for definitions"):
        for look in looks:
            clock.now_s = look
            line = notices.line()
            if line:
                lines[look] = line
    assert tuple(lines) == shown
    assert all(line == f"waiting for definitions ({look:.0f} s so far)" for look, line in lines.items())


def test_several_waits_share_one_line_that_names_the_oldest() -> None:
    clock = Clock()
    waits = Waits(clock)
    notices = WaitingNotices(waits)
    with waits.on("for agents"):
        clock.now_s = 1
        with waits.on("for keys"), waits.on("for runners"):
            clock.now_s = 2.5
            assert notices.line() == "waiting for agents (2 s so far, and 2 more)"
            clock.now_s = 3
            assert notices.line() == "waiting for keys (2 s so far, and 2 more)"
            assert notices.line() == ""
            clock.now_s = 10
            assert notices.line() == "waiting for agents (10 s so far, and 2 more)"
        assert notices.line() == ""


def test_a_wait_that_has_ended_is_forgotten_and_the_next_starts_from_zero() -> None:
    clock = Clock()
    waits = Waits(clock)
    notices = WaitingNotices(waits)
    with waits.on("for agents"):
        clock.now_s = 5
        assert notices.line()
    assert notices.line() == ""
    with waits.on("for agents"):
        clock.now_s = 6.9
        assert notices.line() == ""
        clock.now_s = 7
        assert notices.line() == "waiting for agents (2 s so far)"


def test_notices_go_to_stderr_and_end_with_the_block(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    waits = Waits(clock)
    notices = WaitingNotices(waits)
    with notices, waits.on("for a test"):
        clock.now_s = 3
        said = ""
        ends = time.monotonic() + 20
        while not said and time.monotonic() < ends:
            time.sleep(0.02)
            captured = capsys.readouterr()
            said += captured.err
            assert captured.out == ""
    assert said == "waiting for a test (3 s so far)\n"
    assert not notices._thread.is_alive()
