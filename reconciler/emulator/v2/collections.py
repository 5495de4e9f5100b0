"""The v2 collections: keys, and the indexes for references and uniqueness."""

from reconciler.emulator.organization import ENV_TYPES
from reconciler.emulator.store import Collection

PROJECTS = Collection("projects")
"""Projects by (org, id)."""

ENVIRONMENTS = Collection(
    "environments",
    {
        "project": lambda key, _: [key[:2]],
        "env_type": lambda key, document: [(key[0], document["env_type_id"])],
        "runner": lambda key, document: (
            [(key[0], document["runner_id"])] if document.get("runner_id") else []
        ),
        "leaving": lambda key, document: [(key[0],)] if document["status"] == "deleting" else [],
    },
)
"""Environments by (org, project, id)."""

RUNNERS = Collection("runners")
"""Runners by (org, id), as read."""

CREDENTIALS = Collection("runner_credentials")
"""Write-only fields of `kubernetes` runners by (org, id): a version and its credentials."""

RUNNER_RULES = Collection(
    "runner_rules",
    {
        "pair": lambda key, document: [(key[0], document["project_id"], document["env_type_id"])],
        "runner": lambda key, document: [(key[0], document["runner_id"])],
        "project": lambda key, document: [(key[0], document["project_id"])],
        "env_type": lambda key, document: [(key[0], document["env_type_id"])],
    },
)
"""Runner rules by (org, id)."""

RESOURCE_TYPES = Collection("v2_resource_types")
"""Resource types by (org, id)."""

MODULE_PROVIDERS = Collection("module_providers")
"""Module providers by (org, type, id)."""

MODULES = Collection(
    "modules", {"resource_type": lambda key, document: [(key[0], document["resource_type"])]}
)
"""Modules by (org, id), as read: the fields of the newest version and those of the module."""

MODULE_VERSIONS = Collection(
    "module_versions",
    {
        "module": lambda key, _: [key[:2]],
        "provider": lambda key, document: [
            (key[0], provider) for provider in sorted(set(document["provider_mapping"].values()))
        ],
    },
)
"""Versions of modules by (org, module, version id), with `_number` in order of creation."""

MODULE_USES = Collection("module_uses", {"module": lambda key, _: [key[:2]]})
"""Modules used by deployed resources of a project, by (org, module, project)."""

MODULE_RULES = Collection(
    "module_rules",
    {
        "match": lambda key, document: [
            (
                key[0],
                document["resource_type"],
                document["resource_class"],
                *(document.get(name, "") for name in ("resource_id", "project_id", "env_type_id", "env_id")),
            )
        ],
        "module": lambda key, document: [(key[0], document["module_id"])],
        "project": lambda key, document: [(key[0], document.get("project_id", ""))],
        "env_type": lambda key, document: [(key[0], document.get("env_type_id", ""))],
        "env": lambda key, document: [(key[0], document.get("project_id", ""), document.get("env_id", ""))],
    },
)
"""Module rules by (org, id), as read."""

DEPLOYMENTS = Collection("deployments")
"""Jobs for agents by (org, deployment id): status, token, bundle and result."""

AGENT_MESSAGES = Collection(
    "agent_messages", {"runner": lambda key, document: [(key[0], document["runner"])]}
)
"""Messages that no agent has fetched yet, by (org, message id)."""

TOKEN_SALTS = Collection("token_salts")
"""The secret from which an organization's deployment tokens are derived, by (org)."""

V2_COLLECTIONS = (
    ENV_TYPES,
    PROJECTS,
    ENVIRONMENTS,
    RUNNERS,
    CREDENTIALS,
    RUNNER_RULES,
    RESOURCE_TYPES,
    MODULE_PROVIDERS,
    MODULES,
    MODULE_VERSIONS,
    MODULE_USES,
    MODULE_RULES,
    DEPLOYMENTS,
    AGENT_MESSAGES,
    TOKEN_SALTS,
)
