"""Words from files, as shown in messages."""

import re

_KEY_MATERIAL = re.compile(r"PRIVATE KEY|BEGIN |[A-Za-z0-9+/=_-]{32,}")


def looks_like_key(text: str) -> bool:
    """True for text that may be part of a key or token."""
    return _KEY_MATERIAL.search(text) is not None


def quoted(name: str) -> str:
    """A name from a file, in backticks: at most 60 characters, control characters escaped."""
    shown = name if len(name) <= 60 else name[:57] + "…"
    return "`" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown) + "`"
