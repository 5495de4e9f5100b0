"""Kubernetes quantities (API reference, Quantity)."""

import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

FORM = "a number, optionally with a unit, such as `250m`, `0.5`, `256Mi`"
PATTERN = r"^(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[EPTGMkmun]|[EPTGMK]i|[eE][+-]?[0-9]{1,2})?$"
_QUANTITY = re.compile(
    r"(?P<number>\d+(?:\.\d*)?|\.\d+)(?P<unit>[EPTGMk]|[EPTGMK]i|[mun]|[eE][+-]?\d{1,2})?", re.ASCII
)
_LONGEST = 40
_UNITS: dict[str, Decimal] = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}
_KI = Decimal(1024)
_MOST = Decimal(2**63)
_BINARY = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki", "")
_DECIMAL = ("E", "P", "T", "G", "M", "k", "", "m", "u", "n")


def bytes_of(text: str) -> Decimal | None:
    """Amount in bytes, None if the text is not a quantity.

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


def canonical(text: str) -> str | None:
    """A quantity as the API server writes it, None if the text is not a quantity, or one beyond 64 bits.

    Numbers are whole, with the largest unit of their family that allows it. A decimal exponent becomes a unit. Like the
    server, this rounds up what is finer than a billionth.

    >>> canonical("0.250"), canonical("1024Mi"), canonical("1.5Gi"), canonical("1e3"), canonical("0")
    ('250m', '1Gi', '1536Mi', '1k', '0')
    """
    amount = bytes_of(text)
    if amount is None or amount >= _MOST:
        return None
    if text.endswith("i") and amount >= _KI and amount == amount.to_integral_value():
        return _whole(amount, _BINARY)
    return _whole(amount.quantize(Decimal("1e-9"), rounding=ROUND_CEILING), _DECIMAL)


def _whole(amount: Decimal, units: Iterable[str]) -> str:
    if not amount:
        return "0"
    for unit in units:
        number = amount / _UNITS[unit]
        if number == number.to_integral_value():
            return f"{number.to_integral_value():f}{unit}"
    return f"{amount:f}"
