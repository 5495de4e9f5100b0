"""Every v1 operation follows the published description: schemathesis sends requests over a real port.

The description is outside the checkout and is read, never copied. It says less than the
service does; `READINGS` lists all places that are read differently here, each with
its reason. No operation and no check is left out.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import schemathesis
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, settings
from requests.adapters import HTTPAdapter
from schemathesis.specs.openapi.checks import positive_data_acceptance

from reconciler.emulator import Effect, Emulator
from reconciler.emulator.web.server import running
from tests.emulator.conftest import HEADERS, START

DESCRIPTION = Path(__file__).parents[3] / "shared" / "reference" / "orchestrator-v1.openapi.json"

if not DESCRIPTION.is_file():
    pytest.skip("the published v1 description is not next to the checkout", allow_module_level=True)

pytestmark = pytest.mark.slow

Document = dict[str, Any]

SEED = 20260301
BOUNDED = settings(
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def pem(number: int) -> str:
    """An RSA key of 4096 bits with a made-up modulus; no private half exists."""
    key = RSAPublicNumbers(65537, (1 << 4095) + 2 * number + 1).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(number: int) -> str:
    der = base64.b64decode("".join(pem(number).splitlines()[1:-1]))
    return hashlib.sha256(der).hexdigest()


REGISTERED, OPERATOR, FRESH = (1, 2), 3, (4, 5)

WORLD: Document = {
    "organization": "acme",
    "secret_stores": [{"id": "eu-vault", "primary": False, "vault": {"url": "https://vault.example"}}],
    "operator_keys": [{"key": pem(OPERATOR)}],
    "resource_types": [{"type": "acme/queue"}],
    "classes": [{"type": "s3", "id": "big", "description": ""}],
    "drivers": [{"id": "own-driver"}],
    "accounts": [
        {"id": name, "name": name, "type": "aws", "credentials": {"access_key_id": "k"}}
        for name in ("aws-free", "aws-used")
    ],
    "agents": [{"id": "eu-1", "public_key": pem(REGISTERED[0])}],
    "agent_keys": [{"agent": "eu-1", "public_key": pem(REGISTERED[1])}],
    "definitions": [
        {
            "id": name,
            "name": name,
            "type": "s3",
            "driver_type": "humanitec/echo",
            "driver_account": "aws-used",
            "criteria": [{"app_id": name}],
        }
        for name in ("store-free", "store-held")
    ],
    "active_resources": [
        {"def_id": "store-held", "app_id": "store-held", "env_id": "dev", "res_id": "bucket"}
    ],
}
"""The objects that exist for every request; they are planted again for each."""

LATER = "known-only-to-the-running-emulator"
"""Placeholder for an id that the emulator generates, until the request is sent."""

MADE = {
    rf"/orgs/acme/resources/defs/(store-free|store-held)/criteria/{LATER}": (
        "resources/defs/{}",
        "criteria",
        0,
    ),
    # The oldest version, since the active one cannot be archived.
    rf"/orgs/acme/resources/defs/(store-free|store-held)/versions/{LATER}": (
        "resources/defs/{}/versions",
        "",
        -1,
    ),
    rf"/orgs/acme/(keys)/{LATER}": ("{}", "", 0),
}
"""From a part of a path to the document, its member and the position of the item that has the id."""

IDS: Mapping[str, list[str]] = {
    "orgId": ["acme"],
    "agentId": ["eu-1"],
    "fingerprint": [fingerprint(number) for number in REGISTERED],
    "keyId": [LATER],
    "storeId": ["eu-vault"],
    "accId": ["aws-free"],
    "defId": ["store-free", "store-held"],
    "criteriaId": [LATER],
    "defVersionId": [LATER],
    "driverId": ["own-driver"],
    "typeId": ["acme/queue"],
    "classId": ["big"],
}
"""Path parameters: values of existing objects, so that valid requests must succeed."""

CLASSES = "/orgs/{orgId}/resources/types/{typeId}/classes"
ELSEWHERE: Mapping[str, Mapping[str, list[str]]] = {
    # Their pattern has no slash, so they cannot name an own type.
    CLASSES: {"typeId": ["s3"]},
    CLASSES + "/{classId}": {"typeId": ["s3"]},
    # It has no 404: an unknown id gives an empty list.
    "/orgs/{orgId}/resources/defs/{defId}/resources": {"defId": []},
}
"""Paths that know other ids than the rest; an empty list leaves a parameter as described."""


@dataclass(frozen=True)
class Reading:
    """One place that is read differently: `schema member`, `body path` or `query name path`."""

    place: str
    schema: Mapping[str, Any]
    reason: str


def _choice(*values: Any) -> Document:
    return {"enum": list(values), "nullable": None in values}


def _selectors(options: Document) -> Document:
    empty = {"required": [""]}
    return {"type": "object", "nullable": True, "additionalProperties": options, "not": empty}


_CREATE = "CreateResourceDefinitionRequestRequest"
_PUT = "UpdateResourceDefinitionRequestRequest"
_PATCH = "PatchResourceDefinitionRequestRequest"
_KEYS = _choice(*(pem(number) for number in FRESH))
_NO_KEY = "JSON Schema cannot tell an RSA key of 4096 bits from other text"
_UNKNOWN = "what a body names has to exist (U26)"
_ACCOUNT = {
    "type": "string",
    "nullable": True,
    "anyOf": [
        {"enum": ["", "${resources.config.account}", None]},
        {"pattern": "^[a-z0-9][a-z0-9-]+[a-z0-9]$"},
    ],
}
_ACCOUNT_REASON = "a placeholder may stand for an account, and the empty text unsets it (sections 1.4, 4.5)"
_LEAF = {
    "type": "object",
    "nullable": True,
    "anyOf": [{"required": ["store", "ref"]}, {"maxProperties": 0}],
    "properties": {
        "store": {"type": "string", "not": {"enum": ["humanitec"]}},
        "ref": {"type": "string"},
        "version": {"type": "string", "nullable": True},
    },
    "additionalProperties": False,
}
_BRANCH = {"anyOf": [_LEAF, {"type": "array", "items": {"$ref": "#/components/schemas/Branch"}}]}
_OPTIONS = {"$ref": "#/components/schemas/ProvisionDependenciesRequest"}
_SELECTOR = "a selector begins with a type (section 4.8); in a PATCH null removes it (section 4.5)"
_KINDS = {
    "awssm": "AWSSMRequest",
    "azurekv": "AzureKVRequest",
    "gcpsm": "GCPSMRequest",
    "vault": "VaultRequest",
}
_ONE_KIND = [
    {
        "type": "object",
        "required": ["id", "primary", kind],
        "properties": {
            "id": {"type": "string", "pattern": "^[a-z0-9](?:-?[a-z0-9])+$"},
            "primary": {"type": "boolean"},
            kind: {"$ref": f"#/components/schemas/{schema}"},
            **{other: _choice(None) for other in _KINDS if other != kind},
        },
    }
    for kind, schema in _KINDS.items()
]
_NOT = {"type": "boolean", "enum": [False]}
_INPUTS = {
    "values": {"type": "object", "nullable": True},
    "secrets": {"type": "object", "nullable": True},
    "secret_refs": {
        "type": "object",
        "nullable": True,
        "additionalProperties": {"$ref": "#/components/schemas/Branch"},
    },
}
_OWN_USE = _choice("direct", "indirect")

READINGS = (
    Reading("AgentCreateBody public_key", _KEYS, _NO_KEY),
    Reading("KeyCreateBody public_key", _KEYS, _NO_KEY),
    Reading("body /orgs/{orgId}/keys", _KEYS, _NO_KEY),
    Reading(
        "query fingerprint /orgs/{orgId}/keys",
        {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "the documented 400 needs a reason, and no other is known",
    ),
    Reading("query page", _choice(""), "only tokens that were handed out lead on (section 4.9)"),
    Reading("query check_credential", _NOT, "whether credentials are good is no matter of shape"),
    Reading(f"{_CREATE} driver_account", _ACCOUNT, _ACCOUNT_REASON),
    Reading(f"{_PUT} driver_account", _ACCOUNT, _ACCOUNT_REASON),
    Reading(f"{_PATCH} driver_account", _ACCOUNT, _ACCOUNT_REASON),
    Reading(f"{_CREATE} type", _choice("s3", "mysql", "acme/queue"), _UNKNOWN),
    Reading(f"{_CREATE} driver_type", _choice("humanitec/echo", "humanitec/template"), _UNKNOWN),
    Reading(f"{_PUT} driver_type", _choice("", None, "humanitec/echo", "humanitec/template"), _UNKNOWN),
    Reading(f"{_CREATE} provision", _selectors(_OPTIONS), _SELECTOR),
    Reading(f"{_PUT} provision", _selectors(_OPTIONS), _SELECTOR),
    Reading(f"{_PATCH} provision", _selectors({"nullable": True, "allOf": [_OPTIONS]}), _SELECTOR),
    Reading(
        "ValuesSecretsRefsRequest",
        {
            "anyOf": [
                {"type": "object", "properties": {**_INPUTS, left_out: _choice(None)}}
                for left_out in ("secrets", "secret_refs")
            ]
        },
        "the rules of references, and that they exclude plain secrets, stand in prose only (4.6, A21)",
    ),
    Reading(
        "CreateSecretStorePayloadRequest",
        {"oneOf": _ONE_KIND},
        "exactly one kind is in prose only (section 5.2)",
    ),
    *(
        Reading(f"UpdateSecretStorePayloadRequest {kind}", _choice(None), "a store keeps its kind (U25)")
        for kind in _KINDS
        if kind != "vault"
    ),
    Reading("ResourceTypeRequest type", _choice("acme/topic"), "own types begin with the organization"),
    Reading("ResourceTypeRequest use", _OWN_USE, "what `use` may be is in prose only (section 7.1)"),
    Reading("UpdateResourceTypeRequestRequest use", _OWN_USE, "as above"),
    Reading("PatchResourceTypeRequestRequest use", _choice("direct", "indirect", None), "as above"),
    *(
        Reading(f"{name} {member}", schema, reason)
        for name in ("CreateDriverRequestRequest", "UpdateDriverRequestRequest")
        for member, schema, reason in (
            ("type", _choice("s3", "acme/queue"), _UNKNOWN),
            (
                "target",
                _choice("https://drivers.example/x", "driver://humanitec/echo"),
                "a URL, or a driver that exists (section 7.2)",
            ),
        )
    ),
    Reading(
        "CreateResourceAccountRequestRequest id",
        {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]+[a-z0-9]$"},
        "only such an account can be named by a definition (section 1.4)",
    ),
    *(
        Reading(f"{name} {member}", {"type": "string", "minLength": 1, **more}, "empty counts as missing")
        for name, member, more in (
            ("CreateResourceAccountRequestRequest", "name", {}),
            ("CreateResourceAccountRequestRequest", "type", {}),
            ("UpdateResourceAccountRequestRequest", "name", {"nullable": True}),
        )
    ),
)
"""In addition to these, for all operations (`_read`):

