"""Agents: registrations that let the holder of a key open a tunnel (v1 reference 2)."""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document import Frozen, Items, Metadata, OwnDocument
from reconciler.model.installation import AgentInstall
from reconciler.model.limited import Shown, ShownId
from reconciler.model.resource_definition import Criterion
from reconciler.vendor import orchestrator_v1 as v1


class AgentDefinition(Frozen):
    """The resource definition of type `agent` that points at the agent (v1 reference 4.11)."""

    id: Annotated[str, Shown(v1.DEFINITION_ID), Field(description="Id of the resource definition.")]
    name: Annotated[str | None, Field(description="Shown to people; the id if left out.")] = None
    criteria: Annotated[
        Items[Criterion] | None,
        Field(description="When it applies, usually with `res_id: agent`. Left out: not managed."),
    ] = None


class AgentSpec(Frozen):
    """What an agent is to be."""

    description: Annotated[str, Field(description="Free text shown to people.")] = ""
    organizations: Annotated[
        Items[Annotated[str, Shown(v1.ORGANIZATION_ID)]] | None,
        Field(description="Organizations it is registered in; those of the file's targets if left out."),
    ] = None
    definition: Annotated[
        AgentDefinition | None, Field(description="Resource definition of type `agent` made for it.")
    ] = None
    install: Annotated[AgentInstall | None, Field(description="Where it runs.")] = None
    moreInstalls: Annotated[  # noqa: N815  as in the file
        Items[AgentInstall] | None,
        Field(description="Further places where it runs, with the same key and organizations."),
    ] = None


class AgentDocument(OwnDocument):
    """An agent and, optionally, the definition that points at it."""

    kind: Literal["Agent"]
    metadata: Annotated[Metadata, ShownId(v1.AGENT_ID)]
    spec: AgentSpec
