"""How names are put into words."""

from collections.abc import Iterable


def listed(names: Iterable[str], *, most: int | None = None) -> str:
    """Names in backticks, in their order; those beyond `most` are counted only. "" for none.

    >>> listed(["eu", "us", "ap"]), listed(["eu", "us", "ap"], most=2)
    ('`eu`, `us`, `ap`', '`eu`, `us` and 1 more')
    """
    quoted = [f"`{name}`" for name in names]
    kept = quoted if most is None else quoted[:most]
    more = len(quoted) - len(kept)
    return ", ".join(kept) + (f" and {more} more" if more else "")


def visible(text: str) -> str:
    r"""Replace every character that is not printable by its escape.

    >>> visible("a\x1b[31m\n")
    'a\\x1b[31m\\n'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
