"""The choice between PATCH and PUT: the smallest request that is correct."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.emulator import Emulator
from reconciler.model.json import Json
from reconciler.model.place import organization
from reconciler.model.secret import Secret
from reconciler.model.state import Resource
from reconciler.orchestrator.client import Access, Endpoint, Hints, Orchestrator
from reconciler.orchestrator.definition_update import patch_body
from tests.orchestrator.samples import ORGANIZATION, PASSWORD, TOKEN, definition


def values(**members: Any) -> dict[str, Any]:
    return {"driver_inputs": {"values": members}}


Case = tuple[dict[str, Any], dict[str, Any]]
PATCHED: Mapping[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}, {}),
    "name": ({}, {"name": "x"}, {"name": "x"}),
    "in place": ({}, {"in_place_driver_change": True}, {"in_place_driver_change": True}),
    "account set": ({}, {"driver_account": "aws"}, {"driver_account": "aws"}),
    "account changed": ({"driver_account": "aws"}, {"driver_account": "gcp"}, {"driver_account": "gcp"}),
    "first values": ({}, values(a=1), {"driver_inputs": {"values": {"a": 1}}}),
    "value changed": (values(a=1, b=2), values(a=1, b=3), {"driver_inputs": {"values": {"a": 1, "b": 3}}}),
    "value added below": (
        values(a={"b": 1}),
        values(a={"b": 1, "c": 2}),
        {"driver_inputs": {"values": {"a": {"b": 1, "c": 2}}}},
    ),
    "item taken from a list": (values(a=[1, 2]), values(a=[1]), {"driver_inputs": {"values": {"a": [1]}}}),
    "map becomes text": (values(a={"b": 1}), values(a="x"), {"driver_inputs": {"values": {"a": "x"}}}),
    "null within a list": (values(a=1), values(a=[None]), {"driver_inputs": {"values": {"a": [None]}}}),
    "selector added": (
        {"provision": {"ingress": None}},
        {"provision": {"ingress": None, "dns": None}},
        {
            "provision": {
                "ingress": {"is_dependent": False, "match_dependents": False},
                "dns": {"is_dependent": False, "match_dependents": False},
            }
        },
    ),
}
REPLACED: Mapping[str, Case] = {
    "driver": ({}, {"driver_type": "humanitec/template"}),
    "account unset": ({"driver_account": "aws"}, {}),
    "values unset": (values(a=1), {}),
    "value removed": (values(a=1, b=2), values(a=1)),
    "value removed below": (values(a={"b": {"c": 1, "d": 2}}), values(a={"b": {"c": 1}})),
    "map emptied": (values(a={"b": 1}), values(a={})),
    "value becomes null": (values(a=1), values(a=None)),
    "null next to a change": (values(a=None, b=1), values(a=None, b=2)),
    "null below a change": (values(b=1), values(b={"c": {"d": None}})),
    "provision unset": ({"provision": {"ingress": None}}, {}),
    "selector removed": ({"provision": {"ingress": None, "dns": None}}, {"provision": {"dns": None}}),
    "params unset": ({"provision": {"dns": {"params": {"a": 1}}}}, {"provision": {"dns": None}}),
    "param removed": (
        {"provision": {"dns": {"params": {"a": 1, "b": 1}}}},
        {"provision": {"dns": {"params": {"a": 1}}}},
    ),
    "secret added": ({}, {"driver_inputs": {"secrets": {"url": "${resources.agent.outputs.url}"}}}),
    "secret removed": ({"driver_inputs": {"secrets": {"url": "${resources.agent.outputs.url}"}}}, {}),
    "placeholder changed": (
        {"driver_inputs": {"secrets": {"url": "${resources.a.outputs.url}"}}},
        {"driver_inputs": {"secrets": {"url": "${resources.b.outputs.url}"}}},
    ),
    "reference changed": (
        {"driver_inputs": {"secret_refs": {"p": {"store": "vault", "ref": "a"}}}},
        {"driver_inputs": {"secret_refs": {"p": {"store": "vault", "ref": "b"}}}},
    ),
    "placeholder becomes plain": (
        {"driver_inputs": {"secrets": {"url": "${resources.a.outputs.url}"}}},
        {"driver_inputs": {"secrets": {"url": PASSWORD}}},
    ),
}


@pytest.mark.parametrize(("before", "after", "body"), PATCHED.values(), ids=PATCHED)
def test_a_change_that_every_kind_of_merge_applies_is_a_patch(
    before: dict[str, Any], after: dict[str, Any], body: dict[str, Any]
) -> None:
    assert patch_body(definition(**before), definition(**after), secrets_changed=False) == body


@pytest.mark.parametrize(("before", "after"), REPLACED.values(), ids=REPLACED)
def test_a_change_that_some_kind_of_merge_would_miss_is_a_put(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert patch_body(definition(**before), definition(**after), secrets_changed=False) is None


def test_changed_secrets_are_a_put(orchestrator: Orchestrator) -> None:
    live = orchestrator.create(definition(driver_inputs={"secrets": {"password": PASSWORD}}))
    desired = definition(driver_inputs={"secrets": {"password": "new-" + PASSWORD}})
    assert patch_body(live, desired, secrets_changed=False) == {}
    assert patch_body(live, desired, secrets_changed=True) is None
    assert orchestrator.update(live, desired, secrets_changed=True).secrets != live.secrets


def test_another_change_does_not_touch_stored_secrets(orchestrator: Orchestrator) -> None:
    """A new version of an unchanged secret would look like drift to everything that watches it."""
    inputs = {"values": {"a": 1}, "secrets": {"password": PASSWORD}}
    live = orchestrator.create(definition(driver_inputs=inputs))
    desired = definition(driver_inputs={**inputs, "values": {"a": 2}})
    updated = orchestrator.update(live, desired, secrets_changed=False)
    assert updated.document == desired.document
    assert updated.secrets == live.secrets


@pytest.mark.parametrize(("before", "after"), [*REPLACED.values(), *(row[:2] for row in PATCHED.values())])
def test_an_update_results_in_what_is_desired(
    orchestrator: Orchestrator, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert_updates(orchestrator, definition(**before), definition(**after))


NAMES = st.sampled_from(["a", "b", "c"])
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x", "${context.app.id}"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
OPTIONS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "is_dependent": st.booleans(),
        "match_dependents": st.booleans(),
        "params": st.dictionaries(NAMES, JSON, max_size=2),
    },
)
LEAF = st.sampled_from(["${resources.a.outputs.url}", "${resources.b.outputs.url}"])
REFERENCE = st.fixed_dictionaries(
    {"store": st.just("vault"), "ref": st.sampled_from(["r1", "r2"])}, optional={"version": st.just("1")}
)
SECRETS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"secrets": st.dictionaries(NAMES, LEAF, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"secret_refs": st.dictionaries(NAMES, REFERENCE, min_size=1, max_size=2)}),
)
INPUTS = st.builds(
    lambda values, secrets: {"values": values, **secrets}, st.dictionaries(NAMES, JSON, max_size=3), SECRETS
)
MEMBERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"driver_type": st.sampled_from(["humanitec/echo", "humanitec/template"])},
    optional={
        "name": st.sampled_from(["", "one", "two"]),
        "driver_account": st.sampled_from(["aws", "gcp"]),
        "driver_inputs": INPUTS,
        "provision": st.dictionaries(st.sampled_from(["ingress", "dns#x"]), OPTIONS, max_size=2),
        "in_place_driver_change": st.booleans(),
    },
)


@settings(max_examples=150, deadline=None)
@given(before=MEMBERS, after=MEMBERS)
def test_any_definition_can_become_any_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    """A wrongly chosen PATCH would leave something of the previous definition."""
    endpoint = Endpoint("http://emulator", Secret(TOKEN))
    with (
        Emulator(organizations=[ORGANIZATION]) as emulator,
        Orchestrator(
            organization(ORGANIZATION),
            v1=endpoint,
            v2=None,
            access=Access.READ_WRITE,
            transport=lambda _: emulator.transport(),
        ) as client,
    ):
        assert_updates(client, definition(**before), definition(**after))


def replacing(_: Json, sent: Json) -> Json:
    return sent


def merging_keys(before: Json, sent: Json) -> Json:
    if not isinstance(sent, dict) or not isinstance(before, dict):
        return sent
    return {name: value for name, value in {**before, **sent}.items() if value is not None}


def merging_all(before: Json, sent: Json) -> Json:
    """RFC 7396."""
    if not isinstance(sent, dict):
        return sent
    known = before if isinstance(before, dict) else {}
    kept = {name: value for name, value in known.items() if name not in sent}
    merged = {name: merging_all(known.get(name), value) for name, value in sent.items() if value is not None}
    return {**kept, **merged}


@settings(max_examples=500, deadline=None)
@given(before=MEMBERS, after=MEMBERS)
def test_a_patch_means_the_same_at_every_depth_of_merging(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """How deep the server merges is not settled (v1 reference, U11), so it must not matter."""
    live, desired = definition(**before), definition(**after)
    body = patch_body(live, desired, secrets_changed=False)
    if body is None:
        return
    sent = {name: value for name, value in body.items() if name != "driver_inputs"}
    inputs = body.get("driver_inputs")
    if isinstance(inputs, dict):
        sent["values"] = inputs["values"]
    for merge in (replacing, merging_keys, merging_all):
        merged = {name: merge(live.document.get(name), value) for name, value in sent.items()}
        assert {**live.document, **merged} == desired.document


def assert_updates(client: Orchestrator, before: Resource, after: Resource) -> None:
    live = client.create(before)
    client.update(live, after, secrets_changed=False)
    found = client.look(Hints()).state.resources[after.key]
    assert found.document == after.document
    assert set(found.secrets) == set(after.secrets)
    assert patch_body(found, after, secrets_changed=False) == {}
