"""Agents: registrations that let the holder of a key open a tunnel (v1 reference 2)."""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document import Frozen, Items, Metadata, OwnDocument
from reconciler.model.installation import AgentInstall
from reconciler.model.limited import Shown, ShownId
from reconciler.model.resource_definition import Criterion
from reconciler.vendor import orchestrator_v1 as v1


class AgentDefinition(Frozen):
    """The resource definition of type `agent` that points to the agent (v1 reference 4.11)."""

    id: Annotated[str, Shown(v1.DEFINITION_ID), Field(description="Id of the resource definition.")]
    name: Annotated[str | None, Field(description="Display name; defaults to the id.")] = None
    criteria: Annotated[
        Items[Criterion] | None,
        Field(description="Matching criteria, usually with `res_id: agent`. Not managed if omitted."),
    ] = None


class AgentSpec(Frozen):
    """Desired state of an agent."""

    description: Annotated[str, Field(description="Description for people.")] = ""
    organizations: Annotated[
        Items[Annotated[str, Shown(v1.ORGANIZATION_ID)]] | None,
        Field(description="Organizations it is registered in; defaults to those of the file's targets."),
    ] = None
    definition: Annotated[
        AgentDefinition | None, Field(description="Resource definition of type `agent` to create for it.")
    ] = None
    install: Annotated[AgentInstall | None, Field(description="Where it runs.")] = None
    moreInstalls: Annotated[  # noqa: N815  as in the file
        Items[AgentInstall] | None,
        Field(description="Further installations with the same key and organizations."),
    ] = None


class AgentDocument(OwnDocument):
    """An agent and, optionally, the definition that points to it."""

    kind: Literal["Agent"]
    metadata: Annotated[Metadata, ShownId(v1.AGENT_ID)]
    spec: AgentSpec
