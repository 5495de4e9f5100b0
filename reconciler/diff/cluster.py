"""What of a live object on a cluster concerns us, beside what is desired: no write access, no server dry-run.

The server adds defaults, controllers add a status, webhooks inject containers, and other people set fields of their
own. Only two kinds of fields count: those that the desired object sets, and those that our field manager has applied
and that are no longer desired. `reconciler.diff.fields.document_changes` compares the two documents of a `projection`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.diff.change import ABSENT, Absent
from reconciler.diff.managed_fields import (
    DEEPEST,
    Fields,
    applied_by,
    element_step,
    elements,
    every_owners_fields,
    field_names,
    is_set,
    keys_of_elements,
    within,
)
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.quantity import is_same_quantity

ORDER = "(order)"
"""Member of a list with keys that says in which order its elements stand, where that differs."""

_KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "containers": (("name",),),
        "initContainers": (("name",),),
        "ephemeralContainers": (("name",),),
        "env": (("name",),),
        "volumes": (("name",),),
        "volumeMounts": (("mountPath",),),
        "volumeDevices": (("devicePath",),),
        "imagePullSecrets": (("name",),),
        "ports": (("containerPort", "protocol"), ("port", "protocol")),
        "hostAliases": (("ip",),),
        "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
        "resourceClaims": (("name",),),
        "ownerReferences": (("uid",),),
    }
)
"""Keys of lists by field, for objects without `managedFields` (API reference, `x-kubernetes-list-map-keys`).

Sorted by name, as in FieldsV1. The first whose names all elements have, or have a default, applies.
"""
_DEFAULT_KEYS: Mapping[str, Json] = MappingProxyType({"protocol": "TCP"})
"""Keys that the server fills in (API reference, ContainerPort and ServicePort)."""
_DEFAULTS_INSIDE: Mapping[str, Json] = MappingProxyType(
    {
        "protocol": "TCP",  # NetworkPolicyPort
        "apiGroup": "rbac.authorization.k8s.io",  # Subject of User and Group, RoleRef
        "apiVersion": "v1",  # ObjectFieldSelector
        "divisor": "0",  # ResourceFieldSelector
        "expirationSeconds": 3600,  # ServiceAccountTokenProjection
    }
)
"""What the server fills in inside values that are replaced as one (API reference).

`managedFields` does not say which parts of such a value were applied. Whatever else is there and not desired was: a
port of a network policy that is no longer restricted must not go unnoticed.
"""
_MAPS = frozenset(("matchLabels", "labels", "annotations"))
"""Maps inside such values, which the server does not store if they are empty."""
_SELECTORS = frozenset(("selector", "podSelector", "namespaceSelector", "labelSelector", "nodeSelector"))
"""Objects that are replaced as one also where they are empty: then they select everything.

