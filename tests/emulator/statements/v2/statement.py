"""One statement of the reference, and the short ways to name the tests that show it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One statement: `tests` are node ids below `tests/emulator`, `reason` stands where there is none."""

    section: str
    text: str
    tests: tuple[str, ...] = ()
    reason: str = ""


def here(subject: str, *names: str) -> tuple[str, ...]:
    """Name tests of a file of this folder, without the `test_` of file and function."""
    return tuple(f"statements/v2/test_{subject}.py::test_{name}" for name in names)


def beside(subject: str, *names: str) -> tuple[str, ...]:
    """Name tests of a file of the folder above both."""
    return tuple(f"test_{subject}.py::test_{name}" for name in names)
