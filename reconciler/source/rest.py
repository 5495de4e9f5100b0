"""A document without its invalid members, so that the rules can still check the rest."""

from copy import deepcopy

from pydantic import ValidationError

from reconciler.model.json import Json, JsonObject, Path
from reconciler.source.kind import Document, Model
from reconciler.source.violation import wrong_places


def rest_of(
    model: Model, document: JsonObject, error: ValidationError
) -> tuple[Document | None, tuple[Path, ...]]:
    """The rest, and the paths that were removed; None if a member is missing, or a list item is invalid."""
    places = dict(wrong_places(error, document))
    if not all(path and isinstance(path[-1], str) and is_there for path, is_there in places.items()):
        return None, ()
    left = deepcopy(document)
    for path in places:
        _take_out(left, path)
    try:
        return model.model_validate(left), tuple(places)
    except ValidationError:
        return None, ()


def _take_out(document: JsonObject, path: Path) -> None:
    holder: Json = document
    for step in path[:-1]:
        if isinstance(holder, dict):
            holder = holder.get(str(step))
        elif isinstance(holder, list) and isinstance(step, int):
            holder = holder[step]
    if isinstance(holder, dict):
        holder.pop(str(path[-1]), None)
