"""Equality of Kubernetes quantities: the server stores `0.250` as `250m`."""

from reconciler.model.json import Json
from reconciler.vendor.quantity import bytes_of


def is_same_quantity(one: Json, other: Json) -> bool:
    """True if both are quantities, as text or as numbers, of the same amount.

    >>> is_same_quantity("0.250", "250m"), is_same_quantity(1, "1000m"), is_same_quantity("1Gi", "1G")
    (True, True, False)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    if not (isinstance(one, str | int | float) and isinstance(other, str | int | float)):
        return False
    amount = bytes_of(str(one))
    return amount is not None and amount == bytes_of(str(other))
