"""Values, secrets and references of a definition (v1 sections 4.6 and 10)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

DEFS = "/orgs/acme/resources/defs"
ONE = f"{DEFS}/store-one"
URL = "${resources['agent#agent'].outputs.url}"
OUTSIDE = {"store": "vault", "ref": "some/path", "version": "7"}
Given = Callable[..., dict[str, Any]]


def _kept(path: str, version: str = "1") -> dict[str, str]:
    ref = f"orgs/acme/resources/defs/store-one/driver_secrets/{path}/.value"
    return {"store": "humanitec", "ref": ref, "version": version}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        pytest.param({"secrets": {"k": "plain"}}, {"k": _kept("k")}, id="plain secret"),
        pytest.param({"secret_refs": {"k": {"value": "plain"}}}, {"k": _kept("k")}, id="plain value"),
        pytest.param({"secret_refs": {"k": OUTSIDE}}, {"k": OUTSIDE}, id="reference"),
        pytest.param({"secrets": {"k": URL}}, {"k": {"value": URL}}, id="placeholder among secrets"),
        pytest.param(
            {"secret_refs": {"k": {"value": URL}}}, {"k": {"value": URL}}, id="placeholder as value"
        ),
        pytest.param(
            {"secret_refs": {"k": {**OUTSIDE, "value": None}}}, {"k": OUTSIDE}, id="null inside a leaf"
        ),
        pytest.param(
            {"secret_refs": {"k": {"store": "vault", "ref": "r", "version": None}}},
            {"k": {"store": "vault", "ref": "r"}},
            id="null version",
        ),
        pytest.param({"secret_refs": {"k": OUTSIDE, "n": None}}, {"k": OUTSIDE}, id="null leaf"),
        pytest.param(
            {"secret_refs": {"list": [{"password": OUTSIDE}, {"password": {"value": URL}}]}},
            {"list": [{"password": OUTSIDE}, {"password": {"value": URL}}]},
            id="array of branches",
        ),
        pytest.param(
            {"secret_refs": {"a": {"b": {"c": {"value": "plain"}}}}},
            {"a": {"b": {"c": _kept("a/b/c")}}},
            id="nested leaf",
        ),
    ],
)
def test_secrets_read_back_as_references(given_definition: Given, sent: Any, read: Any) -> None:
    created = given_definition(driver_inputs=sent)

    assert created["driver_inputs"] == {"secret_refs": read}


def test_the_plain_value_of_a_secret_is_never_returned(client: httpx.Client, given_definition: Given) -> None:
    created = given_definition(driver_inputs={"secrets": {"token": "s3cr3t-text"}})
    version = f"{ONE}/versions/{created['active_version_id']}"

    answers = [client.get(path).text for path in (ONE, DEFS, f"{ONE}/versions", version)]

    assert not any("s3cr3t-text" in text or '"secrets"' in text for text in answers)


def test_a_refusal_does_not_repeat_a_secret(client: httpx.Client, definition: Given) -> None:
    leaf = {"value": "s3cr3t-text", "store": "vault"}

    answer = client.post(DEFS, json=definition(driver_inputs={"secret_refs": {"k": leaf}}))

    assert answer.status_code == 400
    assert "s3cr3t-text" not in answer.text


def test_both_forms_of_secrets_exclude_each_other_on_every_verb(
    client: httpx.Client, definition: Given, given_definition: Given
) -> None:
    given_definition("store-one")
    inputs = {"secrets": {"a": "1"}, "secret_refs": {"b": OUTSIDE}}

    answers = (
        client.post(DEFS, json=definition("store-two", driver_inputs=inputs)),
        client.put(ONE, json={"name": "x", "driver_inputs": inputs}),
        client.patch(ONE, json={"driver_inputs": inputs}),
    )

    assert [answer.status_code for answer in answers] == [400] * 3


@pytest.mark.parametrize(
    "leaf",
    [
        {"value": "x", "store": "vault"},
        {"value": "x", "ref": "r"},
        {"value": "x", "version": "1"},
        {"ref": "r"},
        {"ref": "r", "version": "1"},
        {"store": "vault"},
        {"version": "1"},
        {"store": "vault", "version": "1"},
        {"store": None, "ref": None},
        {"store": "humanitec", "ref": "r"},
    ],
    ids=str,
)
@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH"])
def test_leaves_that_break_a_rule_are_refused(
    client: httpx.Client, definition: Given, given_definition: Given, leaf: Any, verb: str
) -> None:
    given_definition()
    inputs = {"secret_refs": {"k": leaf}}
    path = DEFS if verb == "POST" else ONE

    answer = client.request(verb, path, json=definition("store-two", driver_inputs=inputs))

    assert (answer.status_code, answer.json()["error"]) == (400, "API-400")


def test_every_write_of_plain_secrets_raises_all_versions_together(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition(driver_inputs={"secrets": {"a": "1", "b": "2"}})

    written = client.patch(ONE, json={"driver_inputs": {"secrets": {"a": "3"}}}).json()
    renamed = client.patch(ONE, json={"name": "new"}).json()

    assert written["driver_inputs"]["secret_refs"] == {"a": _kept("a", "2"), "b": _kept("b", "2")}
    assert renamed["driver_inputs"] == written["driver_inputs"]


def test_the_same_plain_secret_again_raises_the_version(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition(driver_inputs={"secrets": {"a": "1"}})

    again = client.put(ONE, json={"name": "store-one", "driver_inputs": {"secrets": {"a": "1"}}}).json()

    assert again["driver_inputs"]["secret_refs"] == {"a": _kept("a", "2")}


def test_versions_of_references_are_strings(given_definition: Given) -> None:
    created = given_definition(driver_inputs={"secrets": {"a": "1"}})

    assert isinstance(created["driver_inputs"]["secret_refs"]["a"]["version"], str)


def test_what_is_read_back_of_the_built_in_store_cannot_be_sent_again(
    client: httpx.Client, given_definition: Given
) -> None:
    created = given_definition(driver_inputs={"secrets": {"a": "1"}})

    answers = [
        client.request(verb, ONE, json={"name": "x", "driver_inputs": created["driver_inputs"]}).status_code
        for verb in ("PUT", "PATCH")
    ]

    assert answers == [400, 400]


def test_plain_secrets_survive_a_patch_that_leaves_them_out(
    client: httpx.Client, given_definition: Given
) -> None:
    created = given_definition(driver_inputs={"values": {"v": 1}, "secrets": {"a": "1"}})

    merged = client.patch(ONE, json={"driver_inputs": {"values": {"v": 2}}}).json()

    assert merged["driver_inputs"] == {
        "values": {"v": 2},
        "secret_refs": created["driver_inputs"]["secret_refs"],
    }


def test_what_is_read_back_of_an_external_store_may_be_sent_again(
    client: httpx.Client, given_definition: Given
) -> None:
    store = {
        "id": "eu-gcp",
        "primary": True,
        "gcpsm": {"project_id": "p", "auth": {"secret_access_key": "k"}},
    }
    assert client.post("/orgs/acme/secretstores", json=store).status_code == 201

    created = given_definition(driver_inputs={"secrets": {"a": "1"}})
    again = client.put(ONE, json={"name": "x", "driver_inputs": created["driver_inputs"]})

    ref = "orgs--acme--resources--defs--store-one--driver_secrets--a"
    assert created["driver_inputs"]["secret_refs"]["a"] == {"store": "eu-gcp", "ref": ref, "version": "1"}
    assert (again.status_code, again.json()["driver_inputs"]) == (200, created["driver_inputs"])


PLACEHOLDERS = (
    "${resources['agent#agent'].outputs.url}",
    "${resources['agent.default#agent'].outputs.url}",
    "${resources['agent.default#runner'].outputs.url}",
    "${resources.agent.outputs.url}",
    '${resources["acme/queue.big#shared.api"].values}',
    "${resources['dns<route'].outputs.host}",
    "${resources['gcs.default<workload>k8s-service-account'].outputs.email}",
    "${resources.config#account.account}",
    "${resources.base-env.guresid}",
    "${resources.dns.host}",
    "${context.app.id}",
    "${context.res.class}",
)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_placeholder_is_stored_as_a_string_wherever_it_works(
    given_definition: Given, placeholder: str
) -> None:
    inputs = {
        "values": {"whole": placeholder, "deep": [{"part": f"a-{placeholder}-b"}]},
        "secret_refs": {"url": {"value": placeholder}},
    }

    created = given_definition(
        driver_account=placeholder, driver_inputs=inputs, provision={"dns": {"params": {"host": placeholder}}}
    )

    assert created["driver_account"] == placeholder
    assert created["driver_inputs"] == inputs
    assert created["provision"]["dns"]["params"] == {"host": placeholder}


@pytest.mark.parametrize("text", ["$\\{HOME}", "$${HOME}", "${unbalanced", "${a}${b}", "{{ .init.name }}"])
def test_other_strings_with_dollars_and_braces_are_echoed(given_definition: Given, text: str) -> None:
    created = given_definition(driver_inputs={"values": {"script": text, text: 1}})

    assert created["driver_inputs"]["values"] == {"script": text, text: 1}


@pytest.mark.parametrize("text", ["https://${resources.dns.outputs.host}", "${a}${b}", "$\\{HOME}", "${a"])
def test_a_secret_that_is_more_than_one_placeholder_is_kept_secret(
    given_definition: Given, text: str
) -> None:
    created = given_definition(driver_inputs={"secrets": {"k": text}})

    assert created["driver_inputs"]["secret_refs"] == {"k": _kept("k")}


@pytest.mark.parametrize("member", ["outputs", "init", "manifests", "secrets", "cookie"])
@pytest.mark.parametrize("content", ["host: x\n", {"host": "x"}], ids=["text", "object"])
def test_members_of_templates_keep_their_form(given_definition: Given, member: str, content: Any) -> None:
    created = given_definition(
        driver_type="humanitec/template", driver_inputs={"values": {"templates": {member: content}}}
    )

    assert created["driver_inputs"]["values"]["templates"][member] == content


def test_secrets_of_two_organizations_have_references_of_their_own(definition: Given) -> None:
    with Emulator(organizations=["acme", "globex"]) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"

        body = definition(driver_inputs={"secrets": {"k": "1"}})
        refs = [
            client.post(f"/orgs/{name}/resources/defs", json=body).json()["driver_inputs"]["secret_refs"]["k"]
            for name in ("acme", "globex")
        ]

        assert [leaf["ref"].split("/")[1] for leaf in refs] == ["acme", "globex"]
