"""The approvals file: what reviewed merges allow past a guard, who approves it, until when and why."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from reconciler.model.document import Frozen, Items

FILE_NAME = "approvals.yaml"
"""Name of the file, at the root of the tree."""


class ApprovalEntry(Frozen):
    """One approved exception to one guard."""

    what: Annotated[
        str,
        Field(
            description="What is approved, as passed to `--accept`: `contested=Definition/database` (`*` allowed) "
            "or `deletes=7:3f9ac1d2e0b4`."
        ),
    ]
    target: Annotated[
        str | None, Field(description="Target in the settings that it is limited to; all targets if omitted.")
    ] = None
    who: Annotated[str, Field(description="Who approves.", pattern=r"\S", max_length=200)]
    until: Annotated[
        str,
        Field(
            description="Last day on which it is valid, such as `2027-01-31`.", pattern=r"^\d{4}-\d{2}-\d{2}$"
        ),
    ]
    reason: Annotated[
        str,
        Field(
            description="Why it is approved; printed when the approval is used.",
            pattern=r"\S",
            max_length=500,
        ),
    ]

    @field_validator("until")
    @classmethod
    def _a_day(cls, text: str) -> str:
        date.fromisoformat(text)
        return text

    @property
    def last_day(self) -> date:
        """`until` as a date."""
        return date.fromisoformat(self.until)


class ApprovalsDocument(Frozen):
    """The approvals file."""

    version: Annotated[Literal[1], Field(description="Version of this format.")]
    approvals: Annotated[
        Items[ApprovalEntry],
        Field(description="Approved exceptions; an entry that matches nothing has no effect."),
    ]
