"""Every v2 operation follows the published descriptions: schemathesis sends requests over a real port.

The descriptions are outside the checkout and are read, never copied. `READINGS` lists where they
say less than the server does, `NOT_SERVED` and `EXCUSED` what is left out, each with its reason.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from reconciler.emulator import Choices, Effect, Emulator
from reconciler.emulator.web.server import running
from tests.emulator.agent_tokens import AgentKey
from tests.emulator.conftest import START

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
CONTROL_PLANE = REFERENCE / "orchestrator-v2.openapi.yaml"
DATA_PLANE = REFERENCE / "orchestrator-v2-dp.openapi.yaml"

if not (CONTROL_PLANE.is_file() and DATA_PLANE.is_file()):
    pytest.skip("the published v2 descriptions are not next to the checkout", allow_module_level=True)

pytestmark = pytest.mark.slow

Document = dict[str, Any]
Case = schemathesis.Case[Any]

TOKEN = "practice"
SEED = 20260301
BOUNDED = settings(
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

AGENT = AgentKey(bytes([1]) * 32)
KEY = AGENT.pem
WORLD: Document = {
    "organization": "acme",
    "env_types": [{"id": "dev"}, {"id": "prod"}],
    "projects": [{"id": "shop"}, {"id": "bank"}],
    "runners": [
        {
            "id": name,
            "runner_configuration": {
                "type": "kubernetes-agent",
                "key": KEY,
                "job": {"namespace": "jobs", "service_account": "job"},
            },
            "state_storage_configuration": {"type": "kubernetes", "namespace": "jobs"},
        }
        for name in ("bound", "free")
    ],
    "runner_rules": [{"runner_id": "bound", "project_id": "shop"}],
    "environments": [
        {"id": "live", "project": "shop", "env_type_id": "dev", "deployed": True},
        {"id": "idle", "project": "shop", "env_type_id": "dev"},
    ],
    "v2_resource_types": [{"id": "bucket", "output_schema": {}}, {"id": "queue", "output_schema": {}}],
    "module_providers": [
        {"provider_type": "aws", "id": name, "source": "hashicorp/aws", "version_constraint": "~> 1.0"}
        for name in ("used", "spare")
    ],
    "modules": [
        {
            "id": name,
            "resource_type": "bucket",
            "module_source": "git::https://host/repository",
            "module_params": {"size": {"type": "number"}},
            "provider_mapping": {"aws": "aws.used"},
        }
        for name in ("ruled", "loose")
    ],
    "module_rules": [{"module_id": "ruled", "project_id": "shop"}],
}
"""The objects that exist for every request; they are planted again for each."""

NO_ROUTE = "no matching operation was found"

LATER = "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"
"""Placeholder for an id that the emulator generates, until the request is sent."""

DEPLOYMENT = "01234567-89ab-4def-8123-456789abcdef"
UNKNOWN_UUID = "00000000-0000-4000-8000-000000000000"

MADE = {
    "/runner-rules/": ("runner-rules", "id"),
    "/module-rules/": ("module-rules", "id"),
    "/versions/": ("modules/loose/versions", "version_id"),
}
"""From a part of a path to the list and the member of its first item that has the id."""

IDS: Mapping[str, list[str]] = {
    "orgId": ["acme", "nobody"],
    "projectId": ["shop", "bank", "none"],
    "envId": ["live", "idle", "none"],
    "envTypeId": ["dev", "prod", "none"],
    "runnerId": ["bound", "free", "none"],
    "typeId": ["bucket", "queue", "none"],
    "providerType": ["aws", "gcp"],
    "providerId": ["used", "spare", "none"],
    "moduleId": ["ruled", "loose", "none"],
    "moduleVersionId": [LATER, UNKNOWN_UUID],
    "ruleId": [LATER, UNKNOWN_UUID],
    "deploymentId": [DEPLOYMENT, UNKNOWN_UUID],
    "X-Deployment-Token": [LATER, "stranger"],
}
"""Parameters: values of existing objects, and one of none."""


@dataclass(frozen=True)
class Reading:
    """One thing that the descriptions leave out, and how it is put in."""

    reason: str
    apply: Callable[[Document], None]


def _operations(document: Document) -> Iterator[Document]:
    for item in document["paths"].values():
        yield from item.values()


def _add_error_answers(document: Document) -> None:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for operation in _operations(document):
        for status in ("400", "401", "403", "404", "500"):
            operation["responses"].setdefault(status, {"description": "", "content": error})


def _take_tokens(document: Document) -> None:
    schemes = document["components"]["securitySchemes"]
    schemes["userIdHeader"] = schemes["jwtAuth"] = {"type": "http", "scheme": "bearer"}


LOOSE = frozenset(
    {
        "K8sStorageConfiguration",
        "S3StorageConfiguration",
        "GCSStorageConfiguration",
        "AzureRMStorageConfiguration",
        # Both describe a whole configuration once more, where a runner is read alone.
        "RunnerConfigurationSummary",
        "StateStorageConfigurationSummary",
    }
)


def _close_bodies(document: Document) -> None:
    schemas = document["components"]["schemas"]
    # Schemas that are merged with others stay open: JSON Schema closes each part separately.
    merged = {
        part["$ref"].rpartition("/")[2]
        for schema in schemas.values()
        for part in schema.get("allOf", ())
        if "$ref" in part
    }
    for name, schema in schemas.items():
        if "properties" in schema and "allOf" not in schema and name not in LOOSE | merged:
            schema["additionalProperties"] = False


def _type_objects(document: Document) -> None:
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("type", "object")


def _pin_discriminators(document: Document) -> None:
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        for value, reference in schema.get("discriminator", {}).get("mapping", {}).items():
            variant = schemas[reference.rpartition("/")[2]]
            name = schema["discriminator"]["propertyName"]
            variant["properties"][name] = {"type": "string", "enum": [value]}


def _take_null_for_a_default(document: Document) -> None:
    for schema in document["components"]["schemas"].values():
        for member in schema.get("properties", {}).values():
            if "default" in member:
                member["nullable"] = True


KNOWN_TYPE = {"type": "string", "enum": ["bucket", "queue"]}
SOURCE = {"type": "string", "pattern": "^git::https://host/[a-z]{1,9}$"}
AT_MOST_TWENTY: Mapping[str, Any] = {"type": "object", "maxProperties": 20}

NARROWED: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("EnvironmentCreateBody", "env_type_id"): {"type": "string", "enum": ["dev", "prod"]},
    ("RunnerRuleCreateBody", "runner_id"): {"type": "string", "enum": ["bound", "free"]},
    ("RunnerRuleCreateBody", "project_id"): {"type": "string", "enum": ["", "bank", "shop"]},
    ("RunnerRuleCreateBody", "env_type_id"): {"type": "string", "enum": ["", "prod"]},
    ("K8sRunnerJobConfig", "pod_template"): {"type": "object", "maxProperties": 0},
    ("K8sAgentRunnerConfiguration", "key"): {"type": "string", "enum": [KEY]},
    ("K8sAgentRunnerConfigurationUpdateBody", "key"): {"type": "string", "enum": [KEY]},
    ("ModuleDependencyManifest", "type"): KNOWN_TYPE,
    ("ModuleCoProvisionManifest", "type"): KNOWN_TYPE,
    ("RuleCreateBody", "module_id"): {"type": "string", "enum": ["ruled", "loose"]},
    **{
        (body, name): reading
        for body in ("ModuleCreateBody", "ModuleUpdateBody")
        for name, reading in {
            "module_source": SOURCE,
            "module_inputs": AT_MOST_TWENTY,
            "provider_mapping": {
                **AT_MOST_TWENTY,
                "additionalProperties": {"type": "string", "enum": ["aws.used"]},
            },
        }.items()
    },
    ("ModuleCreateBody", "resource_type"): KNOWN_TYPE,
    ("DeploymentResultsUpdateBody", "outputs"): {"type": "string", "pattern": "^(?:[A-Za-z0-9+/]{4})*$"},
}
"""Members whose rules exist only in prose, by schema and name: values that certainly follow them."""


def _narrow_members(document: Document) -> None:
    schemas = document["components"]["schemas"]
    for (schema, name), reading in NARROWED.items():
        if schema in schemas:
            schemas[schema]["properties"][name] = dict(reading)
    for body in ("ModuleCreateBody", "ModuleUpdateBody"):
        # Code comes with the one source that is not generated.
        schemas.get(body, {"properties": {}})["properties"].pop("module_source_code", None)


def _spell_patterns(value: Any) -> None:
    if isinstance(value, dict):
        pattern = value.get("pattern")
        if isinstance(pattern, str):
            value["pattern"] = pattern.replace("(?:-?[a-z0-9]+)+", "(?:-?[a-z0-9])+").replace(
                "\\ud800-\\udfff", ""
            )
        for item in value.values():
            _spell_patterns(item)
    elif isinstance(value, list):
        for item in value:
            _spell_patterns(item)


def _name_known_objects(document: Document) -> None:
    shared = document["components"]["parameters"].values()
    own = (item for operation in _operations(document) for item in operation["parameters"])
    for parameter in (*shared, *(item for item in own if "name" in item)):
        if parameter["name"] in IDS:
            known = IDS[parameter["name"]]
            parameter["schema"] = {**parameter["schema"], "enum": known}
            parameter["example"] = known[0]
        if parameter["name"] == "page":
            # The empty token is the first page; every other one is issued for one list.
            parameter["schema"], parameter["example"] = {"type": "string", "enum": [""]}, ""


READINGS = (
    Reading("every operation can give these, and the description says so in its preface", _add_error_answers),
    Reading("clients come with a token; `From` is only for loopback (2.1)", _take_tokens),
    Reading("decoding is strict, but for storage, which keeps what it does not know (3.2)", _close_bodies),
    Reading("the server refuses null where a schema has members and no type (3.2)", _type_objects),
    Reading("a discriminator chooses the variant; plain JSON Schema does not know it", _pin_discriminators),
    Reading("a default is written over null as well as over nothing (5.7)", _take_null_for_a_default),
    Reading("references, sources, keys and templates are checked beyond the schema", _narrow_members),
    Reading(
        "equivalents that never backtrack, without surrogates, which UTF-8 cannot carry", _spell_patterns
    ),
    Reading("made-up ids would only ever meet a 404", _name_known_objects),
)

NOT_SERVED: Mapping[str, str] = {
    "GET /orgs/{orgId}/envs": "is in no rule of the gateway (2.4)",
}
"""Operations that the emulator does not have."""


MORE_RULES: Mapping[str, str] = {
    "POST /orgs/{orgId}/runners": "the storage must suit the type (5.3)",
    "PATCH /orgs/{orgId}/runners/{runnerId}": "the type must be the stored one (5.4)",
    "POST /orgs/{orgId}/modules": "parameters and inputs share no key",
    "PATCH /orgs/{orgId}/modules/{moduleId}": "parameters and inputs share no key",
    "GET /orgs/{orgId}/module-rules": "byEnvId needs byProjectId",
    "POST /orgs/{orgId}/module-rules": "env_id needs project_id and excludes env_type_id (16)",
}
"""Operations with rules between members: a body that matches its schema may be refused."""


@dataclass(frozen=True)
class Excuse:
    """A check that does not hold somewhere, and why."""

    check: Any
    applies: Callable[[Case, int], bool]
    reason: str


EXCUSED = (
    Excuse(
        checks.unsupported_method,
        lambda case, status: status in (401, 404),
        "a wrong method is 404, never 405, and 401 to those whom the gateway does not know (2.2, 3.1)",
    ),
    Excuse(
        schemathesis.checks.not_a_server_error,
        lambda case, status: status == 500 and "page" in (case.query or {}),
        "a page token that was never handed out is unforeseen (4)",
    ),
    Excuse(
        schemathesis.checks.not_a_server_error,
        lambda case, status: status == 503 and case.path.endswith("/push-message"),
        "the description's own answer while no agent waits (9.3)",
    ),
    Excuse(
        checks.negative_data_rejection,
        lambda case, status: status < 300 and not _leads_somewhere(case),
        "any string may name a place, the list of names is that of the tests (4)",
    ),
    Excuse(
        checks.positive_data_acceptance,
        lambda case, status: status == 400 and case.operation.label in MORE_RULES,
        "members depend on each other in ways that the schema does not say (see MORE_RULES)",
    ),
)


def _leads_somewhere(case: Case) -> bool:
    named = {**case.path_parameters, **dict(case.headers or {})}
    return all(value in IDS[name] for name, value in named.items() if name in IDS)


def _is_sent_without_token(case: Case) -> bool:
    header = case.meta.components.get(ParameterLocation.HEADER) if case.meta else None
    return header is not None and header.mode.is_negative


def _amended(path: Path) -> Document:
    document: Document = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    for reading in READINGS:
        reading.apply(document)
    return document


CONFIG = schemathesis.Config.from_dict({"seed": SEED, "generation": {"allow-x00": False}})
control_plane = schemathesis.openapi.from_dict(_amended(CONTROL_PLANE), config=CONFIG)
data_plane = schemathesis.openapi.from_dict(_amended(DATA_PLANE), config=CONFIG)


@dataclass
class Service:
    emulator: Emulator
    url: str
    client: httpx.Client
    session: requests.Session
    is_planted: bool = False

    def start_over(self) -> None:
        """Plant the objects again if anything has changed them."""
        if self.is_planted and all(entry.effect is Effect.NONE for entry in self.emulator.log.entries()):
            return
        self.emulator.reset()
        self.emulator.seed(WORLD)
        self.is_planted = True

    def made_id(self, path: str) -> str:
        """An id that the emulator has just generated, for the last parameter of `path`."""
        listed, member = next(pair for part, pair in MADE.items() if part in path)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = self.client.get(f"/orgs/acme/{listed}", headers=headers)
        made: str = answer.json()["items"][0][member]
        return made

    def check(self, case: Case, headers: Mapping[str, str]) -> None:
        """Send one request and check the answer against its description."""
        sent = {} if _is_sent_without_token(case) else dict(headers)

        answer = case.call(base_url=self.url, headers=sent, session=self.session)

        if answer.status_code == 404 and case.method == case.operation.method.upper():
            assert NO_ROUTE not in answer.text
        excused = [excuse.check for excuse in EXCUSED if excuse.applies(case, answer.status_code)]
        case.validate_response(
            answer, excluded_checks=excused, headers=sent, transport_kwargs={"base_url": self.url}
        )


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with (
        Emulator(
            organizations=["acme"],
            tokens={TOKEN: "ci"},
            clock=lambda: START,
            choices=Choices(poll_seconds=0),
        ) as emulator,
        running(emulator) as url,
        httpx.Client(transport=emulator.transport(), base_url=url) as client,
        requests.Session() as session,
    ):
        session.trust_env = False
        yield Service(emulator, url, client, session)


@control_plane.exclude(lambda context: context.operation.label in NOT_SERVED).parametrize()
@BOUNDED
def test_every_answer_is_one_that_the_description_allows(case: Case, service: Service) -> None:
    service.start_over()
    for name, value in case.path_parameters.items():
        if value == LATER:
            case.path_parameters[name] = service.made_id(case.path)

    service.check(case, {"Authorization": f"Bearer {TOKEN}"})


@data_plane.parametrize()
@BOUNDED
def test_every_answer_to_an_agent_or_job_is_one_that_the_description_allows(
    case: Case, service: Service
) -> None:
    service.emulator.reset()
    service.emulator.seed(WORLD)
    place = {"organization": "acme", "runner": "bound", "deployment": DEPLOYMENT}
    queued = service.emulator.jobs.queue(place)
    if case.headers and case.headers.get("X-Deployment-Token") == LATER:
        case.headers["X-Deployment-Token"] = queued["deployment_token"]

    service.check(case, {"Authorization": f"JWT {AGENT.token()}"})
