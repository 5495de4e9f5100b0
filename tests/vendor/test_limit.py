"""Published limits match the API descriptions, in forms that are checked in linear time."""

import json
import re
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from ruamel.yaml import YAML

from reconciler.emulator.v2 import pod_template as served
from reconciler.vendor import kubernetes_name, pod_template
from reconciler.vendor import orchestrator_v1 as v1
from reconciler.vendor import orchestrator_v2 as v2
from reconciler.vendor.limit import ListLimit, TextLimit

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
TEXTS: dict[str, TextLimit] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in (v1, v2, kubernetes_name)
    for name, value in vars(module).items()
    if isinstance(value, TextLimit)
}
V1: dict[str, TextLimit] = {
    "AgentCreateBody/properties/id": v1.AGENT_ID,
    "CreateSecretStorePayloadRequest/properties/id": v1.STORE_ID,
    "CreateResourceDefinitionRequestRequest/properties/id": v1.DEFINITION_ID,
}
V2: dict[str, TextLimit | ListLimit] = {
    "RunnerCreateBody/properties/id": v2.RUNNER_ID,
    "K8sAgentRunnerKey": v2.AGENT_KEY,
    "AwsTemporaryAuth/properties/role_arn": v2.ROLE_ARN,
    "AwsTemporaryAuth/properties/session_name": v2.SESSION_NAME,
    "AwsTemporaryAuth/properties/sts_region": v2.STS_REGION,
    "ServerlessEcsRunnerJob/properties/region": v2.ECS_REGION,
    "ServerlessEcsRunnerJob/properties/cluster": v2.ECS_CLUSTER,
    "ServerlessEcsRunnerJob/properties/subnets": v2.ECS_SUBNETS,
    "ServerlessEcsRunnerJob/properties/subnets/items": v2.ECS_SUBNET,
    "ServerlessEcsRunnerJob/properties/security_groups": v2.ECS_SECURITY_GROUPS,
    "ServerlessEcsRunnerJob/properties/security_groups/items": v2.ECS_SECURITY_GROUP,
    "ServerlessEcsRunnerJob/properties/execution_role_arn": v2.ROLE_ARN,
    "ServerlessEcsRunnerJob/properties/task_role_arn": v2.ROLE_ARN,
    "ServerlessEcsRunnerJob/properties/image": v2.ECS_IMAGE,
    "ServerlessEcsRunnerJob/properties/environment/additionalProperties": v2.ECS_VARIABLE,
    "ServerlessEcsRunnerJob/properties/secrets/additionalProperties": v2.ECS_SECRET,
    "S3StorageConfiguration/properties/bucket": v2.BUCKET,
    "S3StorageConfiguration/properties/path_prefix": v2.PATH_PREFIX,
    "GCSStorageConfiguration/properties/bucket": v2.BUCKET,
    "GCSStorageConfiguration/properties/path_prefix": v2.PATH_PREFIX,
    "AzureRMStorageConfiguration/properties/path_prefix": v2.PATH_PREFIX,
}
_ARN = "arn:aws:iam::123456789012:role/"
SAMPLES = (
    *(
        "",
        "a",
        "ab",
        "a-b",
        "a--b",
        "-ab",
        "ab-",
        "a1",
        "1a",
        "A1",
        "a_b",
        "a.b",
        "a/b",
        "a/b/",
        "/a",
        "a//b",
        "a b",
    ),
    *("eu-west-1", "us-gov-west-1", "eu-1", "eu-west-12", f"{_ARN}x", f"{_ARN}a/b+c", _ARN, f"{_ARN}a b"),
    *(
        "arn:aws:ssm:e:1:parameter/a",
        "arn:aws:ssm:e:1:parameter/",
        "arn:aws:secretsmanager:e:1:secret:n-abcdef",
    ),
    *("arn:aws:secretsmanager:e:1:secret:n", "registry.test/a:1", "r/a@sha256:0aF", "r/a@sha256:xyz", "ab\n"),
    "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----",
    "-----BEGIN PUBLIC KEY-----\nMC\now\n-----END PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n\n",
    " -----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n",
)


