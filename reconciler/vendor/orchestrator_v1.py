"""Limits on the bodies of Platform Orchestrator v1, from its API description (v1 reference 1.4)."""

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.vendor.limit import TextLimit

_DASHED = "[a-z0-9](?:-?[a-z0-9])+"
_DEFINITION = "[a-z0-9][a-z0-9-]+[a-z0-9]"

ORGANIZATION_ID = TextLimit(
    "lower-case letters, digits and single inner hyphens, 2 to 50 characters",
    "parameter orgId",
    _DASHED,
    most=50,
)
AGENT_ID = TextLimit(
    "lower-case letters, digits and single inner hyphens, 2 characters or more", "AgentCreateBody.id", _DASHED
)
STORE_ID = TextLimit(AGENT_ID.form, "CreateSecretStorePayloadRequest.id", _DASHED)
DEFINITION_ID = TextLimit(
    "lower-case letters, digits and inner hyphens, 3 characters or more",
    "CreateResourceDefinitionRequestRequest.id",
    _DEFINITION,
)
DRIVER_ACCOUNT = TextLimit(
    f"an account id ({DEFINITION_ID.form}), or a text with a placeholder",
    "CreateResourceDefinitionRequestRequest.driver_account; placeholders as seen in use",
    rf"(?:{_DEFINITION}|[\s\S]*\$\{{[\s\S]*)?",
)
DRIVER_TYPE = TextLimit(
    "`organization/driver`, such as `humanitec/template`",
    "CreateResourceDefinitionRequestRequest.driver_type",
    r"[^/]+/[\s\S]+",
)
RESOURCE_TYPE = TextLimit(
    "the name of a resource type, such as `s3` or `my-org/my-type`",
    "CreateResourceDefinitionRequestRequest.type",
    least=1,
)
SELECTOR = TextLimit(
    "`type`, `type.class`, `type#id` or `type.class#id`",
    "CreateResourceDefinitionRequestRequest.provision",
    least=1,
)
PROVISION_OPTIONS: Mapping[str, type] = MappingProxyType(
    {"is_dependent": bool, "match_dependents": bool, "params": dict}
)
"""Members of a `provision` option and their types (ProvisionDependenciesRequest)."""
STORE_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "awssm": ("region", "endpoint"),
        "azurekv": ("tenant_id", "url"),
        "gcpsm": ("project_id",),
        "vault": ("url", "path", "agent_id"),
    }
)
"""Fields of each kind of secret store, all of them strings (CreateSecretStorePayloadRequest)."""

STORE_AUTH: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "awssm": ("access_key_id", "secret_access_key"),
        "azurekv": ("client_id", "client_secret"),
        "gcpsm": ("secret_access_key",),
        "vault": ("token", "role"),
    }
)
"""Members of `auth` of each kind of secret store, all of them write-only strings (same source)."""