`managedFields` shows every object that was applied empty as if it were replaced as one.
"""
_OF_QUANTITIES = frozenset(("limits", "requests"))
_QUANTITIES = frozenset(("sizeLimit", "divisor"))


@dataclass(frozen=True, slots=True)
class _Place:
    """A field in both documents.

    `owned` is what we have applied of it, {} for all of it, None for nothing; `known` is the same for all managers
    together. `is_whole` is true inside a value of ours that is replaced as one, where nobody else can own a part.
    """

    path: Path
    owned: Fields | None
    known: Fields | None
    is_whole: bool = False

    def field(self, name: str) -> "_Place":
        """A member of an object."""
        if self.is_whole:
            return self.inside(name)
        return _Place(
            (*self.path, name),
            None if self.owned is None else within(self.owned, name),
            None if self.known is None else within(self.known, name),
        )

    def inside(self, *steps: str | int) -> "_Place":
        """The same, or something below it, as a part of a value of ours that is replaced as one."""
        return _Place((*self.path, *steps), None, None, is_whole=True)

    @property
    def is_ours(self) -> bool:
        """True if we have applied it, and nobody has changed it since."""
        return self.is_whole or self.owned is not None

    @property
    def is_atomic(self) -> bool:
        """True if somebody owns all of it: it is replaced as one (`x-kubernetes-map-type`, `…-list-type`)."""
        return self.known is not None and not self.known


def projection(desired: JsonObject, live: JsonObject, manager: str) -> tuple[JsonObject, JsonObject]:
    """Both objects, restricted to the fields that `desired` sets or that `manager` has applied: (wanted, present).

    Lists with keys and sets become objects, with the key of each element as its name: `containers.agent.image`.
    Quantities of the same amount are spelled as in `desired`. Fields that are owned and no longer desired are in the
    second only. Both are equal if applying `desired` would change nothing that we set.
    """
    root = _Place((), applied_by(live, manager), every_owners_fields(live))
    # Items of a list do not repeat their type.
    typed: JsonObject = {name: desired[name] for name in ("apiVersion", "kind") if name in desired}
    return _objects(desired, typed | live, root)


def _objects(desired: JsonObject, live: JsonObject, place: _Place) -> tuple[JsonObject, JsonObject]:
    wanted: JsonObject = {}
    present: JsonObject = {}
    for name, value in desired.items():
        if value is not None:
            _put(name, _values(value, _found(live, name), place.field(name)), wanted, present)
    if place.is_whole:
        present |= {
            name: value
            for name, value in live.items()
            if desired.get(name) is None and value is not None and value != _DEFAULTS_INSIDE.get(name)
        }
    for name in field_names(place.owned or {}):
        if desired.get(name) is None and live.get(name) is not None:
            part = _owned_part(live[name], within(place.owned or {}, name) or {})
            _put(name, (ABSENT, part), wanted, present)
    return wanted, present


def _found(live: JsonObject, name: str) -> Json | Absent:
    """A member; the server writes null for some that it does not have."""
    value = live.get(name)
    return ABSENT if value is None else value


def _put(
    name: str, pair: tuple[Json | Absent, Json | Absent], wanted: JsonObject, present: JsonObject
) -> None:
    if not isinstance(pair[0], Absent):
        wanted[name] = pair[0]
    if not isinstance(pair[1], Absent):
        present[name] = pair[1]


def _values(desired: Json, live: Json | Absent, place: _Place) -> tuple[Json | Absent, Json | Absent]:
    if isinstance(live, Absent):
        return (ABSENT, ABSENT) if _is_nothing(desired, place) else (desired, ABSENT)
    if isinstance(desired, dict) and isinstance(live, dict):
        if not place.is_atomic or (not desired and place.path[-1] not in _SELECTORS):
            return _objects(desired, live, place)
        return _objects(desired, live, place.inside()) if place.is_ours else (desired, live)
    if isinstance(desired, list) and isinstance(live, list):
        return _lists(desired, live, place)
    if _is_quantity(place.path) and is_same_quantity(desired, live):
        return desired, desired
    return desired, live


def _is_nothing(desired: Json, place: _Place) -> bool:
    """True for a value that the server does not store although it was applied: `false`, 0, "" and empty in most fields.

    Outside of values that are replaced as one, such a field is owned; where somebody has removed it since, it is no
    longer ours. Inside, `{}` is stored and means something, such as every pod, but not for a map.
    """
    if desired == []:
        return True  # says nothing anywhere, and some are owned by nobody
    if place.is_whole:
        return desired is False or desired == "" or (desired == {} and place.path[-1] in _MAPS)
    return place.owned is not None and not desired


def _lists(desired: list[Json], live: list[Json], place: _Place) -> tuple[Json, Json]:
    if place.is_whole or (place.is_atomic and place.is_ours):
        return _by_position(desired, live, place)
    if place.is_atomic:
        return desired, live
    known = place.known or {}
    if is_set(known):
        return _sets(desired, live, place)
    keys = keys_of_elements(known) or _customary_keys(desired, place.path)
    wanted = _by_keys(desired, keys)
    if not keys or len(wanted) < len(desired):
        return _by_position(desired, live, place)
    return _with_keys(wanted, _by_keys(live, keys), place)


def _by_position(desired: list[Json], live: list[Json], place: _Place) -> tuple[Json, Json]:
    """Element beside element. If their number differs, the whole lists."""
    if len(desired) != len(live):
        return desired, live
    pairs = [
        _values(wanted, present, place.inside(index))
        for index, (wanted, present) in enumerate(zip(desired, live, strict=True))
    ]
    return [_json(wanted) for wanted, _ in pairs], [_json(present) for _, present in pairs]


def _json(value: Json | Absent) -> Json:
    return None if isinstance(value, Absent) else value


def _sets(desired: list[Json], live: list[Json], place: _Place) -> tuple[JsonObject, JsonObject]:
    wanted = {element_step([value]): value for value in desired}
    ours = wanted.keys() | {step for step, _ in elements(place.owned or {})}
    present = {element_step([value]): value for value in live}
    return wanted, {step: value for step, value in present.items() if step in ours}


def _with_keys(
    desired: Mapping[str, JsonObject], live: Mapping[str, JsonObject], place: _Place
) -> tuple[JsonObject, JsonObject]:
    owned, known = dict(elements(place.owned or {})), dict(elements(place.known or {}))
    wanted: JsonObject = {}
    present: JsonObject = {}
    for step, element in desired.items():
        below = _Place((*place.path, step), owned.get(step), known.get(step))
        _put(step, _values(element, live.get(step, ABSENT), below), wanted, present)
    for step, fields in owned.items():
        if step not in desired and step in live:
            _put(step, (ABSENT, _owned_part(live[step], fields)), wanted, present)
    order = [step for step in desired if step in live]
    present_order = [step for step in live if step in desired]
    if order != present_order:
        wanted[ORDER], present[ORDER] = list[Json](order), list[Json](present_order)
    return wanted, present


def _by_keys(found: list[Json], keys: tuple[str, ...]) -> dict[str, JsonObject]:
    """Elements by their keys. Elements without them are left out, and of several with the same the last one counts."""
    made = {}
    for element in found:
        if isinstance(element, dict):
            values = [element.get(key) or _DEFAULT_KEYS.get(key) for key in keys]
            if None not in values:
                made[element_step(values)] = element
    return made


def _customary_keys(desired: list[Json], path: Path) -> tuple[str, ...]:
    """Keys of a list that nobody owns by keys, () if it has none. Those of a service account have none either."""
    choices = _KEYS.get(str(path[-1]), ()) if len(path) > 1 else ()
    for keys in choices:
        if len(_by_keys(desired, keys)) == len(desired):
            return keys
    return ()


def _owned_part(live: Json, owned: Fields, depth: int = 0) -> Json | Absent:
    """What of a live value is owned; ABSENT if nothing."""
    if not owned or depth > DEEPEST:
        return live
    if isinstance(live, dict):
        parts: Iterator[tuple[str, Json, Fields]] = (
            (name, live[name], within(owned, name) or {}) for name in field_names(owned) if name in live
        )
    elif isinstance(live, list) and is_set(owned):
        steps = dict(elements(owned))
        parts = ((step, value, {}) for value in live if (step := element_step([value])) in steps)
    elif isinstance(live, list) and keys_of_elements(owned):
        present = _by_keys(live, keys_of_elements(owned))
        parts = ((step, present[step], below) for step, below in elements(owned) if step in present)
    else:
        return live
    made: JsonObject = {}
    for name, value, below in parts:
        _put(name, (ABSENT, _owned_part(value, below, depth + 1)), {}, made)
    return made or ABSENT


def _is_quantity(path: Path) -> bool:
    if path[:1] != ("spec",) or "metadata" in path:
        return False
    return path[-1] in _QUANTITIES or (len(path) > 1 and path[-2] in _OF_QUANTITIES)
