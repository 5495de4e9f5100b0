"""Secret stores, registered with the orchestrator, on clusters, or both (v1 reference 5, agent and operator 3.4).

The two sides spell some fields differently (`tenant_id` and `tenantID`). One document has the facts that both share,
in the orchestrator's spelling; rules check the spelling, so the blocks are plain mappings.
"""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document import Frozen, Items, Metadata, OwnDocument
from reconciler.model.json import JsonObject
from reconciler.model.limited import Shown, ShownId
from reconciler.vendor import orchestrator_v1 as v1

REGISTERED_TYPES = tuple(v1.STORE_FIELDS)
"""Kinds of stores that can be registered with the orchestrator."""
STORE_TYPES = (*REGISTERED_TYPES, "kubernetes")
AUTH_FIELDS = v1.STORE_AUTH
"""Members of `auth` by kind of store; all are write-only strings (v1 reference 5.2)."""


class StoreRegistration(Frozen):
    """Registration of the store with the orchestrator."""

    primary: Annotated[
        bool, Field(description="The orchestrator writes plain secrets here; one store per organization.")
    ] = False
    auth: Annotated[
        JsonObject | None,
        Field(
            description="Credentials for writing, handed in: leaves are `!env NAME`, `!file PATH`, `!secret {…}`, "
            "`{env: NAME}` or `{file: PATH}`, never literals."
        ),
    ] = None


class StoreOnCluster(Frozen):
    """The custom resource on one cluster."""

    cluster: Annotated[str, Field(description="Cluster, by its name in the settings.")]
    namespace: Annotated[
        str | None,
        Field(
            description="The Operator's or the application's namespace; defaults to that of the cluster's `Operator`, "
            "else `humanitec-operator-system`."
        ),
    ] = None
    default: Annotated[bool, Field(description="The Operator writes here; one store per cluster.")] = False
    auth: Annotated[
        JsonObject | None,
        Field(
            description="`{}` for the pod's identity, or references to Secrets, in the cluster's spelling; no values."
        ),
    ] = None
    differing: Annotated[
        JsonObject | None,
        Field(
            description="Fields that differ from the shared block, in the cluster's spelling, such as `projectID`."
        ),
    ] = None


class SecretStoreSpec(Frozen):
    """One store: exactly one of the five types."""

    organizations: Annotated[
        Items[Annotated[str, Shown(v1.ORGANIZATION_ID)]] | None,
        Field(
            description="Organizations it is registered in; defaults to those of the file's targets.",
        ),
    ] = None
    awssm: Annotated[JsonObject | None, Field(description="AWS Secrets Manager: `region`.")] = None
    azurekv: Annotated[JsonObject | None, Field(description="Azure Key Vault: `tenant_id`, `url`.")] = None
    gcpsm: Annotated[JsonObject | None, Field(description="Google Secret Manager: `project_id`.")] = None
    vault: Annotated[JsonObject | None, Field(description="Vault: `url`, `path`, `agent_id`.")] = None
    kubernetes: Annotated[
        JsonObject | None, Field(description="Secrets of a namespace: `namespace`; on clusters only.")
    ] = None
    kvVersion: Annotated[int | None, Field(description="Vault: version of the KV engine.")] = None  # noqa: N815  as in the file
    orchestrator: Annotated[
        StoreRegistration | None,
        Field(description="Registration with the orchestrator; not registered if omitted."),
    ] = None
    clusters: Annotated[
        Items[StoreOnCluster] | None,
        Field(
            description="Custom resources, one per cluster. If omitted: every reached cluster with an `Operator` of "
            "its organizations, for stores that need no credentials there."
        ),
    ] = None


class SecretStoreDocument(OwnDocument):
    """A secret store of an organization and of its clusters."""

    kind: Literal["SecretStore"]
    metadata: Annotated[Metadata, ShownId(v1.STORE_ID)]
    spec: SecretStoreSpec
