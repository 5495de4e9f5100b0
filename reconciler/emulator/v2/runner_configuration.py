"""Runner configurations after validation: last checks, normal form, secrets separated (v2 5 to 7)."""

from typing import Any

from reconciler.emulator.failure import ApiError
from reconciler.emulator.public_keys import UnacceptableKeyError, check_ed25519
from reconciler.emulator.v2.pod_template import RESERVED_VARIABLES, SENSITIVE_VARIABLE, check_pod_template
from reconciler.emulator.v2.runner_schemas import KUBERNETES_TYPES, STORAGE_TYPES, WHOLE_CONFIGURATIONS
from reconciler.emulator.v2.schema import unknown_member
from reconciler.emulator.wire import Document

PLACEHOLDER = "SECRET"
"""Replacement for a write-only field that is set (v2 section 5.6)."""

_DROPPED_WHEN_EMPTY = ("is_public_ip_enabled", "security_groups", "environment", "secrets")


def strictly_decoded(configuration: Document) -> Document:
    """Refuse members that the type does not have, pod templates excluded: 400."""
    unknown = unknown_member(WHOLE_CONFIGURATIONS[configuration["type"]], configuration)
    if unknown:
        raise _mismatch(configuration["type"], f'json: unknown field "{unknown}"')
    return configuration


def checked(configuration: Document, storage: Document) -> Document:
    """A complete configuration in normal form; 400 if it violates a constraint beyond the schema."""
    runner_type = configuration["type"]
    if runner_type in KUBERNETES_TYPES:
        check_pod_template(configuration["job"].get("pod_template"))
    if runner_type == "kubernetes-agent":
        try:
            check_ed25519(configuration["key"])
        except UnacceptableKeyError as error:
            raise _mismatch(runner_type, f"invalid public key: {error}") from error
    if runner_type == "serverless-ecs":
        configuration = {**configuration, "job": _ecs_job(configuration["job"])}
    allowed = ("s3",) if runner_type == "serverless-ecs" else STORAGE_TYPES
    if storage["type"] not in allowed:
        raise ApiError(
            400,
            f"state storage type '{storage['type']}' is not compatible with runner type '{runner_type}',"
            f" it must be one of [{' '.join(allowed)}]",
        )
    return configuration


def merged(stored: Document, sent: Document) -> Document:
    """The configuration after a PATCH: each part that is present replaces the whole part (v2 5.4)."""
    if sent["type"] != stored["type"]:
        raise ApiError(
            400, f"runner type {sent['type']} does not match existing runner type {stored['type']}"
        )
    return {**stored, **sent}


def without_credentials(configuration: Document) -> tuple[Document, Document | None]:
    """The readable configuration, and the credentials of a `kubernetes` cluster.

    The credentials are None for a configuration without write-only fields.
    """
    if configuration["type"] != "kubernetes" or "cluster" not in configuration:
        return configuration, None
    cluster = configuration["cluster"]
    credentials = {name: value for name, value in cluster["auth"].items() if value}
    shown = {**cluster, "auth": dict.fromkeys(credentials, PLACEHOLDER)}
    return {**configuration, "cluster": shown}, credentials


def _ecs_job(job: Document) -> Document:
    for place in ("environment", "secrets"):
        names: dict[str, Any] = job.get(place, {})
        for name in names:
            if name in RESERVED_VARIABLES:
                raise ApiError(
                    400, f"environment variable {name} is reserved and cannot be set by the runner"
                )
    if SENSITIVE_VARIABLE in job.get("environment", {}):
        raise ApiError(
            400, f"environment variable {SENSITIVE_VARIABLE} is sensitive and must be set using a secret"
        )
    return {name: value for name, value in job.items() if value or name not in _DROPPED_WHEN_EMPTY}


def _mismatch(runner_type: str, reason: str) -> ApiError:
    return ApiError(
        400,
        f"the supplied runner configuration does not match the specified runner type {runner_type}: {reason}",
    )