- Patterns with nested quantifiers backtrack exponentially; the equivalent replaces them (1.4).
- Component schemas without a type are objects: the description forgot to say so.
- Optional members of requests may be null, which counts as absent (4.5).
- 400, 401, 404, 405 and 422 may occur anywhere, with the standard body (1.1, 8).
- Every operation needs a Bearer token; the description declares no security (1).
- Examples are dropped: they name what does not exist, and one key in them is malformed (A4, A7).
- Unknown query parameters are ignored, so sending some is no fault.
"""


def _read() -> Document:
    text = DESCRIPTION.read_text(encoding="utf-8").replace("(?:-?[a-z0-9]+)+", "(?:-?[a-z0-9])+")
    document: Document = _without_examples(json.loads(text))
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        schema.setdefault("type", "object")
        if name.endswith(("Request", "Body")):
            for member, reading in schema.get("properties", {}).items():
                if member not in schema.get("required", ()):
                    reading["nullable"] = True
    readings = {reading.place: dict(reading.schema) for reading in READINGS}
    for place, reading in readings.items():
        name, _, member = place.partition(" ")
        if member and name in schemas:
            schemas[name]["properties"][member] = reading
        elif name in schemas:
            schemas[name] = reading
    schemas["Branch"] = _BRANCH
    parameters = document["components"]["parameters"]
    for path, item in document["paths"].items():
        for operation in item.values():
            _read_operation(path, operation, parameters, readings)
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    return document


def _without_examples(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_examples(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_examples(item) for name, item in value.items() if name not in ("example", "examples")
    }


def _read_operation(
    path: str, operation: Document, shared: Mapping[str, Any], readings: Mapping[str, Document]
) -> None:
    known = {**IDS, **ELSEWHERE.get(path, {})}
    read = []
    for item in operation["parameters"]:
        parameter = dict(shared[item["$ref"].rpartition("/")[2]] if "$ref" in item else item)
        name = parameter["name"]
        if parameter["in"] == "path" and known[name]:
            parameter["schema"] = {"type": "string", "enum": known[name]}
        for place in (f"query {name}", f"query {name} {path}"):
            if parameter["in"] == "query" and place in readings:
                parameter["schema"] = readings[place]
        read.append(parameter)
    operation["parameters"] = read
    if f"body {path}" in readings and "requestBody" in operation:
        operation["requestBody"]["content"]["application/json"]["schema"] = readings[f"body {path}"]
    for status in ("400", "401", "404", "405", "422"):
        operation["responses"].setdefault(status, {"description": "general"})
    for status, answer in operation["responses"].items():
        if status.startswith("4") and "$ref" not in answer:
            answer.setdefault(
                "content",
                {"application/json": {"schema": {"$ref": "#/components/schemas/HumanitecErrorResponse"}}},
            )


CONFIG = schemathesis.Config.from_dict(
    {
        "seed": SEED,
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "409"]}},
        "generation": {"allow-extra-parameters": False},
    }
)
schema = schemathesis.openapi.from_dict(_read(), config=CONFIG)


class _Knowing(HTTPAdapter):
    """Sends requests, with ids that the emulator has just generated in place of `LATER`."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        transport = emulator.transport()
        self._client = httpx.Client(
            transport=transport, base_url="http://emulator/orgs/acme/", headers=HEADERS
        )

    def send(self, request: requests.PreparedRequest, *args: Any, **keywords: Any) -> requests.Response:
        url = request.url or ""
        for pattern, (path, member, place) in MADE.items():
            found = re.search(pattern, url)
            if found:
                document = self._client.get(path.format(found[1])).json()
                items = document[member] if member else document
                request.url = url.replace(LATER, items[place]["id"])
        return super().send(request, *args, **keywords)


