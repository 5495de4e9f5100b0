"""Settings and options for every test."""

import pytest
from hypothesis import settings

# Test machines are busy: the duration of an example says nothing about it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole", action="store_true", help="try every fault of tests/faults, not only the slice of them"
    )
