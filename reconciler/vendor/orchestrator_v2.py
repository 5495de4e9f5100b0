"""Limits on the bodies of Platform Orchestrator v2, from its API description (v2 reference 5 to 8, 15)."""

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.vendor.limit import ListLimit, TextLimit

RUNNER_ID = TextLimit(
    "a lower-case letter, then lower-case letters, digits, `_` and `-`, 2 characters or more",
    "RunnerCreateBody.id",
    "[a-z][a-z0-9_-]+",
)
AGENT_KEY = TextLimit(
    "an Ed25519 public key in PEM: one line between the BEGIN and END lines, LF line endings, at most one at the end",
    "K8sAgentRunnerKey",
    "-----BEGIN PUBLIC KEY-----\n[^\n]+\n-----END PUBLIC KEY-----(?:\n)?",
    least=1,
    most=200,
)

_ROLE = r"arn:aws:iam::[0-9]{12}:role/[a-zA-Z_0-9+=,.@\-_/]+"
_REGION = r"[a-z]{2}-[a-z]+-[0-9]"
ROLE_ARN = TextLimit(
    "`arn:aws:iam::123456789012:role/name`; the partition must be `aws`", "AwsTemporaryAuth.role_arn", _ROLE
)
SESSION_NAME = TextLimit(
    "3 to 64 letters, digits and `+=,.@-_/`",
    "AwsTemporaryAuth.session_name",
    r"[a-zA-Z0-9+=,.@\-_/]+",
    least=3,
    most=64,
)
STS_REGION = TextLimit("a region such as `eu-west-1`", "AwsTemporaryAuth.sts_region", _REGION)

ECS_REGION = TextLimit(STS_REGION.form, "ServerlessEcsRunnerJob.region", _REGION, least=1, most=24)
ECS_CLUSTER = TextLimit("1 to 255 characters", "ServerlessEcsRunnerJob.cluster", least=1, most=255)
ECS_SUBNET = TextLimit("1 to 24 characters", "ServerlessEcsRunnerJob.subnets", least=1, most=24)
ECS_SUBNETS = ListLimit("ServerlessEcsRunnerJob.subnets", least=1, most=16)
ECS_SECURITY_GROUP = TextLimit(
    "1 to 255 characters", "ServerlessEcsRunnerJob.security_groups", least=1, most=255
)
ECS_SECURITY_GROUPS = ListLimit("ServerlessEcsRunnerJob.security_groups", most=5)
ECS_IMAGE = TextLimit(
    "a container image, with a tag or a digest",
    "ServerlessEcsRunnerJob.image",
    "[a-zA-Z0-9._:/-]+(?:@[a-z0-9]+:[a-fA-F0-9]+)?",
    most=255,
)
ECS_VARIABLE = TextLimit("at most 1024 characters", "ServerlessEcsRunnerJob.environment", most=1024)
ECS_SECRET = TextLimit(
    "the ARN of a Secrets Manager secret, with its six-character suffix, or of an SSM parameter",
    "ServerlessEcsRunnerJob.secrets",
    r"arn:aws:(?:secretsmanager:[^:]+:[^:]+:secret:[^:]+-[a-zA-Z0-9]{6}|ssm:[^:]+:[^:]+:parameter/.+)",
)

BUCKET = TextLimit(
    "lower-case letters, digits and inner hyphens, 2 characters or more; no dots",
    "S3StorageConfiguration.bucket, GCSStorageConfiguration.bucket",
    r"[a-z0-9][a-z0-9\-]*[a-z0-9]",
)
PATH_PREFIX = TextLimit(
    "parts of letters, digits, `.`, `_` and `-`, separated by `/`; no leading `/`",
    "S3StorageConfiguration.path_prefix, and that of the other types",
    "[a-zA-Z0-9._-]+(?:/[a-zA-Z0-9._-]+)*/?",
)

STORAGE_OF: Mapping[str, tuple[str, ...]] = MappingProxyType({"serverless-ecs": ("s3",)})
"""State storage types that a runner type supports; a type that is not listed supports all (v2 reference 7.2)."""

RUNNER_CONTAINERS = ("main", "platform-orchestrator-runner")
"""Containers in which the server refuses `RESERVED_VARIABLES` (v2 reference 6.7)."""
RESERVED_VARIABLES = frozenset(
    ("ORG_ID", "DEPLOYMENT_ID", "MODE", "TOKEN", "ENCRYPTING_KEY", "PLATFORM_ORCHESTRATOR_BASE_URL")
)
"""Variables that the server sets in jobs itself (v2 reference 6.6, 6.7)."""
SENSITIVE_VARIABLE = "RUNNER_GIT_SSH_KEYS"
"""Variable that must come from a secret (v2 reference 6.6, 6.7)."""