@dataclass
class Service:
    """A running emulator and its address."""

    emulator: Emulator
    url: str
    session: requests.Session
    is_planted: bool = False

    def start_over(self) -> None:
        """Plant the objects and a second version of each definition again if anything has changed them."""
        if self.is_planted and all(entry.effect is Effect.NONE for entry in self.emulator.log.entries()):
            return
        self.emulator.reset()
        self.emulator.seed(WORLD)
        for definition in WORLD["definitions"]:
            path = f"{self.url}/orgs/acme/resources/defs/{definition['id']}"
            self.session.patch(path, json={"name": "renamed"}, headers=HEADERS).raise_for_status()
        self.emulator.log.clear()
        self.is_planted = True


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with (
        Emulator(organizations=["acme"], tokens={"practice": "ci"}, clock=lambda: START) as emulator,
        running(emulator) as url,
        requests.Session() as session,
    ):
        session.trust_env = False
        session.mount("http://", _Knowing(emulator))
        yield Service(emulator, url, session)


@schema.parametrize()
@BOUNDED
def test_every_answer_is_one_that_the_description_allows(
    case: schemathesis.Case[Any], service: Service
) -> None:
    service.start_over()

    case.call_and_validate(base_url=service.url, headers=HEADERS, session=service.session)


@pytest.mark.parametrize(
    ("path", "verb", "ids", "status"),
    [
        ("/orgs/{orgId}/resources/accounts/{accId}", "DELETE", {"accId": "aws-used"}, 400),
        ("/orgs/{orgId}/resources/defs/{defId}", "DELETE", {"defId": "store-held"}, 409),
        (
            "/orgs/{orgId}/resources/defs/{defId}/criteria/{criteriaId}",
            "DELETE",
            {"defId": "store-held", "criteriaId": LATER},
            409,
        ),
        ("/orgs/{orgId}/resources/types/{typeId}", "DELETE", {"typeId": "s3"}, 403),
        ("/orgs/{orgId}/resources/defs/{defId}/resources", "GET", {"defId": "store-held"}, 200),
        ("/orgs/{orgId}/resources/drivers/{driverId}", "GET", {"driverId": "echo"}, 200),
        ("/orgs/{orgId}/secretstores/{storeId}", "GET", {"storeId": "humanitec"}, 200),
    ],
)
def test_answers_that_random_requests_do_not_cause_have_the_documented_body(
    service: Service, path: str, verb: str, ids: dict[str, str], status: int
) -> None:
    service.start_over()
    case = schema[path][verb].Case(path_parameters={"orgId": "acme", **ids})

    answer = case.call_and_validate(
        base_url=service.url,
        headers=HEADERS,
        session=service.session,
        excluded_checks=[positive_data_acceptance],
    )

    assert answer.status_code == status


