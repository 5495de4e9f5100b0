"""A strict emulator and its clients. No client here ever waits: delays are collected in `waits`."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from reconciler.emulator import Choices, Emulator, UnknownFields
from reconciler.model.place import Place, organization
from reconciler.model.secret import Secret
from reconciler.orchestrator.client import Access, Endpoint, Orchestrator, Retry
from tests.orchestrator.samples import ORGANIZATION, TOKEN

Connect = Callable[..., Orchestrator]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    choices = Choices(unknown_fields=UnknownFields.REFUSE)
    with Emulator(organizations=[ORGANIZATION], choices=choices) as emulator:
        emulator.seed(
            {"organization": ORGANIZATION, "env_types": [{"id": "development"}], "projects": [{"id": "shop"}]}
        )
        yield emulator


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def connect(emulator: Emulator, waits: list[float]) -> Iterator[Connect]:
    """Create clients of the emulator, or with another transport."""
    made: list[Orchestrator] = []
    endpoint = Endpoint("http://emulator", Secret(TOKEN))

    def connected(
        *,
        access: Access = Access.READ_WRITE,
        place: Place = organization(ORGANIZATION),  # noqa: B008  frozen
        transport: httpx.BaseTransport | None = None,
        retry: Retry | None = None,
        v1: Endpoint | None = endpoint,
        v2: Endpoint | None = endpoint,
    ) -> Orchestrator:
        client = Orchestrator(
            place,
            v1=v1,
            v2=v2,
            access=access,
            transport=lambda _: transport or emulator.transport(),
            concurrency=2,
            retry=retry or Retry(sleep=waits.append, chance=lambda: 1.0),
        )
        made.append(client)
        return client

    yield connected
    for client in made:
        client.close()


@pytest.fixture
def orchestrator(connect: Connect) -> Orchestrator:
    return connect()
