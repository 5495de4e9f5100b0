"""Names of variables and files that the settings give for secrets, as they may be shown.

Somebody who writes the token itself where its name belongs must not find it in a log or a comment.
"""

import re

from reconciler.settings import Token
from reconciler.source.harmless import is_harmless

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


def is_variable(name: str) -> bool:
    """True for a name in capitals, as variables have by convention, without parts that look random."""
    return _VARIABLE.fullmatch(name) is not None and is_harmless(name)


def is_path(name: str) -> bool:
    """True for a path or a name with an ending, without parts that look random."""
    return ("/" in name or "." in name) and is_harmless(name.removeprefix("~"))


def shown_source(token: Token, place: str) -> str:
    """The variable or file in words; `place` is the setting, which is named alone if the value may be the secret."""
    if token.env is not None:
        name, is_shown, noun = token.env, is_variable(token.env), "environment variable"
    else:
        name = token.file or ""
        is_shown, noun = is_path(name), "file"
    if is_shown:
        return f"{noun} {name} ({place})"
    return f"the {noun} that {place} names (not shown: it may be the secret itself)"
