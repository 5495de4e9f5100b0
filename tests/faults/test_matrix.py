"""Faults at the calls of a realistic repository: whatever happens, sixteen invariants hold."""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.disturbance import (
    FILE_DISTURBANCES,
    GIT_DISTURBANCES,
    RECORD_DISTURBANCES,
    Disturbance,
)
from tests.faults.ground import git_ground, ground
from tests.faults.invariant import broken
from tests.faults.known import parameter
from tests.faults.matrix import Cell, chosen, whole
from tests.faults.table import result
from tests.faults.trial import Trials
from tests.repositories import configure_git


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    with ground(tmp_path_factory.mktemp("ground")) as made:
        yield Trials(made)


@pytest.fixture(scope="module")
def git_trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    folder = tmp_path_factory.mktemp("git-ground")
    with pytest.MonkeyPatch.context() as patch:
        configure_git(patch, folder)
        with git_ground(folder) as made:
            yield Trials(made)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cell" in metafunc.fixturenames:
        cells = whole() if metafunc.config.getoption("--whole") else tuple(chosen())
        metafunc.parametrize("cell", [parameter(cell, cell.fault.name, str(cell.call)) for cell in cells])
    is_whole = metafunc.config.getoption("--whole")
    of_git = GIT_DISTURBANCES if is_whole else GIT_DISTURBANCES[::5]
    for side, rows in (
        ("disturbance", FILE_DISTURBANCES + RECORD_DISTURBANCES),
        ("of_git", of_git),
    ):
        if side in metafunc.fixturenames:
            metafunc.parametrize(side, [parameter(row, row.name, row.what) for row in rows])


@pytest.mark.slow
def test_all_invariants_hold(
    trials: Trials, cell: Cell, record_property: Callable[[str, object], None]
) -> None:
    found = broken(trials.http(cell.fault, cell.call))
    record_property("trial", result("HTTP", cell.fault.name, str(cell.call), found))
    assert found == {}


@pytest.mark.slow
def test_all_invariants_hold_when_files_or_the_record_are_disturbed(
    trials: Trials, disturbance: Disturbance, record_property: Callable[[str, object], None]
) -> None:
    found = broken(trials.disturbed(disturbance))
    record_property("trial", result(disturbance.side, disturbance.name, disturbance.what, found))
    assert found == {}


@pytest.mark.slow
def test_all_invariants_hold_when_git_is_disturbed(
    git_trials: Trials, of_git: Disturbance, record_property: Callable[[str, object], None]
) -> None:
    found = broken(git_trials.disturbed(of_git))
    record_property("trial", result(of_git.side, of_git.name, of_git.what, found))
    assert found == {}
