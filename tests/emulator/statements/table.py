"""Tables of the statements of a reference, and the tests that observe them.

A line for each statement: its section and what it says, in own words. The lines below it name the
tests that observe it, or give the reason why nothing can be observed: `agents::name` is
`test_name` in `test_agents.py` next to the table, `/agents::name` the same in the folder of the
emulator's tests, `not: reason` a reason.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Statement:
    """One statement: `tests` observe it, or `unobservable` says why none can."""

    section: str
    says: str
    tests: tuple[str, ...] = ()
    unobservable: str = ""


def parsed(table: str) -> tuple[Statement, ...]:
    """The statements of a table; lines that begin with a space belong to the one before."""
    statements: list[Statement] = []
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            section, _, says = line.partition(" ")
            statements.append(Statement(section, says.strip()))
            continue
        last = statements.pop()
        reason, word, text = line.partition("not: ")
        if word and not reason.strip():
            statements.append(replace(last, unobservable=text))
        else:
            statements.append(replace(last, tests=(*last.tests, line.strip())))
    return tuple(statements)
