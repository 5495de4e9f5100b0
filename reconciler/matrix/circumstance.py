"""What stands around a deployment target, each thing as the subject of a row of the matrix."""

from dataclasses import dataclass

from reconciler.matrix.row import Column, Subject


@dataclass(frozen=True, slots=True)
class Circumstance:
    """One thing that makes a row apply. `because` names it for people and never holds a value.

    `column` is the component it is about, None where the row has none. `is_certain` is false where
    it cannot be told whether it holds.
    """

    subject: Subject
    because: str
    column: Column | None = None
    is_certain: bool = True
