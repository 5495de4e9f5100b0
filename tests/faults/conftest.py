"""Collects the results of all trials, also those of pytest-xdist, and writes the page after a whole run."""

import pytest

from tests.faults import table

_ROWS = pytest.StashKey[list[table.Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ROWS] = []
    config.pluginmanager.register(_Collector(config), "results of trials")


class _Collector:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            rows = [value for name, value in report.user_properties if name == "trial"]
            self._config.stash[_ROWS].extend(table.Row.of(row) for row in rows if isinstance(row, dict))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        option = self._config.option
        is_partial = bool(
            option.keyword
            or option.markexpr
            or option.collectonly
            or any("::" in name for name in self._config.args)
        )
        is_worker = hasattr(self._config, "workerinput")
        if self._config.getoption("--whole") and not is_partial and not is_worker and exitstatus == 0:
            rows: list[table.Row] = self._config.stash[_ROWS]
            table.write(rows)
