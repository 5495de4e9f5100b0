"""Versions of charts, images and Kubernetes, compared by their numbers."""

import re

_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:[-+][0-9A-Za-z.+-]*)?", re.ASCII)


def parsed(text: str) -> tuple[int, ...] | None:
    """Return the numbers of a version without zeros at the end, None for what is none.

    Pre-releases count as the version they lead to: whoever runs one has its features.

    >>> parsed("v1.29"), parsed("0.16.10-distroless"), parsed("latest")
    ((1, 29), (0, 16, 10), None)
    """
    found = _NUMBERS.fullmatch(text.strip())
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def is_older(text: str, than: str) -> bool | None:
    """Tell whether a version is older than another, None where one of them is no version.

    >>> is_older("0.3.9", "0.3.11"), is_older("0.21.0", "0.21"), is_older("main", "1.0")
    (True, False, None)
    """
    one, other = parsed(text), parsed(than)
    return None if one is None or other is None else one < other
