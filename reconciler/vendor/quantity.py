"""Kubernetes quantities, used for amounts of memory and processors (API reference, Quantity)."""

import re
from decimal import Decimal

_QUANTITY = re.compile(
    r"(?P<number>\d+(?:\.\d*)?|\.\d+)(?P<unit>[EPTGMk]|[EPTGMK]i|[mun]|[eE][+-]?\d{1,2})?", re.ASCII
)
_LONGEST = 40
_UNITS: dict[str, Decimal] = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "u": Decimal("1e-6"),
    "n": Decimal("1e-9"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


def bytes_of(text: str) -> Decimal | None:
    """Amount in bytes, or in processors, None if the text is not a quantity.

    >>> bytes_of("256Mi"), bytes_of("1e3"), bytes_of("lots")
    (Decimal('268435456'), Decimal('1000'), None)
    """
    found = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    number, unit = Decimal(found["number"]), found["unit"] or ""
    if unit in _UNITS:
        return number * _UNITS[unit]
    return number * Decimal(10) ** int(unit[1:])
