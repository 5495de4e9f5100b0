"""Drivers and their input schemas, as described in v1 section 7.2."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import ApiError, Choices, Emulator, UnknownTypes

DRIVERS = "/orgs/acme/resources/drivers"
DEFS = "/orgs/acme/resources/defs"
OWN = "acme/bucket"
Make = Callable[..., dict[str, Any]]


def _driver(name: str = "bucket", **members: Any) -> dict[str, Any]:
    return {
        "id": name,
        "type": "s3",
        "target": "https://drivers.acme.example/bucket/",
        "inputs_schema": {},
        "account_types": ["aws"],
        **members,
    }


def _schema(**parts: Any) -> dict[str, Any]:
    return {"type": "object", "properties": parts}


def test_a_driver_is_answered_as_sent_with_its_owner(client: httpx.Client) -> None:
    template = {"nested": ["{{ .driver }}", None]}
    body = _driver(template=template, is_public=False)

    answer = client.post(DRIVERS, json=body)

    assert answer.status_code == 200
    assert answer.json() == {"org_id": "acme", **_driver(), "template": template}
    assert client.get(f"{DRIVERS}/bucket").json() == answer.json()
    assert client.get(DRIVERS).json()[-1] == answer.json()


def test_the_list_contains_public_drivers_without_their_target(client: httpx.Client) -> None:
    client.post(DRIVERS, json=_driver())

    listed = {(found["org_id"], found["id"]): found for found in client.get(DRIVERS).json()}

    assert "target" not in listed["humanitec", "echo"]
    assert "target" in listed["acme", "bucket"]
    assert {"type", "inputs_schema", "account_types"} <= set(listed["humanitec", "echo"])


def test_a_put_replaces_everything_but_the_id(client: httpx.Client) -> None:
    client.post(DRIVERS, json=_driver(template="x"))
    body = {"type": "mysql", "target": "http://b.example", "inputs_schema": {"a": 1}, "account_types": []}

    answer = client.put(f"{DRIVERS}/bucket", json=body)

    assert answer.status_code == 200
    assert answer.json() == {"org_id": "acme", "id": "bucket", **body}
    assert client.get(f"{DRIVERS}/bucket").json() == answer.json()
    assert client.put(f"{DRIVERS}/none", json=body).status_code == 404
    assert client.patch(f"{DRIVERS}/bucket", json={}).status_code == 405


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"id": None}, 400, id="no id"),
        pytest.param({"id": "ab"}, 400, id="short id"),
        pytest.param({"id": "a/b"}, 400, id="slash"),
        pytest.param({"type": None}, 400, id="no type"),
        pytest.param({"type": ""}, 400, id="empty type"),
        pytest.param({"type": "unheard-of"}, 400, id="unknown type"),
        pytest.param({"target": None}, 400, id="no target"),
        pytest.param({"target": "drivers.acme.example"}, 400, id="no scheme"),
        pytest.param({"target": "ftp://drivers.acme.example"}, 400, id="other scheme"),
        pytest.param({"target": "https://[::1"}, 400, id="broken address"),
        pytest.param({"target": "driver://"}, 400, id="virtual without a driver"),
        pytest.param({"target": "driver://humanitec/unheard-of"}, 400, id="virtual to nowhere"),
        pytest.param({"target": "driver://acme/bucket"}, 400, id="virtual to itself"),
        pytest.param({"target": 5}, 422, id="target is a number"),
        pytest.param({"inputs_schema": None}, 400, id="no schema"),
        pytest.param({"inputs_schema": []}, 422, id="schema is a list"),
        pytest.param({"account_types": None}, 400, id="no account types"),
        pytest.param({"account_types": "aws"}, 422, id="account types are a string"),
        pytest.param({"account_types": [5]}, 422, id="account type is a number"),
        pytest.param({"is_public": "no"}, 422, id="is_public is a string"),
        pytest.param({"id": "taken"}, 409, id="taken"),
    ],
)
def test_what_breaks_a_rule_is_refused(client: httpx.Client, change: dict[str, Any], status: int) -> None:
    client.post(DRIVERS, json=_driver("taken"))
    before = client.get(DRIVERS).json()

    assert client.post(DRIVERS, json=_driver(**change)).status_code == status
    if "id" not in change:
        body = {name: value for name, value in _driver(**change).items() if name != "id"}
        if change.get("target") != "driver://acme/bucket":
            assert client.put(f"{DRIVERS}/taken", json=body).status_code == status
    assert client.get(DRIVERS).json() == before


def test_unknown_types_and_targets_are_accepted_if_configured() -> None:
    with Emulator(choices=Choices(unknown_types=UnknownTypes.ACCEPT)) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"
        body = _driver(type="unheard-of", target="driver://other/unheard-of")

        assert client.post(DRIVERS, json=body).status_code == 200


def test_virtual_drivers_may_use_each_other_but_not_in_a_cycle(client: httpx.Client) -> None:
    assert client.post(DRIVERS, json=_driver("one", target="driver://humanitec/template")).status_code == 200
    assert client.post(DRIVERS, json=_driver("two", target="driver://acme/one")).status_code == 200
    body = {name: value for name, value in _driver(target="driver://acme/two").items() if name != "id"}

    circle = client.put(f"{DRIVERS}/one", json=body)

    assert (circle.status_code, circle.json()["details"]) == (400, {"field": "target"})
    assert client.delete(f"{DRIVERS}/one").status_code == 409
    assert client.delete(f"{DRIVERS}/two").status_code == 204
    assert client.delete(f"{DRIVERS}/one").status_code == 204


def test_public_drivers_are_protected_and_an_own_one_may_have_their_name(client: httpx.Client) -> None:
    body = {name: value for name, value in _driver().items() if name != "id"}
    before = client.get(f"{DRIVERS}/echo").json()

    assert client.put(f"{DRIVERS}/echo", json=body).status_code == 403
    assert client.delete(f"{DRIVERS}/echo").status_code == 403
    assert client.get(f"{DRIVERS}/echo").json() == before

    assert client.post(DRIVERS, json=_driver("echo")).status_code == 200
    assert client.get(f"{DRIVERS}/echo").json()["org_id"] == "acme"
    assert client.delete(f"{DRIVERS}/echo").status_code == 204
    assert client.get(f"{DRIVERS}/echo").json() == before


def test_a_driver_in_use_is_kept(emulator: Emulator, client: httpx.Client, definition: Make) -> None:
    client.post(DRIVERS, json=_driver())
    client.post(DEFS, json=definition(driver_type=OWN))

    refused = client.delete(f"{DRIVERS}/bucket")

    assert (refused.status_code, refused.json()["details"]) == (409, {"used_by": ["store-one"]})
    active = {"def_id": "store-one", "app_id": "a", "env_id": "e", "res_id": "r"}
    emulator.seed({"organization": "acme", "active_resources": [active]})
    client.delete(f"{DEFS}/store-one", params={"force": "true"})
    assert client.delete(f"{DRIVERS}/bucket").status_code == 409
    client.delete("/orgs/acme/apps/a/envs/e/resources/s3/r")
    assert client.delete(f"{DRIVERS}/bucket").status_code == 204
    assert client.delete(f"{DRIVERS}/bucket").status_code == 404


def test_a_definition_needs_a_driver_of_its_type(client: httpx.Client, definition: Make) -> None:
    client.post(DRIVERS, json=_driver())

    assert client.post(DEFS, json=definition(type="mysql", driver_type=OWN)).status_code == 400
    client.post(DEFS, json=definition(type="mysql", driver_type="humanitec/echo"))
    assert client.put(f"{DEFS}/store-one", json={"name": "x", "driver_type": OWN}).status_code == 400


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "sometimes"},
        {"type": 5},
        {"type": [["string"]]},
        {"enum": "a"},
        {"required": True},
        {"required": [5]},
        {"minimum": "1"},
        {"maxLength": True},
        {"properties": []},
        {"properties": {"a": 5}},
        {"additionalProperties": "no"},
        {"items": 5},
        {"anyOf": {}},
        {"not": []},
        {"allOf": [{"type": "sometimes"}]},
    ],
)
def test_a_malformed_schema_is_refused(client: httpx.Client, schema: dict[str, Any]) -> None:
    for place in (schema, _schema(values=schema)):
        answer = client.post(DRIVERS, json=_driver(inputs_schema=place))

        assert answer.status_code == 400
        assert answer.json()["details"]["field"].startswith("inputs_schema")


def test_the_deepest_schema_and_value_are_checked(client: httpx.Client, definition: Make) -> None:
    schema: Any = {"type": "string"}
    value: Any = 5
    for _ in range(95):
        schema, value = {"properties": {"a": schema}}, {"a": value}
    created = client.post(DRIVERS, json=_driver(inputs_schema=_schema(values=schema)))
    assert created.status_code == 200

    answer = client.post(DEFS, json=definition(driver_type=OWN, driver_inputs={"values": value}))

    assert answer.status_code == 400
    assert answer.json()["details"]["problems"] == [f"driver_inputs.values{'.a' * 95} must be of type string"]


REGION = {"type": "string", "enum": ["eu", "us"]}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string"}, "x", 5),
        ({"type": "integer"}, 5.0, 5.5),
        ({"type": "integer"}, 5, True),
        ({"type": ["number", "null"]}, None, "5"),
        ({"type": "boolean"}, False, 0),
        ({"type": "array", "items": {"type": "string"}}, ["a"], ["a", 5]),
        ({"type": "array", "items": [{"type": "string"}]}, [5], {}),
        ({"minItems": 1, "maxItems": 2}, [1], []),
        ({"minItems": 1, "maxItems": 2}, [1, 2], [1, 2, 3]),
        (REGION, "eu", "asia"),
        ({"enum": [1]}, 1, True),
        ({"const": "a"}, "a", "b"),
        ({"minimum": 1, "maximum": 3}, 3, 4),
        ({"minimum": 1, "maximum": 3}, 1, 0),
        ({"exclusiveMinimum": 1, "exclusiveMaximum": 3}, 2, 3),
        ({"exclusiveMinimum": 1}, 2, 1),
        ({"minimum": 1, "exclusiveMinimum": True}, 1, 0),
        ({"minLength": 2}, "ab", "a"),
        ({"maxLength": 2}, "ab", "abc"),
        ({"required": ["a"]}, {"a": 1}, {"b": 1}),
        ({"properties": {"a": REGION}, "additionalProperties": False}, {"a": "eu"}, {"a": "eu", "b": 1}),
        ({"additionalProperties": REGION}, {"a": "eu"}, {"a": "asia"}),
        ({"allOf": [{"type": "string"}, {"minLength": 2}]}, "ab", "a"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None, 5),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, 5, 2),
        ({"not": {"type": "string"}}, 5, "x"),
        ({"pattern": "^(a+)+$"}, "b", None),
        (True, 5, None),
        (False, None, 5),
    ],
)
def test_values_are_checked_against_the_schema_of_the_driver(
    client: httpx.Client, definition: Make, schema: Any, good: Any, bad: Any
) -> None:
    values = {"type": "object", "properties": {"key": schema}}
    assert client.post(DRIVERS, json=_driver(inputs_schema=_schema(values=values))).status_code == 200

    def post(value: Any) -> httpx.Response:
        values = {} if value is None and schema is False else {"key": value}
        body = definition(driver_type=OWN, driver_inputs={"values": values})
        return client.post(DEFS, json=body)

    if bad is not None:
        refused = post(bad)
        assert refused.status_code == 400
        assert refused.json()["details"]["field"] == "driver_inputs"
        assert "driver_inputs.values.key" in refused.json()["message"]
    assert post("${resources['config#c'].outputs.any}").status_code == 200
    client.delete(f"{DEFS}/store-one")
    assert post(good).status_code == 200


def test_a_placeholder_inside_a_value_leaves_the_choice_open(client: httpx.Client, definition: Make) -> None:
    shape = {"oneOf": [{"required": ["a"]}, {"properties": {"b": REGION}}], "enum": [{"a": "x"}]}
    client.post(DRIVERS, json=_driver(inputs_schema=_schema(values=_schema(key=shape))))

    body = definition(driver_type=OWN, driver_inputs={"values": {"key": {"a": "x-${context.app.id}"}}})

    assert client.post(DEFS, json=body).status_code == 200


def test_secrets_are_checked_where_they_are_sent_and_never_repeated(
    client: httpx.Client, definition: Make
) -> None:
    credentials = {
        "type": "object",
        "required": ["user", "port"],
        "properties": {"port": {"type": "integer"}},
    }
    secrets = {"type": "object", "properties": {"credentials": credentials}, "required": ["credentials"]}
    client.post(DRIVERS, json=_driver(inputs_schema={"properties": {"secrets": secrets}}))

    def status(**inputs: Any) -> int:
        answer = client.post(DEFS, json=definition(driver_type=OWN, driver_inputs=inputs))
        client.delete(f"{DEFS}/store-one")
        assert "hush" not in answer.text
        return answer.status_code

    assert status(secrets={"credentials": {"user": "hush", "port": 5}}) == 200
    assert status(secrets={"credentials": {"user": "hush", "port": "hush"}}) == 400
    assert status(secrets={"credentials": {"user": "hush"}}) == 400
    assert status(secrets={"credentials": "hush"}) == 400
    assert status(secrets={"credentials": "${resources['config#c'].outputs.any}"}) == 200
    assert status(secret_refs={"credentials": {"store": "s", "ref": "r"}}) == 200
    assert status(secret_refs={"credentials": {"user": {"value": "hush"}}}) == 400
    assert status(values={"free": 1}) == 400
    assert client.post(DEFS, json=definition(driver_type=OWN)).status_code == 400


def test_an_empty_part_is_equal_to_an_absent_one(client: httpx.Client, definition: Make) -> None:
    closed = {**_schema(values={"type": "object"}), "additionalProperties": False, "required": ["values"]}
    client.post(DRIVERS, json=_driver(inputs_schema=closed))

    accepted: tuple[Any, ...] = (None, {}, {"values": {}}, {"values": {"a": 1}, "secrets": {}})
    for number, inputs in enumerate(accepted):
        body = definition(f"def-{number}", driver_type=OWN, driver_inputs=inputs)
        assert client.post(DEFS, json=body).status_code == 200
    body = definition(driver_type=OWN, driver_inputs={"secrets": {"a": "hush"}})
    assert client.post(DEFS, json=body).status_code == 400


def test_a_patch_is_checked_together_with_what_is_stored(client: httpx.Client, definition: Make) -> None:
    values = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    secrets = {"type": "object", "required": ["s"]}
    client.post(DRIVERS, json=_driver(inputs_schema=_schema(values=values, secrets=secrets)))
    inputs = {"values": {"a": 1}, "secrets": {"s": "hush"}}
    client.post(DEFS, json=definition(driver_type=OWN, driver_inputs=inputs))
    before = client.get(f"{DEFS}/store-one").json()

    def patch(**inputs: Any) -> int:
        return client.patch(f"{DEFS}/store-one", json={"driver_inputs": inputs}).status_code

    assert patch(values={"a": None}) == 400
    assert patch(values={"a": "x"}) == 400
    assert patch(secrets={"s": None}) == 400
    assert client.get(f"{DEFS}/store-one").json() == before
    assert patch(values={"b": 2}) == 200
    assert patch(secrets={"t": "hush"}) == 200
    assert client.put(f"{DEFS}/store-one", json={"name": "x"}).status_code == 400


def test_a_seed_may_plant_drivers_of_other_organizations_and_bare_ones(
    emulator: Emulator, client: httpx.Client
) -> None:
    emulator.seed(
        {
            "organization": "acme",
            "drivers": [{"id": "queue"}, {"id": "shared", "org_id": "partner", "account_types": ["gcp"]}],
        }
    )

    assert client.get(f"{DRIVERS}/queue").json()["target"] == "driver://acme/queue"
    assert client.post(DRIVERS, json=_driver(target="driver://partner/shared")).status_code == 200
    assert client.post(DRIVERS, json=_driver("two", target="driver://acme/queue")).status_code == 200
    assert client.get(f"{DRIVERS}/shared").status_code == 404
    for item in ({"id": "queue"}, {}, {"id": ""}, {"id": "x", "inputs_schema": 5}, {"id": "x", "type": 5}):
        with pytest.raises(ApiError, match=r"drivers\[0\]"):
            emulator.seed({"organization": "acme", "drivers": [item]})
