"""Desired resources as the loader would create them, and keys of the right form."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reconciler.model import canonical
from reconciler.model.identity import ResourceKey
from reconciler.model.json import JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.model.resource_definition import Entity
from reconciler.model.secret import Secret
from reconciler.model.state import Resource

ORGANIZATION = "acme"
TOKEN = "tkn-4f1c9a7be2"
PASSWORD = "correct-horse-battery-staple"
ED25519_PEM = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n"
)
"""The first public key of RFC 8032, section 7.1."""
ROLE_ARN = "arn:aws:iam::123456789012:role/runner"


def key_of(kind: Kind, identifier: str) -> ResourceKey:
    return ResourceKey(organization(ORGANIZATION), kind, identifier)


def definition(identifier: str = "orders", **members: Any) -> Resource:
    """`members` are those of the file's `entity`, with defaults for type and driver."""
    raw: dict[str, Any] = {"name": identifier, "type": "postgres", "driver_type": "humanitec/echo", **members}
    entity = Entity.model_validate(raw)
    inputs = raw.get("driver_inputs") or {}
    secrets = canonical.definition_secrets(entity)
    written = {name: inputs[name] for name in ("secrets", "secret_refs") if inputs.get(name)}
    return Resource(
        key=key_of(Kind.DEFINITION, identifier),
        document=canonical.definition_document(entity),
        secrets=secrets,
        criteria=canonical.criteria_fields(entity.criteria),
        payload=Secret(written) if secrets else None,
    )


def agent(identifier: str = "eu-1", description: str = "") -> Resource:
    return Resource(key_of(Kind.AGENT, identifier), {"description": description})


def key(agent_id: str = "eu-1", number: int = 1) -> Resource:
    """A key with a made-up modulus of 4096 bits: nothing here ever signs."""
    public = RSAPublicNumbers(65537, (1 << 4095) + 2 * number + 1).public_key()
    digest = Hash(SHA256())
    digest.update(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    identifier = canonical.key_id(agent_id, digest.finalize().hex())
    return Resource(key_of(Kind.KEY, identifier), {"public_key": pem})


JOB: JsonObject = {"namespace": "jobs", "service_account": "runner"}
OTHER_JOB: JsonObject = {"namespace": "other", "service_account": "other"}
AGENT_RUNNER: JsonObject = {"type": "kubernetes-agent", "key": ED25519_PEM, "job": JOB}


def kubernetes_runner(server: str = "https://k8s.example", **auth: str) -> JsonObject:
    data: JsonObject = {"certificate_authority_data": "Q0E=", "server": server}
    return {"type": "kubernetes", "job": JOB, "cluster": {"cluster_data": data, "auth": {**auth}}}


KUBERNETES_RUNNER = kubernetes_runner(service_account_token=PASSWORD)
GKE_RUNNER: JsonObject = {
    "type": "kubernetes-gke",
    "job": {**JOB, "pod_template": {"metadata": {"labels": {"team": "platform"}}}},
    "cluster": {
        "name": "c1",
        "project_id": "p1",
        "location": "europe-west1",
        "auth": {"gcp_audience": "aud", "gcp_service_account": "sa@p1.example"},
    },
}
EKS_RUNNER: JsonObject = {
    "type": "kubernetes-eks",
    "job": {**JOB, "pod_template": {}},
    "cluster": {"name": "c1", "region": "eu-central-1", "auth": {"role_arn": ROLE_ARN}},
}
ECS_RUNNER: JsonObject = {
    "type": "serverless-ecs",
    "auth": {"role_arn": ROLE_ARN},
    "job": {
        "region": "eu-central-1",
        "cluster": "runners",
        "subnets": ["subnet-1"],
        "execution_role_arn": ROLE_ARN,
        "is_public_ip_enabled": False,
        "security_groups": [],
        "environment": {"LOG": "debug"},
    },
}
KUBERNETES_STORAGE: JsonObject = {"type": "kubernetes", "namespace": "jobs"}
STORAGES: Mapping[str, JsonObject] = {
    "kubernetes": KUBERNETES_STORAGE,
    "s3": {"type": "s3", "bucket": "state", "path_prefix": "a/b"},
    "gcs": {"type": "gcs", "bucket": "state"},
    "azurerm": {"type": "azurerm", "storage_account_name": "acc", "container_name": "state"},
}


def runner(
    identifier: str = "r1",
    configuration: JsonObject = AGENT_RUNNER,
    storage: JsonObject = KUBERNETES_STORAGE,
    description: str = "",
) -> Resource:
    shown, secrets = canonical.runner_configuration(configuration)
    return Resource(
        key=key_of(Kind.RUNNER, identifier),
        document={
            "description": description,
            "runner_configuration": shown,
            "state_storage_configuration": storage,
        },
        secrets=secrets,
        payload=Secret(configuration) if secrets else None,
    )


def rule(pair: str = "*/development", runner_id: str = "r1") -> Resource:
    return Resource(key_of(Kind.RUNNER_RULE, pair), {"runner_id": runner_id})
