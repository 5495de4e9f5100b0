"""What the orchestrator refuses of a document although each field by itself is fine, or is free in form.

Found in the document as it was parsed, so that nothing is left out where other fields are wrong as
well; parts of another shape than expected are passed over, because the models report those. Limits
on single fields are annotations of the models (`reconciler.model.limited`). Called by the reader.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.json import Json, JsonObject, Path


@dataclass(frozen=True, slots=True)
class BodyProblem:
    """One problem: of an unknown field, of a value of the wrong type, or another.

    `message` reads after the field's name. `known` lists the fields that are known where an unknown
    one stands, `wanted` says what a value must be; each is set in problems of its sort only.
    """

    path: Path
    message: str = ""
    advice: str = ""
    known: tuple[str, ...] = ()
    wanted: str = ""
    is_missing: bool = False


def member(value: Json, *path: str) -> Json:
    """Value under keys of mappings, None where there is none."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def mapping(value: Json, *path: str) -> JsonObject:
    """Mapping under keys of mappings, empty where there is none."""
    found = member(value, *path)
    return found if isinstance(found, dict) else {}


def items(value: Json, *path: str) -> Iterator[tuple[int, Json]]:
    """Items of a list under keys of mappings with their indexes, none where there is no list."""
    found = member(value, *path)
    yield from enumerate(found if isinstance(found, list) else ())


def nul_problems(value: Json, at: Path = ()) -> Iterator[BodyProblem]:
    """Texts and names with a NUL character, which neither API stores (v2 reference 3.1)."""
    if isinstance(value, str):
        if "\0" in value:
            yield BodyProblem(at, "holds a NUL character, which the API does not take", "remove it")
    elif isinstance(value, dict):
        for name, child in value.items():
            if "\0" in name:
                yield BodyProblem((*at, name), "has a NUL character in its name", "remove it")
            yield from nul_problems(child, (*at, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from nul_problems(child, (*at, index))
