"""Where criteria apply together, and which of them wins (v1 reference 12).

A criterion applies to deployments of an application to an environment, for a resource class and
id. Fields that two criteria both set must be equal for them to meet; which fields are set, not
how many, decides who wins.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Generic, TypeVar

from reconciler.model.resource_definition import DEFAULT_CLASS, Criterion

T = TypeVar("T")
_FIELDS = ("app_id", "env_id", "env_type")


def class_of(criterion: Criterion) -> str:
    """Resource class of a criterion, `default` where it names none."""
    return criterion.class_name or DEFAULT_CLASS


def meet(one: Criterion, other: Criterion) -> bool:
    """Tell whether some deployment satisfies both, apart from class and resource id.

    >>> meet(Criterion(env_type="test"), Criterion(app_id="shop")), meet(Criterion(app_id="a"), Criterion(app_id="b"))
    (True, False)
    """
    return all(a is None or b is None or a == b for a, b in zip(_values(one), _values(other), strict=True))


def _values(criterion: Criterion) -> tuple[str | None, str | None, str | None]:
    """Empty text means any, like absence (v1 reference 4.10)."""
    return criterion.app_id or None, criterion.env_id or None, criterion.env_type or None


def rank(criterion: Criterion) -> tuple[bool, bool, bool, bool]:
    """Order of precedence; the greatest of those that apply wins.

    >>> rank(Criterion(res_id="db")) > rank(Criterion(env_id="qa", app_id="shop", env_type="test"))
    True
    """
    return bool(criterion.res_id), bool(criterion.env_id), bool(criterion.app_id), bool(criterion.env_type)


@dataclass(frozen=True, slots=True)
class Applied(Generic[T]):
    """A criterion and the thing it selects."""

    criterion: Criterion
    subject: T


@dataclass(frozen=True)
class Applications(Generic[T]):
    """Criteria for one class and resource id, indexed so that finding those that meet one is cheap.

    Criteria of a type are unique, so few of them leave all fields open; the others are found by
    their most telling field.
    """

    _all: list[Applied[T]] = field(default_factory=list)
    _by_field: Mapping[str, dict[str | None, list[Applied[T]]]] = field(
        default_factory=lambda: {name: defaultdict(list) for name in _FIELDS}
    )
    _by_values: dict[tuple[str | None, ...], list[Applied[T]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def of(cls, applied: Iterable[Applied[T]], *, class_name: str | None, res_id: str) -> "Applications[T]":
        """Keep criteria that can select the resource id; `class_name` None keeps every class."""
        made = cls()
        for one in applied:
            criterion = one.criterion
            if criterion.res_id and criterion.res_id != res_id:
                continue
            if class_name is not None and class_of(criterion) != class_name:
                continue
            made._add(one)
        return made

    def _add(self, one: Applied[T]) -> None:
        values = _values(one.criterion)
        self._all.append(one)
        self._by_values[values].append(one)
        for name, value in zip(_FIELDS, values, strict=True):
            self._by_field[name][value].append(one)

    def meeting(self, criterion: Criterion) -> Iterator[Applied[T]]:
        """Criteria that meet the given one."""
        candidates = min(
            (
                [*self._by_field[name].get(value, ()), *self._by_field[name].get(None, ())]
                for name, value in zip(_FIELDS, _values(criterion), strict=True)
                if value is not None
            ),
            key=len,
            default=self._all,
        )
        return (one for one in candidates if meet(criterion, one.criterion))

    def beats(self, one: Criterion, other: Criterion) -> Iterator[Applied[T]]:
        """Criteria that apply wherever both given ones do, and win over `other` there."""
        merged = (a or b for a, b in zip(_values(one), _values(other), strict=True))
        for values in product(*((None, value) if value else (None,) for value in merged)):
            for found in self._by_values.get(values, ()):
                if rank(found.criterion) > rank(other):
                    yield found
