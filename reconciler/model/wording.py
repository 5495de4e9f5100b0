"""Wording of names and numbers in messages."""

from collections.abc import Iterable


def listed(names: Iterable[str], *, most: int | None = None) -> str:
    """Names in backticks, in the given order; those beyond `most` are only counted. "" if there are none.

    >>> listed(["eu", "us", "ap"]), listed(["eu", "us", "ap"], most=2)
    ('`eu`, `us`, `ap`', '`eu`, `us` and 1 more')
    """
    quoted = [f"`{name}`" for name in names]
    kept = quoted if most is None else quoted[:most]
    more = len(quoted) - len(kept)
    return ", ".join(kept) + (f" and {more} more" if more else "")


def plural(number: int, noun: str, several: str = "") -> str:
    """Number and noun; `several` is the plural if it is not the noun plus an s.

    >>> plural(1, "error"), plural(1200, "file"), plural(2, "switch", "switches")
    ('1 error', '1,200 files', '2 switches')
    """
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def visible(text: str) -> str:
    r"""The text with every non-printable character escaped.

    >>> visible("a\x1b[31m\n")
    'a\\x1b[31m\\n'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
