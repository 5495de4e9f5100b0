"""Secrets of definitions: what was sent and what is read back (v1 section 4.6)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

DEFS = "/orgs/acme/resources/defs"
PLACEHOLDER = "${resources['agent#agent'].outputs.url}"
Make = Callable[..., dict[str, Any]]


def _ref(path: str, version: str = "1") -> dict[str, str]:
    return {
        "store": "humanitec",
        "ref": f"orgs/acme/resources/defs/store-one/driver_secrets/{path}/.value",
        "version": version,
    }


def test_literals_become_references_and_placeholders_stay_readable(
    client: httpx.Client, definition: Make
) -> None:
    secrets = {"token": "plain", "nested": {"password": "plain", "port": 5}, "agent_url": PLACEHOLDER}

    created = client.post(DEFS, json=definition(driver_inputs={"secrets": secrets}))

    assert created.json()["driver_inputs"] == {
        "secret_refs": {
            "token": _ref("token"),
            "nested": {"password": _ref("nested/password"), "port": _ref("nested/port")},
            "agent_url": {"value": PLACEHOLDER},
        }
    }
    assert "plain" not in created.text


def test_values_in_references_are_treated_the_same(client: httpx.Client, definition: Make) -> None:
    references = {
        "token": {"value": "plain"},
        "agent_url": {"value": PLACEHOLDER, "store": None},
        "outside": {"store": "vault", "ref": "path", "version": "7", "value": None},
    }

    created = client.post(DEFS, json=definition(driver_inputs={"secret_refs": references})).json()

    assert created["driver_inputs"]["secret_refs"] == {
        "token": _ref("token"),
        "agent_url": {"value": PLACEHOLDER},
        "outside": {"store": "vault", "ref": "path", "version": "7"},
    }


def test_every_write_of_plain_secrets_raises_the_version_of_all(
    client: httpx.Client, definition: Make
) -> None:
    client.post(DEFS, json=definition(driver_inputs={"secrets": {"a": "1", "b": "2"}}))

    same = client.patch(f"{DEFS}/store-one", json={"driver_inputs": {"secrets": {"a": "1"}}}).json()
    client.put(f"{DEFS}/store-one", json={"name": "x"})
    later = client.put(
        f"{DEFS}/store-one", json={"name": "x", "driver_inputs": {"secrets": {"a": "1"}}}
    ).json()

    assert same["driver_inputs"]["secret_refs"] == {"a": _ref("a", "2"), "b": _ref("b", "2")}
    assert later["driver_inputs"]["secret_refs"] == {"a": _ref("a", "3")}


def test_a_patch_of_a_placeholder_leaves_versions_and_values_alone(
    client: httpx.Client, definition: Make
) -> None:
    client.post(DEFS, json=definition(driver_inputs={"values": {"v": 1}, "secrets": {"a": "1"}}))

    patched = client.patch(
        f"{DEFS}/store-one", json={"driver_inputs": {"secrets": {"agent_url": PLACEHOLDER}}}
    ).json()

    assert patched["driver_inputs"] == {
        "values": {"v": 1},
        "secret_refs": {"a": _ref("a"), "agent_url": {"value": PLACEHOLDER}},
    }


def test_a_patch_with_null_removes_a_reference(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition(driver_inputs={"secrets": {"a": "1", "b": {"c": "2"}}}))

    patched = client.patch(
        f"{DEFS}/store-one", json={"driver_inputs": {"secret_refs": {"b": {"c": None}}}}
    ).json()

    assert patched["driver_inputs"]["secret_refs"] == {"a": _ref("a")}


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param({"secrets": {"a": "1"}, "secret_refs": {}}, id="both forms"),
        pytest.param({"secret_refs": {"a": {"value": "x", "store": "s"}}}, id="value with store"),
        pytest.param({"secret_refs": {"a": {"value": "x", "ref": "r"}}}, id="value with ref"),
        pytest.param({"secret_refs": {"a": {"ref": "r"}}}, id="ref without store"),
        pytest.param({"secret_refs": {"a": {"store": "s"}}}, id="store without ref"),
        pytest.param({"secret_refs": {"a": {"version": "1"}}}, id="version alone"),
        pytest.param({"secret_refs": {"a": {"store": "humanitec", "ref": "r"}}}, id="built-in store"),
        pytest.param({"secret_refs": {"a": "text"}}, id="not a leaf"),
        pytest.param({"secret_refs": {"value": "text"}}, id="leaf at the top"),
    ],
)
def test_broken_references_are_refused(client: httpx.Client, definition: Make, inputs: Any) -> None:
    assert client.post(DEFS, json=definition(driver_inputs=inputs)).status_code == 400


def test_what_is_read_back_cannot_be_sent_again(client: httpx.Client, definition: Make) -> None:
    created = client.post(DEFS, json=definition(driver_inputs={"secrets": {"a": "1"}})).json()

    again = client.put(f"{DEFS}/store-one", json={"name": "x", "driver_inputs": created["driver_inputs"]})

    assert again.status_code == 400
