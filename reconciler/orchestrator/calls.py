"""How one kind of thing is read and changed: the row of a kind in the client."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.model.identity import ResourceKey
from reconciler.model.state import Resource


def _cannot_change(_: Resource, desired: Resource, *__: bool) -> Resource:
    raise ValueError(f"{desired.key} cannot be changed, only created and deleted")


def _none(_: Resource) -> list[Resource]:
    return []


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls for one kind. Errors are those of `reconciler.errors`.

    `get` returns None only if the thing is proven to be absent. `create` takes what is desired and, for an agent,
    its first key. `update` takes the live and the desired thing and whether secrets changed; it raises ValueError
    for kinds without such a call. `delete` takes the live thing and whether it is forced. `listed` makes a
    resource of an item of the kind's collection, None for kinds without one (`reconciler.model.kind`).
    `dependents` lists the objects that deleting the live one would delete as well.
    """

    get: Callable[[ResourceKey], Resource | None]
    create: Callable[[Resource, Resource | None], Resource]
    delete: Callable[[Resource, bool], None]
    update: Callable[[Resource, Resource, bool], Resource] = _cannot_change
    listed: Callable[[Any], Resource] | None = None
    dependents: Callable[[Resource], list[Resource]] = _none
