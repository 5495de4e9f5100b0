"""Findings from the errors that pydantic reports about a document.

Each finding has the place of the key or value, what is wrong and what would be right, and suggests
the nearest known name. A value from the document is quoted only if a closed set of words is expected
and the position cannot contain a secret.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reconciler.model.body import BodyProblem
from reconciler.model.finding import Finding
from reconciler.model.json import Json, JsonObject, Path, dotted
from reconciler.model.limited import LimitError
from reconciler.model.origin import Origin, Positions
from reconciler.model.reading_rule import problem
from reconciler.model.secret_name import SECRET_POSITIONS
from reconciler.model.wording import plural
from reconciler.source.quoted import looks_like_key, quoted

QUOTE = "put it in quotes"
"""Advice for a number or a boolean where a string is required."""
_SHOWN_CHARACTERS = 40
_LONGEST_PATH = 59
_TAGGED = frozenset(("runner_configuration", "state_storage_configuration"))
"""Members whose model is selected by their `type`; pydantic inserts its value into the path."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most likely meant by a misspelt one, or "".

    >>> nearest("descripton", ["id", "description"])
    'description'
    """
    by_folded = {_folded(word): word for word in known}
    found = difflib.get_close_matches(_folded(name[:100]), by_folded, n=1, cutoff=0.7)
    return by_folded[found[0]] if found else ""


def _folded(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def named(path: Path) -> str:
    """A path in backticks; a long one is cut at the front, because its end distinguishes places."""
    shown = dotted(path)
    if len(shown) <= _LONGEST_PATH:
        return quoted(shown)
    kept = shown[-_LONGEST_PATH:]
    return quoted("…" + kept[max(0, kept.find(".")) :])


def is_secret_position(path: Path) -> bool:
    """True if the value at `path` must not be shown."""
    return any(step in SECRET_POSITIONS for step in path)


def may_be_shown(value: Json, path: Path) -> bool:
    """True for short strings that neither are in a secret position nor look like a key."""
    return (
        isinstance(value, str)
        and len(value) <= _SHOWN_CHARACTERS
        and not is_secret_position(path)
        and not looks_like_key(value)
    )


def findings_of(
    error: ValidationError,
    model: type[BaseModel],
    document: JsonObject,
    positions: Positions,
    *,
    besides: Collection[Path] = (),
) -> tuple[Finding, ...]:
    """One finding for each error, sorted by place; errors of the branches of a union are merged into one.

    Errors at or below one of the paths `besides` are left out: they have a finding already.
    """
    found: dict[tuple[Path, str], Finding] = {}
    details = error.errors(include_url=False, include_input=False)
    for detail in _merged_unions(details, document):
        violation = _Violation(detail, model, document, positions)
        if not any(violation.path[: len(path)] == path for path in besides):
            found.setdefault((violation.path, violation.kind), violation.finding())
    return tuple(sorted(found.values(), key=Finding.sort_key))


def wrong_places(error: ValidationError, document: JsonObject) -> Iterator[tuple[Path, bool]]:
    """The path of each error, and whether there is a value at it."""
    for detail in _merged_unions(error.errors(include_url=False, include_input=False), document):
        path, _, is_there = _resolve(detail["loc"], document)
        yield path, is_there


def _merged_unions(details: Sequence[ErrorDetails], document: JsonObject) -> list[ErrorDetails]:
    """The errors without those of the branch of `publicKey` that does not match the type of the value."""
    spec = document.get("spec")
    public_key = spec.get("publicKey") if isinstance(spec, dict) else None
    branch = "KeyFile" if isinstance(public_key, dict) else "str"
    kept = []
    for detail in details:
        loc = detail["loc"]
        if loc[:2] == ("spec", "publicKey") and len(loc) > 2 and loc[2] != branch:
            continue
        kept.append(detail)
    return kept


class _Violation:
    """One pydantic error, resolved to a path in the document."""

    def __init__(
        self, detail: ErrorDetails, model: type[BaseModel], document: JsonObject, positions: Positions
    ) -> None:
        self.kind = detail["type"]
        self._context: Mapping[str, Any] = detail.get("ctx", MappingProxyType({}))
        self._document = document
        self._positions = positions
        self._model = model
        self.path, self._value, self._is_there = _resolve(detail["loc"], document)

    def finding(self) -> Finding:
        if self.kind == "extra_forbidden":
            return self._unknown_field()
        if self.kind in ("missing", "union_tag_not_found"):
            return self._missing()
        message, advice = self._wording()
        return problem("F06", f"{self._name()} {message}", self._origin(), advice=advice)

    def _name(self) -> str:
        return named(self.path) if self.path else "the document"

    def _origin(self) -> Origin:
        return self._positions.origin(self._document, self.path)

    def _unknown_field(self) -> Finding:
        known = _known_fields(self._model, self._document, self.path[:-1])
        place = self._positions.key_origin(self._document, self.path)
        advice = _home(self._model, self._document, self.path)
        return _unknown_field(self.path, known, place, advice)

    def _missing(self) -> Finding:
        path, advice = self.path, ""
        if self.kind == "union_tag_not_found":
            path = (*path, "type")
            advice = "set it to one of " + _words(_tags(self._model, self._document, self.path))
        return _missing(path, self._positions.key_origin(self._document, path[:-1]), advice)

    def _wording(self) -> tuple[str, str]:
        """What is wrong, to follow the name in a sentence, and the advice."""
        if self.kind in ("literal_error", "enum"):
            listed = str(self._context.get("expected", "")).replace(" or ", ", ")
            return self._one_of([word.strip("'") for word in listed.split(", ")])
        if self.kind == "union_tag_invalid":
            tags = _tags(self._model, self._document, self.path)
            given = self._value.get("type") if isinstance(self._value, dict) else None
            self.path, self._value = (*self.path, "type"), given
            return self._one_of(tags)
        if self.kind in _TYPES:
            wanted = _TYPES[self.kind]
            advice = _quoting(wanted, self._value)
            if not advice and self.path and self.path[-1] in ("token", "digestKey"):
                advice = "name its source instead: `{env: NAME}` or `{file: PATH}`"
            return _wrong_type(wanted, self._value), advice
        if self.kind == "value_error":
            error = self._context.get("error", "")
            if isinstance(error, LimitError):
                return error.message, error.advice
            return f"cannot be used: {error}", ""
        if self.kind in _BOUNDS:
            return _BOUNDS[self.kind].format_map(self._context), ""
        if self.kind in _LENGTHS:
            bound, limit, noun, several = _LENGTHS[self.kind]
            return f"must have at {bound} {plural(int(self._context[limit]), noun, several)}", ""
        if self.kind == "string_pattern_mismatch":
            return (
                "does not have the expected form",
                f"the form is: {self._context.get('pattern', '')}",
            )
        return "has a value that cannot be used here", ""

    def _one_of(self, words: Sequence[str]) -> tuple[str, str]:
        text = f"must be one of {_words(words)}" if len(words) > 1 else f"must be {_words(words)}"
        if isinstance(self._value, str):
            meant = nearest(self._value, words)
            if may_be_shown(self._value, self.path[:-1]):
                text += f", but is {quoted(self._value)}"
            return text, f"did you mean `{meant}`?" if meant else ""
        return f"{text}, but is {_type_name(self._value)}", ""


def body_finding(found: BodyProblem, document: JsonObject, positions: Positions) -> Finding:
    """A finding for something that the orchestrator would refuse, worded like those of `findings_of`."""
    value, is_there = _value_at(document, found.path)
    place = positions.origin(document, found.path)
    if found.is_missing:
        return _missing(found.path, positions.key_origin(document, found.path[:-1]), found.advice)
    if found.known:
        place = positions.key_origin(document, found.path)
        return _unknown_field(found.path, found.known, place, found.advice)
    if found.wanted and is_there:
        message, advice = _wrong_type(found.wanted, value), _quoting(found.wanted, value)
    else:
        message, advice = found.message, found.advice
    return problem("F06", f"{named(found.path)} {message}", place, advice=advice)


def _value_at(document: JsonObject, path: Path) -> tuple[Json, bool]:
    value: Json = document
    for step in path:
        if isinstance(value, dict) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None, False
    return value, True


def _unknown_field(path: Path, known: Iterable[str], place: Origin, home: str) -> Finding:
    """`home` is advice that says where the field belongs, "" if that is not known."""
    parent, name = path[:-1], str(path[-1])
    meant = nearest(name, known)
    advice = home or (f"did you mean `{meant}`?" if meant else "")
    if not advice and known:
        advice = "known fields: " + ", ".join(f"`{field}`" for field in sorted(known))
    where = f" in {named(parent)}" if parent else ""
    is_hidden = is_secret_position(parent) or looks_like_key(name)
    shown = "a field" if is_hidden else f"the field {quoted(name)}"
    return problem("F05", f"{shown}{where} is not known", place, advice=advice)


def _missing(path: Path, place: Origin, advice: str) -> Finding:
    return problem("F06", f"{named(path)} is missing", place, advice=advice)


def _wrong_type(wanted: str, value: Json) -> str:
    return f"must be {wanted}, but is {_type_name(value)}"


def _quoting(wanted: str, value: Json) -> str:
    """Advice if YAML gives a number or a boolean where a string is required."""
    return QUOTE if wanted == "a string" and isinstance(value, int | float) else ""


_TYPES: dict[str, str] = {
    "string_type": "a string",
    "string_sub_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "mapping_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}
_BOUNDS: dict[str, str] = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "string_too_short": "must not be empty",
    "finite_number": "must be a finite number",
}
_LENGTHS: dict[str, tuple[str, str, str, str]] = {
    "too_short": ("least", "min_length", "entry", "entries"),
    "too_long": ("most", "max_length", "entry", "entries"),
    "string_too_long": ("most", "max_length", "character", "characters"),
}


def _words(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _type_name(value: Json) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "a list"
    return "a mapping"


def _resolve(loc: tuple[int | str, ...], document: JsonObject) -> tuple[Path, Json, bool]:
    """Path in the document, the value, and whether it exists; steps that pydantic adds are left out."""
    path: list[int | str] = []
    value: Json = document
    for index, step in enumerate(loc):
        is_last = index == len(loc) - 1
        if isinstance(value, dict):
            if path and path[-1] in _TAGGED and step == value.get("type") and not is_last:
                continue
            if step in value:
                path.append(step)
                value = value[str(step)]
                continue
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path.append(step)
            value = value[step]
            continue
        if is_last and isinstance(value, dict) and step != "[key]":
            return (*path, step), None, False
    return tuple(path), value, True


def _known_fields(model: type[BaseModel], document: JsonObject, path: Path) -> list[str]:
    models, value = _models_at(model, document, path)
    chosen = _of_type(models, value)
    return list(dict.fromkeys(name for candidate in chosen for name in _names_of(candidate)))


def _home(model: type[BaseModel], document: JsonObject, path: Path) -> str:
    """Advice for a field in the wrong place; "" unless exactly one place has such a field."""
    homes = [home for home in _places_of(str(path[-1]), model, document) if home != path[:-1]]
    if len(homes) != 1:
        return ""
    return f"it belongs in {named(homes[0])}" if homes[0] else "it belongs at the top level of the document"


def _places_of(name: str, model: type[BaseModel], value: Json) -> Iterator[Path]:
    """Paths of mappings that have a field of this name; items of lists are left out."""
    if name in _names_of(model):
        yield ()
    for field, info in model.model_fields.items():
        step = info.alias or field
        inner = value.get(step) if isinstance(value, dict) else None
        models = [found for found in _alternatives(info.annotation) if _is_model(found)]
        for chosen in _of_type(models, inner):
            for path in _places_of(name, chosen, inner):
                yield (step, *path)


def _names_of(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _tags(model: type[BaseModel], document: JsonObject, path: Path) -> list[str]:
    """Valid values of `type` in a member whose model is selected by it."""
    models, _ = _models_at(model, document, path)
    return [word for candidate in models for word in _type_words(candidate)]


def _type_words(model: type[BaseModel]) -> list[str]:
    info = model.model_fields.get("type")
    return [str(word) for word in get_args(info.annotation)] if info is not None else []


def _models_at(
    model: type[BaseModel], document: JsonObject, path: Path
) -> tuple[list[type[BaseModel]], Json]:
    """Models that may describe the value at `path`, and the value."""
    annotations: list[Any] = [model]
    value: Json = document
    for step in path:
        annotations = _of_type(annotations, value)
        annotations = [inner for annotation in annotations for inner in _inner(annotation, step)]
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
    return [found for found in annotations if _is_model(found)], value


def _of_type(annotations: list[Any], value: Json) -> list[Any]:
    """Models selected by the `type` of the value, or all if it selects none."""
    given = value.get("type") if isinstance(value, dict) else None
    return [found for found in annotations if _is_model(found) and given in _type_words(found)] or annotations


def _inner(annotation: Any, step: str | int) -> list[Any]:
    """Possible types of the member `step`."""
    if _is_model(annotation):
        fields = annotation.model_fields
        found = [info.annotation for name, info in fields.items() if step in (name, info.alias)]
        return [alternative for inner in found for alternative in _alternatives(inner)]
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return _alternatives(arguments[1])
    if get_origin(annotation) in (list, tuple):
        return _alternatives(arguments[0])
    return []


def _alternatives(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [found for inner in get_args(annotation) for found in _alternatives(inner)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
