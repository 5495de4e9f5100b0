"""Co-provisioning (v1 section 4.8)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

ONE = "/orgs/acme/resources/defs/store-one"
Given = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    "selector", ["ingress", "aws-policy.s3-admin", "k8s-cluster#k8s-cluster-runtime", "dns.a#b"]
)
def test_every_form_of_selector_is_kept(given_definition: Given, selector: str) -> None:
    created = given_definition(provision={selector: {"is_dependent": True}})

    assert created["provision"] == {selector: {"is_dependent": True}}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({}, {"is_dependent": False}),
        ({"is_dependent": None}, {"is_dependent": False}),
        ({"is_dependent": True}, {"is_dependent": True}),
        ({"match_dependents": True}, {"is_dependent": False, "match_dependents": True}),
        ({"match_dependents": None}, {"is_dependent": False}),
        ({"params": {}}, {"is_dependent": False}),
        ({"params": {"a": {"b": [1]}}}, {"is_dependent": False, "params": {"a": {"b": [1]}}}),
    ],
    ids=str,
)
def test_options_read_back_with_their_defaults(given_definition: Given, sent: Any, read: Any) -> None:
    created = given_definition(provision={"dns": sent})

    assert created["provision"] == {"dns": read}


def test_options_with_and_without_their_default_are_the_same_state(
    client: httpx.Client, given_definition: Given
) -> None:
    created = given_definition(provision={"ingress": {}})

    body = {"name": "store-one", "provision": {"ingress": {"is_dependent": False}}}
    again = client.put(ONE, json=body).json()

    assert again == created
