"""How the work of a function grows, counted and not timed: what else the machine does has no part in it."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def operations(call: Callable[[], object]) -> int:
    """Number of bytecode instructions that a call executes; what runs in C counts as one."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def assert_linear(made: Callable[[int], Callable[[], object]], size: int = 8) -> None:
    """Fails if the call that is made for a size does more than linear work.

    At one, two and three times the size, linear work grows by equal steps; a quadratic part makes the second larger.
    """
    made(1)()  # imports and caches
    one, two, three = (operations(made(size * times)) for times in (1, 2, 3))
    excess = (three - two) - (two - one)
    assert excess <= _TOLERATED * one, (
        f"{size} take {one} operations, twice as many {two}, three times {three}"
    )


_TOLERATED = 0.05
"""Room for sorting, of which only the comparisons written in Python are counted."""