LIVES: Mapping[str, tuple[str, Any, str, str, tuple[tuple[str, Any], ...]]] = {
    "agents": (
        "/orgs/{orgId}/agents",
        {"id": "eu-9", "public_key": pem(FRESH[0])},
        "/{agentId}",
        "id",
        (("PATCH", {"description": "EU"}),),
    ),
    "agent keys": (
        "/orgs/{orgId}/agents/{agentId}/keys",
        {"public_key": pem(FRESH[0])},
        "/{fingerprint}",
        "fingerprint",
        (),
    ),
    "operator keys": ("/orgs/{orgId}/keys", pem(FRESH[0]), "/{keyId}", "id", (("GET", None),)),
    "secret stores": (
        "/orgs/{orgId}/secretstores",
        {"id": "eu-new", "primary": True, "gcpsm": {"project_id": "p", "auth": {"secret_access_key": "k"}}},
        "/{storeId}",
        "id",
        (("GET", None), ("PATCH", {"primary": False}), ("GET", None)),
    ),
    "definitions": (
        "/orgs/{orgId}/resources/defs",
        {"id": "new", "name": "", "type": "s3", "driver_type": "humanitec/echo", "criteria": [{}]},
        "/{defId}",
        "id",
        (
            ("GET", None),
            ("PUT", {"name": "put", "driver_inputs": {"values": {"a": 1}, "secrets": {"b": "plain"}}}),
            ("PATCH", {"provision": {"dns": {}}}),
            ("GET", None),
        ),
    ),
    "criteria": (
        "/orgs/{orgId}/resources/defs/{defId}/criteria",
        {"res_id": "bucket", "env_id": "dev", "env_type": "test"},
        "/{criteriaId}",
        "id",
        (),
    ),
    "types": (
        "/orgs/{orgId}/resources/types",
        {"type": "acme/topic", "use": "direct"},
        "/{typeId}",
        "type",
        (("PATCH", {"category": "messages"}), ("PUT", {"use": "indirect"})),
    ),
    "classes": (
        CLASSES,
        {"id": "small", "description": ""},
        "/{classId}",
        "id",
        (("GET", None), ("PATCH", {"description": "cheap"})),
    ),
    "drivers": (
        "/orgs/{orgId}/resources/drivers",
        {
            "id": "new-driver",
            "type": "s3",
            "target": "driver://humanitec/echo",
            "inputs_schema": {},
            "account_types": [],
        },
        "/{driverId}",
        "id",
        (
            ("GET", None),
            (
                "PUT",
                {"type": "s3", "target": "https://d.example", "inputs_schema": {}, "account_types": ["aws"]},
            ),
        ),
    ),
    "accounts": (
        "/orgs/{orgId}/resources/accounts",
        {"id": "new-account", "name": "n", "type": "aws", "credentials": {"access_key_id": "k"}},
        "/{accId}",
        "id",
        (("GET", None), ("PATCH", {"name": "m"})),
    ),
}
"""Collections: path, create body, path and member of the id, what is done before the deletion."""


@pytest.mark.parametrize("kind", LIVES)
def test_an_object_is_created_changed_and_deleted_as_described(service: Service, kind: str) -> None:
    path, body, item, member, steps = LIVES[kind]
    service.start_over()
    ids = {
        name: known[0] for name, known in {**IDS, **ELSEWHERE.get(path, {})}.items() if f"{{{name}}}" in path
    }

    def call(verb: str, place: str, sent: Any = None) -> schemathesis.Response:
        content = {} if sent is None else {"body": sent, "media_type": "application/json"}
        case = schema[place][verb].Case(path_parameters=dict(ids), **content)
        return case.call_and_validate(
            base_url=service.url,
            headers=HEADERS,
            session=service.session,
            excluded_checks=[positive_data_acceptance],
        )

    created = call("POST", path, body)
    ids[item.strip("/{}")] = quote(created.json()[member], safe="")
    changed = [call(verb, path + item, sent) for verb, sent in steps]
    deleted = [call("DELETE", path + item) for _ in range(2)]

    assert created.status_code == (201 if kind == "secret stores" else 200)
    assert [answer.status_code for answer in changed] == [200] * len(steps)
    assert [answer.status_code for answer in deleted] == [204, 404]
