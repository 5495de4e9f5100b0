"""The file of approvals: what reviewed merges let through, by whom, until when and why."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from reconciler.model.document import Frozen, Items

FILE_NAME = "approvals.yaml"
"""At the root of the tree."""


class ApprovalEntry(Frozen):
    """One case of one guard that is let through."""

    what: Annotated[
        str,
        Field(
            description="As behind `--accept`, such as `contested=Definition/database` (`*` allowed) or "
            "`deletes=7:3f9ac1d2e0b4`."
        ),
    ]
    target: Annotated[
        str | None, Field(description="Target of the settings that it is limited to; every one if left out.")
    ] = None
    who: Annotated[str, Field(description="Who approves.", pattern=r"\S", max_length=200)]
    until: Annotated[
        str,
        Field(
            description="Last day on which it holds, such as `2027-01-31`.", pattern=r"^\d{4}-\d{2}-\d{2}$"
        ),
    ]
    reason: Annotated[
        str, Field(description="Why; printed where the approval is used.", pattern=r"\S", max_length=500)
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
    """The whole file."""

    version: Annotated[Literal[1], Field(description="Version of this format.")]
    approvals: Annotated[
        Items[ApprovalEntry],
        Field(description="What is let through; an entry that fits nothing does nothing."),
    ]
