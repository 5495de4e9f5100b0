"""Settings and options for every test."""

import gc
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import settings

from reconciler.rules import rule
from tests.control_plane.plane import ControlPlane
from tests.control_plane.programs import CannotBuildError

# Test machines are busy: the duration of an example says nothing about it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_TESTS = Path(__file__).parent
_FAULTS = _TESTS / "faults"

# A defect of a rule must fail the tests; the product reports it and goes on.
rule.DEFECTS = ()


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A real API server, one for each worker. Tests use namespaces of their own, and a group (CONTRIBUTING)."""
    try:
        plane = ControlPlane()
    except CannotBuildError as error:
        pytest.skip(str(error))
    with plane:
        yield plane


@pytest.fixture(scope="session")
def cluster() -> Iterator[ControlPlane]:
    """Another API server, with controllers, a scheduler and a node on which pods run.

    Controllers put objects of their own into every namespace, which tests of the bare API server do not expect.
    """
    try:
        plane = ControlPlane()
    except CannotBuildError as error:
        pytest.skip(str(error))
    with plane:
        try:
            plane.add_controllers()
        except CannotBuildError as error:
            pytest.skip(str(error))
        yield plane


def pytest_collection_finish() -> None:
    """Leave the collected tests out of later garbage collections, which would walk through hundreds of megabytes."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)  # absent without pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: while one test waits for a deadline or a process, another computes."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole",
        action="store_true",
        help="try every fault of tests/faults, not only the slice of them, and run tests marked `whole`",
    )
    parser.addoption(
        "--rest",
        action="store_true",
        help="as --whole, without the tests outside of tests/faults that run without it too",
    )
    parser.addoption(
        "--cover-in",
        metavar="FOLDERS",
        help="with --cov: measure only in tests of these folders of tests/, separated by spaces",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.option.whole = config.option.whole or config.option.rest
    config.pluginmanager.register(Measurement(config.getoption("--cover-in")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ids = Counter(item.nodeid for item in items)
    if len(ids) < len(items):
        repeated = ", ".join(name for name, number in ids.items() if number > 1)
        raise pytest.UsageError(f"pytest-xdist runs only one of several tests with the same id: {repeated}")
    rest, whole = config.getoption("--rest"), config.getoption("--whole")
    left_out = [item for item in items if _is_left_out(item, is_rest=rest, is_whole=whole)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = {item.nodeid for item in left_out}
        items[:] = [item for item in items if item.nodeid not in gone]


def _is_left_out(item: pytest.Item, *, is_rest: bool, is_whole: bool) -> bool:
    if item.get_closest_marker("whole") is not None:
        return not is_whole
    return is_rest and not item.path.is_relative_to(_FAULTS)


class Measurement:
    """Interrupts the measurement of coverage for tests whose part in it is not wanted: it takes half as long again.

    The mark `no_cover` does not: in each worker of pytest-xdist, pytest-cov starts two measurements and stops one.
    """

    def __init__(self, folders: str | None) -> None:
        """Measure in tests of these folders of tests/, separated by spaces; None means in all of them."""
        self._folders = None if folders is None else frozenset(folders.split())
        self._interrupted: list[Coverage] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        if self._is_wanted(item):
            while self._interrupted:
                self._interrupted.pop().start()
        else:
            while (measurement := Coverage.current()) is not None:
                measurement.stop()
                self._interrupted.append(measurement)

    def _is_wanted(self, item: pytest.Item) -> bool:
        # Slow tests repeat what others reach, many times over.
        if item.get_closest_marker("slow") is not None:
            return False
        return self._folders is None or item.path.relative_to(_TESTS).parts[0] in self._folders
