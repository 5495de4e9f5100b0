"""Settings for every test."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.control_plane.plane import ControlPlane
from tests.control_plane.programs import CannotBuildError

# Test machines are busy: the duration of an example says nothing about it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A real API server, one for each worker. Tests use namespaces of their own, and the group `control_plane`."""
    try:
        plane = ControlPlane()
    except CannotBuildError as error:
        pytest.skip(str(error))
    with plane:
        yield plane
