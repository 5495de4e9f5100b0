"""Published limits on fields of documents: checked when a document is validated, and part of its JSON Schema."""

from dataclasses import dataclass
from typing import Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler

from reconciler.vendor.limit import ListLimit, TextLimit


class LimitError(ValueError):
    """A value violates a published limit. The message follows the field's name and never contains the value."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Limited:
    """Annotation that limits a text or a list, in validation and in the schema."""

    limit: TextLimit | ListLimit

    def check(self, value: Any) -> Any:
        """The unchanged value. Raises LimitError if it violates the limit."""
        if isinstance(self.limit, TextLimit):
            problem, advice = self.limit.problem(value), f"the form is: {self.limit.form}"
        else:
            problem, advice = self.limit.problem(len(value)), ""
        if problem:
            raise LimitError(problem, advice)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return AfterValidator(self.check).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), **self.limit.schema()}


@dataclass(frozen=True, slots=True)
class Shown:
    """Annotation that shows a limit in the schema only: a rule of the catalogue checks it and explains more."""

    limit: TextLimit

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), **self.limit.schema()}


@dataclass(frozen=True, slots=True)
class ShownId:
    """The same for the `id` of a document's metadata."""

    limit: TextLimit

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "properties": {"id": self.limit.schema()}}
