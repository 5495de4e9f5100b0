"""Faults at the calls of a realistic repository: whatever happens, sixteen invariants hold."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.call import calls
from tests.faults.fault import HTTP_FAULTS
from tests.faults.ground import ground
from tests.faults.invariant import INVARIANTS, broken
from tests.faults.known import limit_of
from tests.faults.matrix import Cell, chosen, whole
from tests.faults.trial import Trials


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    with ground(tmp_path_factory.mktemp("ground")) as made:
        yield Trials(made)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cell" in metafunc.fixturenames:
        cells = whole() if metafunc.config.getoption("--whole") else tuple(chosen())
        metafunc.parametrize("cell", [_parameter(cell) for cell in cells])


def _parameter(cell: Cell) -> "pytest.ParameterSet":  # type: ignore[name-defined]
    limit = limit_of(cell.fault.name, str(cell.call))
    marks = [pytest.mark.xfail(reason=limit.reason, strict=True)] if limit else []
    return pytest.param(cell, id=str(cell), marks=marks)


@pytest.mark.slow
def test_all_invariants_hold(
    trials: Trials, cell: Cell, record_property: Callable[[str, object], None]
) -> None:
    found = broken(trials.http(cell.fault, cell.call))
    record_property("trial", {"side": "HTTP", "fault": cell.fault.name, "call": str(cell.call), "broken": found})
    assert found == {}


def test_the_calls_are_those_of_an_undisturbed_run(trials: Trials) -> None:
    assert trials.calls == list(calls())


def test_names_are_unique_and_the_slice_has_every_fault() -> None:
    names = [fault.name for fault in HTTP_FAULTS]
    assert len(set(names)) == len(names)
    assert {cell.fault.name for cell in chosen()} == set(names)
    assert len({one.name for one in INVARIANTS}) == len(INVARIANTS) == 16
