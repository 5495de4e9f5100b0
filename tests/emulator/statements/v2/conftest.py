"""Fixtures of the statements about v2: existing runners, and emulators with other settings."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

Body = dict[str, Any]


@pytest.fixture
def given_runner(client: httpx.Client, runner: Callable[..., Body]) -> Callable[..., Body]:
    """Create a runner and return it as answered; keywords replace members of the body."""

    def given(name: str = "runner-one", /, **members: Any) -> Body:
        answer = client.post("/orgs/acme/runners", json=runner(name, **members))
        assert answer.status_code == 201, answer.text
        created: Body = answer.json()
        return created

    return given


@pytest.fixture
def serving() -> Iterator[Callable[..., tuple[Emulator, httpx.Client]]]:
    """Create emulators with other settings, each with a client whose only header is the given token."""
    made: list[tuple[Emulator, httpx.Client]] = []

    def serve(token: str = "", **settings: Any) -> tuple[Emulator, httpx.Client]:
        emulator = Emulator(organizations=["acme"], **settings)
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        if token:
            client.headers["Authorization"] = f"Bearer {token}"
        made.append((emulator, client))
        return emulator, client

    yield serve
    for emulator, client in made:
        client.close()
        emulator.close()
