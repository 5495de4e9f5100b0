"""Wording of names in messages."""

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
