"""Fixtures of the statements about v1: existing objects, and a client on a real port."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running

Body = dict[str, Any]


@pytest.fixture
def wire(emulator: Emulator) -> Iterator[httpx.Client]:
    """A client that uses a loopback port, as other programs do."""
    headers = {"Authorization": "Bearer practice"}
    with running(emulator) as url, httpx.Client(base_url=url, headers=headers, trust_env=False) as made:
        yield made


@pytest.fixture
def given_agent(client: httpx.Client, rsa_key: Callable[..., Any]) -> Callable[..., Body]:
    """Register an agent whose first key has the given number."""

    def given(name: str = "eu-1", number: int = 1, /, **members: Any) -> Body:
        answer = client.post(
            "/orgs/acme/agents", json={"id": name, "public_key": rsa_key(number).pem, **members}
        )
        assert answer.status_code == 200, answer.text
        created: Body = answer.json()
        return created

    return given


@pytest.fixture
def given_definition(client: httpx.Client, definition: Callable[..., Body]) -> Callable[..., Body]:
    """Create a definition and return it as answered."""

    def given(name: str = "store-one", /, **members: Any) -> Body:
        answer = client.post("/orgs/acme/resources/defs", json=definition(name, **members))
        assert answer.status_code == 200, answer.text
        created: Body = answer.json()
        return created

    return given


@pytest.fixture
def given_active_resource(emulator: Emulator) -> Callable[..., None]:
    """Plant an instance of a definition: a bucket of the shop in its environment `qa`."""

    def given(definition: str = "store-one", /, **members: Any) -> None:
        place = {"app_id": "shop", "env_id": "qa", "env_type": "test", "res_id": "bucket", **members}
        emulator.seed({"organization": "acme", "active_resources": [{"def_id": definition, **place}]})

    return given
