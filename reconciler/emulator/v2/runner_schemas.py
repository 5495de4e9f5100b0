"""Runner and state storage configurations by type, as schemas (v2 sections 6 and 7).

One table per type, without logic; an update uses the same table with only `type` required.
"""

from reconciler.emulator.v2.schema import Schema
from reconciler.emulator.v2.schema_parts import FREE, IDENTIFIER, TEXT, TRUTH, matching

KUBERNETES_TYPES = ("kubernetes", "kubernetes-gke", "kubernetes-eks", "kubernetes-agent")
RUNNER_TYPES = (*KUBERNETES_TYPES, "serverless-ecs")
STORAGE_TYPES = ("kubernetes", "s3", "gcs", "azurerm")

_ROLE = r"arn:aws:iam::[0-9]{12}:role/[a-zA-Z_0-9+=,.@\-_/]+"
_REGION = r"[a-z]{2}-[a-z]+-\d"
_PREFIX = r"[a-zA-Z0-9._-]+(?:/[a-zA-Z0-9._-]+)*/?"


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _storage_prefix(product: str) -> Schema:
    return matching(_PREFIX, f"state storage path_prefix is not a valid {product} path.")


def _bucket(product: str) -> Schema:
    text = f"state storage bucket is not a valid {product} Bucket name."
    return matching(r"[a-z0-9][a-z0-9\-]*[a-z0-9]", text)


def _sized_text(least: int, most: int) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most}


_KUBERNETES_JOB = _object(
    ("namespace", "service_account"),
    namespace=TEXT,
    service_account=TEXT,
    pod_template=FREE,
)

_AWS_AUTH = _object(
    ("role_arn",),
    role_arn=matching(_ROLE, "role_arn is not a valid IAM Role ARN"),
    session_name=matching(
        r"[a-zA-Z0-9+=,.@\-_/]+",
        "session_name must contain only valid characters (letters, digits, and +=,.@-_/)",
        minLength=3,
        maxLength=64,
    ),
    sts_region=matching(_REGION, "sts_region is not a valid AWS STS region"),
)

_KUBERNETES_CLUSTER = _object(
    ("cluster_data", "auth"),
    cluster_data=_object(
        ("certificate_authority_data", "server"),
        certificate_authority_data=TEXT,
        proxy_url=TEXT,
        server=TEXT,
    ),
    auth=_object((), client_certificate_data=TEXT, client_key_data=TEXT, service_account_token=TEXT),
)

_GKE_CLUSTER = _object(
    ("name", "project_id", "location", "auth"),
    name=TEXT,
    project_id=TEXT,
    proxy_url=TEXT,
    location=TEXT,
    internal_ip={"type": "boolean", "default": False},
    auth=_object(("gcp_audience", "gcp_service_account"), gcp_audience=TEXT, gcp_service_account=TEXT),
)

_EKS_CLUSTER = _object(("name", "region", "auth"), name=TEXT, region=TEXT, auth=_AWS_AUTH)

_AGENT_KEY = matching(
    r"-----BEGIN PUBLIC KEY-----\n[^\n]+\n-----END PUBLIC KEY-----\n?",
    "key: does not look like an ed25519 public key in PEM format",
    minLength=1,
    maxLength=200,
)

_ECS_JOB = _object(
    ("region", "cluster", "subnets", "execution_role_arn"),
    region=matching(_REGION, "job region is not a valid AWS Region.", minLength=1, maxLength=24),
    cluster=_sized_text(1, 255),
    subnets={"type": "array", "minItems": 1, "maxItems": 16, "items": _sized_text(1, 24)},
    security_groups={"type": "array", "maxItems": 5, "items": _sized_text(1, 255)},
    is_public_ip_enabled=TRUTH,
    execution_role_arn=matching(_ROLE, "job execution_role_arn is not a valid IAM Role ARN"),
    task_role_arn=matching(_ROLE, "job task_role_arn is not a valid IAM Role ARN"),
    image=matching(
        r"[a-zA-Z0-9._:/-]+(?:@[a-z0-9]+:[a-fA-F0-9]+)?",
        "image must be a valid container image",
        maxLength=255,
    ),
    environment={"type": "object", "additionalProperties": _sized_text(0, 1024)},
    secrets={
        "type": "object",
        "additionalProperties": matching(
            r"arn:aws:(?:secretsmanager:[^:]+:[^:]+:secret:[^:]+-[a-zA-Z0-9]{6}|ssm:[^:]+:[^:]+:parameter/.+)",
            "job secrets value is not a valid AWS Secret or Parameter ARN",
        ),
    },
)

_PARTS: dict[str, dict[str, Schema]] = {
    "kubernetes": {"job": _KUBERNETES_JOB, "cluster": _KUBERNETES_CLUSTER},
    "kubernetes-gke": {"job": _KUBERNETES_JOB, "cluster": _GKE_CLUSTER},
    "kubernetes-eks": {"job": _KUBERNETES_JOB, "cluster": _EKS_CLUSTER},
    "kubernetes-agent": {"job": _KUBERNETES_JOB, "key": _AGENT_KEY},
    "serverless-ecs": {"auth": _AWS_AUTH, "job": _ECS_JOB},
}

WHOLE_CONFIGURATIONS: dict[str, Schema] = {
    name: _object(("type", *parts), type=TEXT, **parts) for name, parts in _PARTS.items()
}
"""Runner type to schema, all parts required."""

PARTIAL_CONFIGURATIONS: dict[str, Schema] = {
    name: _object(("type",), type=TEXT, **parts) for name, parts in _PARTS.items()
}
"""Runner type to schema, only the type required."""

_STORAGES: dict[str, Schema] = {
    "kubernetes": _object(("namespace", "type"), namespace=TEXT, type=TEXT),
    "s3": _object(
        ("type", "bucket"), type=TEXT, bucket=_bucket("S3"), path_prefix=_storage_prefix("S3 prefix")
    ),
    "gcs": _object(
        ("type", "bucket"), type=TEXT, bucket=_bucket("GCS"), path_prefix=_storage_prefix("GCS prefix")
    ),
    "azurerm": _object(
        ("type", "storage_account_name", "container_name"),
        type=TEXT,
        resource_group_name=TEXT,
        storage_account_name=TEXT,
        container_name=TEXT,
        path_prefix=_storage_prefix("AzureRM"),
    ),
}

_STORAGE: Schema = {"type": "object", "x-variants": _STORAGES}

CREATE: Schema = _object(
    ("id", "runner_configuration", "state_storage_configuration"),
    id=matching(IDENTIFIER, "id must be a valid identifier"),
    description=TEXT,
    runner_configuration={"type": "object", "x-variants": WHOLE_CONFIGURATIONS},
    state_storage_configuration=_STORAGE,
)

UPDATE: Schema = _object(
    (),
    description=TEXT,
    runner_configuration={"type": "object", "x-variants": PARTIAL_CONFIGURATIONS},
    state_storage_configuration=_STORAGE,
)
