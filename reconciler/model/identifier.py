"""What ids may look like (v1 reference 1.4, v2 reference 5.2), and the nearest valid one.

The patterns are those of `reconciler.vendor`.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from reconciler.vendor import orchestrator_v1 as v1
from reconciler.vendor import orchestrator_v2 as v2

_LENGTH_DIFFERENCE = 3
_CANDIDATES = 200


def is_v1_id(text: str) -> bool:
    """Tell ids of agents and secret stores."""
    return v1.AGENT_ID.accepts(text)


def is_organization_id(text: str) -> bool:
    """Tell organization ids: at most 50 characters."""
    return v1.ORGANIZATION_ID.accepts(text)


def is_definition_id(text: str) -> bool:
    """Tell definition ids: `a--b` is one, `ab` is not."""
    return v1.DEFINITION_ID.accepts(text)


def is_runner_id(text: str) -> bool:
    """Tell runner ids."""
    return v2.RUNNER_ID.accepts(text)


def repaired(text: str) -> str:
    """Return the id the text was probably meant to be, "" where nothing is left of it.

    >>> repaired("EU_Cluster--1-")
    'eu-cluster-1'
    """
    return "-".join(re.findall(r"[a-z0-9]+", text.lower(), re.ASCII))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that looks most alike, "" where none does.

    Looks at words of about the same length only, and at no more than 200 of them, so that many
    unknown words cost no more than linear time.
    """
    alike = (option for option in known if abs(len(option) - len(word)) <= _LENGTH_DIFFERENCE)
    return next(iter(get_close_matches(word, islice(alike, _CANDIDATES), n=1)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word, or ""."""
    found = nearest(word, known)
    return f"Did you mean `{found}`?" if found else ""