@cache
def _description(file: str) -> Any:
    text = (REFERENCE / file).read_text()
    return json.loads(text) if file.endswith("json") else YAML(typ="safe", pure=False).load(text)


def published(file: str, path: str) -> dict[str, Any]:
    if not (REFERENCE / file).exists():
        pytest.skip("the API descriptions are not next to the checkout")
    found = _description(file)
    for step in ("components", "schemas", *path.split("/")):
        found = found[step]
    return dict(found)


def agree(limit: TextLimit | ListLimit, schema: dict[str, Any]) -> None:
    assert limit.least == schema.get("minItems" if isinstance(limit, ListLimit) else "minLength", 0)
    assert limit.most == schema.get("maxItems" if isinstance(limit, ListLimit) else "maxLength")
    if isinstance(limit, TextLimit) and "pattern" in schema:
        pattern = re.compile(schema["pattern"].removeprefix("^").removesuffix("$"), re.ASCII)
        for sample in SAMPLES:
            fits = pattern.fullmatch(sample) is not None and limit.least <= len(sample)
            assert limit.accepts(sample) == (fits and (limit.most is None or len(sample) <= limit.most)), (
                sample
            )


@pytest.mark.parametrize("path", V1)
def test_limits_of_v1_are_those_of_its_description(path: str) -> None:
    agree(V1[path], published("orchestrator-v1.openapi.json", path))


@pytest.mark.parametrize("path", V2)
def test_limits_of_v2_are_those_of_its_description(path: str) -> None:
    agree(V2[path], published("orchestrator-v2.openapi.yaml", path))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "part", ["a", "-", "a-", "a/", "a.", ":", "${", "arn:aws:iam::123456789012:role/", "1"]
)
def test_no_input_is_expensive(name: str, part: str) -> None:
    """Nested quantifiers would take years for these; one second is far above what is needed."""
    started = process_time()
    TEXTS[name].problem(part * 5_000 + "!\n")
    assert process_time() - started < 1


@pytest.mark.parametrize("name", TEXTS)
def test_every_limit_has_a_form_and_a_source_and_agrees_with_its_schema(name: str) -> None:
    limit = TEXTS[name]
    assert limit.form
    assert limit.source
    words = limit.schema()
    for sample in SAMPLES:
        if sample.endswith("\n"):
            continue  # Python's engine, used here in place of an editor's, accepts a final line break before `$`
        fits = re.search(str(words.get("pattern", "")), sample) is not None
        fits = fits and int(words.get("minLength", 0)) <= len(sample) <= int(words.get("maxLength", 10**6))
        assert fits == limit.accepts(sample), sample


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must not be empty"),
        ("ab", "must have at least 3 characters, but has 2"),
        ("a" * 65, "must have at most 64 characters, but has 65"),
        ("a b c", "does not have the form that the API requires"),
        ("abc", ""),
    ],
)
def test_what_is_wrong_is_reported_in_plain_words(text: str, problem: str) -> None:
    assert v2.SESSION_NAME.problem(text) == problem


@pytest.mark.parametrize(
    ("account", "is_fine"),
    [
        ("", True),
        ("my-account", True),
        ("${resources['config#x'].y}", True),
        ("a ${b} c", True),
        ("a $b", False),
    ],
)
def test_a_driver_account_is_an_id_or_has_a_placeholder(account: str, is_fine: bool) -> None:  # noqa: FBT001  a table's column
    assert v1.DRIVER_ACCOUNT.accepts(account) == is_fine


def test_client_and_embedded_orchestrator_know_the_same_pod_templates() -> None:
    """The tables are written down twice on purpose; a new field is added to both."""
    client, server = pod_template.fields(), served._fields()

    def shape(table: Any, kind: str, seen: tuple[str, ...] = ()) -> Any:
        bare = kind.strip("[]{}")
        if bare not in table or bare in seen:
            return kind if bare not in table else "…"
        inner = {name: shape(table, sort, (*seen, bare)) for name, sort in table[bare].items()}
        return kind.replace(bare, "%"), inner

    assert shape(client, pod_template.ROOT) == shape(server, "PodTemplateSpec")
