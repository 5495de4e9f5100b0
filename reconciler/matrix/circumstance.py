"""A fact about a deployment target, as the subject of a matrix row."""

from dataclasses import dataclass

from reconciler.matrix.row import Column, Subject


@dataclass(frozen=True, slots=True)
class Circumstance:
    """A fact that makes a row apply. `because` names it for people and never contains a value from a document.

    `column` is the component it is about, None if the row has no columns. `is_certain` is false if it is
    not known whether the fact is true.
    """

    subject: Subject
    because: str
    column: Column | None = None
    is_certain: bool = True
