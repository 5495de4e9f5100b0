"""What all kinds of documents share: the envelope and the pydantic configuration."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict

API_VERSION = "reconciler/v1alpha1"
DEFINITION_API_VERSION = "entity.humanitec.io/v1b1"

T = TypeVar("T")
Items = Annotated[tuple[T, ...], Strict(strict=False)]
"""A list in the file, a tuple here; its items stay strict."""
Word = Annotated[T, Strict(strict=False)]
"""A member of a closed set, written as text."""


class Frozen(BaseModel):
    """Base of all models: immutable, strict about types, and without unknown fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, populate_by_name=True, defer_build=True
    )


class Metadata(Frozen):
    """Identifies a document. Annotations are for rules and people; they are never sent."""

    id: Annotated[str, Field(description="Id in the orchestrator; it cannot be changed later.")]
    annotations: Annotated[
        dict[str, str] | None,
        Field(description="Notes for rules and people; never sent to the orchestrator."),
    ] = None


class OwnDocument(Frozen):
    """Envelope of this tool's own formats."""

    apiVersion: Literal["reconciler/v1alpha1"]  # noqa: N815  the field's name in the file
    kind: str
    metadata: Metadata
