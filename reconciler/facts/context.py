"""Where criteria apply together, and which of them wins (v1 reference 12).

A criterion applies to deployments of an application to an environment, for a resource class and
id. Two criteria meet if the fields that both set are equal; which fields are set, not how many,
decides which one wins.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

from reconciler.model.resource_definition import DEFAULT_CLASS, Criterion

T = TypeVar("T")
Where = tuple[str | None, str | None, str | None]
"""Deployments by application, environment and environment type; None means any."""
ANYWHERE: Where = (None, None, None)
NO_ID = re.compile(r"[*?\s,|(){}\[\]$^\\]")
"""Characters that no id of an application, environment, type or class contains; criteria are compared as plain text."""
_FEW = 8
_FIELDS = range(3)


def class_of(criterion: Criterion) -> str:
    """Resource class of a criterion, `default` if it names none."""
    return criterion.class_name or DEFAULT_CLASS


def meet(one: Criterion, other: Criterion) -> bool:
    """Whether some deployment satisfies both, apart from class and resource id.

    >>> meet(Criterion(env_type="test"), Criterion(app_id="shop")), meet(Criterion(app_id="a"), Criterion(app_id="b"))
    (True, False)
    """
    return both(where(one), where(other)) is not None


def where(criterion: Criterion) -> Where:
    """Deployments of a criterion. Empty text means any, like absence (v1 reference 4.10)."""
    return criterion.app_id or None, criterion.env_id or None, criterion.env_type or None


def both(one: Where, other: Where) -> Where | None:
    """Deployments that are in both; None if there are none.

    >>> both(("shop", None, None), (None, None, "test")), both(("shop", None, None), ("till", None, None))
    (('shop', None, 'test'), None)
    """
    (a, b, c), (x, y, z) = one, other
    if (a and x and a != x) or (b and y and b != y) or (c and z and c != z):
        return None
    return a or x, b or y, c or z


def described(where: Where) -> str:
    """Deployments in words, to be appended to a sentence; "" for any.

    >>> described(("shop", None, "test"))
    ' in application `shop`, environment type `test`'
    """
    named = zip(("application", "environment", "environment type"), where, strict=True)
    words = ", ".join(f"{word} `{value}`" for word, value in named if value)
    return f" in {words}" if words else ""


def rank(criterion: Criterion) -> tuple[bool, bool, bool, bool]:
    """Rank in the order of precedence; the highest that applies wins.

    >>> rank(Criterion(res_id="db")) > rank(Criterion(env_id="qa", app_id="shop", env_type="test"))
    True
    """
    return bool(criterion.res_id), bool(criterion.env_id), bool(criterion.app_id), bool(criterion.env_type)


@dataclass(frozen=True, slots=True)
class Applied(Generic[T]):
    """A criterion and the thing it selects."""

    criterion: Criterion
    subject: T


class Applications(Generic[T]):
    """Criteria for one class and resource id, indexed so that finding those that meet one is cheap.

    Criteria of a type are unique, so few of them leave all fields open; the others are found by
    their most selective field. A few criteria are searched one by one, without an index.
    """

    __slots__ = ("_all", "_by_field", "_by_where")

    def __init__(self, applied: Iterable[Applied[T]] = ()) -> None:
        self._all = [(where(one.criterion), one) for one in applied]
        self._by_field: tuple[dict[str | None, list[tuple[Where, Applied[T]]]], ...] | None = None
        self._by_where: dict[Where, Applied[T]] | None = None

    def __len__(self) -> int:
        return len(self._all)

    @classmethod
    def of(cls, applied: Iterable[Applied[T]], *, class_name: str | None, res_id: str) -> "Applications[T]":
        """Criteria that can select the resource id; `class_name` None keeps every class."""
        return cls(
            one
            for one in applied
            if (not one.criterion.res_id or one.criterion.res_id == res_id)
            and (class_name is None or class_of(one.criterion) == class_name)
        )

    def meeting(self, criterion: Criterion) -> Iterator[Applied[T]]:
        """Criteria that meet the given one."""
        return (one for _, one in self.within(where(criterion)))

    def within(self, wanted: Where) -> Iterator[tuple[Where, Applied[T]]]:
        """Criteria that apply to some of the given deployments, each with those to which it applies."""
        for values, one in self._candidates(wanted):
            shared = both(wanted, values)
            if shared is not None:
                yield shared, one

    def _candidates(self, wanted: Where) -> list[tuple[Where, Applied[T]]]:
        if len(self._all) <= _FEW or wanted == ANYWHERE:
            return self._all
        by_field = self._by_field
        if by_field is None:
            by_field = self._by_field = (defaultdict(list), defaultdict(list), defaultdict(list))
            for entry in self._all:
                for number in _FIELDS:
                    by_field[number][entry[0][number]].append(entry)
        return min(
            (
                [*by_field[number].get(wanted[number], ()), *by_field[number].get(None, ())]
                for number in _FIELDS
                if wanted[number] is not None
            ),
            key=len,
        )

    def beats(self, one: Criterion, other: Criterion) -> Iterator[Applied[T]]:
        """Criteria that apply wherever both given ones do, and take precedence over `other` there."""
        (a, b, c), (x, y, z) = where(one), where(other)
        least = rank(other)
        return (found for found in self.covering((a or x, b or y, c or z)) if rank(found.criterion) > least)

    def covering(self, wanted: Where) -> Iterator[Applied[T]]:
        """Criteria that apply to all of the given deployments; of equal ones only one of the highest rank."""
        by_where = self._by_where
        if by_where is None:
            by_where = self._by_where = {}
            for values, one in self._all:
                other = by_where.get(values)
                if other is None or rank(one.criterion) > rank(other.criterion):
                    by_where[values] = one
        a, b, c = (((None, value) if value else (None,)) for value in wanted)
        for values in product(a, b, c):
            found = by_where.get(values)
            if found is not None:
                yield found
