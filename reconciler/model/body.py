"""Problems for which the orchestrator refuses a document although each field is valid by itself, or free-form.

The parsed document is checked, so that every problem is found even if other fields are wrong. Parts of an
unexpected shape are skipped, because the models report those. Limits on single fields are annotations of the
models (`reconciler.model.limited`). Called by the reader.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.json import Json, JsonObject, Path


@dataclass(frozen=True, slots=True)
class BodyProblem:
    """One problem: an unknown field, a value of the wrong type, or another.

    `message` is worded to follow the field's name. `known` lists the known fields and is set for an unknown
    field only; `wanted` says what the value must be and is set for a wrong type only.
    """

    path: Path
    message: str = ""
    advice: str = ""
    known: tuple[str, ...] = ()
    wanted: str = ""
    is_missing: bool = False


def member(value: Json, *path: str) -> Json:
    """Value at a path of mapping keys, None if there is none."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def mapping(value: Json, *path: str) -> JsonObject:
    """Mapping at a path of mapping keys, empty if there is none."""
    found = member(value, *path)
    return found if isinstance(found, dict) else {}


def items(value: Json, *path: str) -> Iterator[tuple[int, Json]]:
    """Items of the list at a path of mapping keys, with their indexes; none if there is no list."""
    found = member(value, *path)
    yield from enumerate(found if isinstance(found, list) else ())


def nul_problems(value: Json, at: Path = ()) -> Iterator[BodyProblem]:
    """Values and names with a NUL character, which neither API stores (v2 reference 3.1)."""
    if isinstance(value, str):
        if "\0" in value:
            yield BodyProblem(at, "contains a NUL character, which the API does not accept", "remove it")
    elif isinstance(value, dict):
        for name, child in value.items():
            if "\0" in name:
                yield BodyProblem((*at, name), "has a NUL character in its name", "remove it")
            yield from nul_problems(child, (*at, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from nul_problems(child, (*at, index))
