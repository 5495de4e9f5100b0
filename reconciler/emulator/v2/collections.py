"""The v2 collections: keys, and the indexes by which references and uniqueness are decided."""

from reconciler.emulator.store import Collection

ORGANIZATIONS = Collection("organizations")
"""Organizations by (id); known to both APIs."""

ENV_TYPES = Collection("env_types")
"""Environment types by (org, id)."""

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
"""Write-only fields of `kubernetes` runners by (org, id): a version and what it holds."""

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

V2_COLLECTIONS = (ORGANIZATIONS, ENV_TYPES, PROJECTS, ENVIRONMENTS, RUNNERS, CREDENTIALS, RUNNER_RULES)
