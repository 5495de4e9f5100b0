"""Which ids are valid (v1 reference 1.4, v2 reference 5.2), and the nearest valid one.

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
_NUMBER = re.compile(r"\d+")
_CLOSE = 0.8
"""Similarity of a misspelling. Below it are names that are made alike, such as `eu-1` and `us-1`."""


def is_v1_id(text: str) -> bool:
    """True for a valid id of an agent or a secret store."""
    return v1.AGENT_ID.accepts(text)


def is_organization_id(text: str) -> bool:
    """True for a valid organization id: at most 50 characters."""
    return v1.ORGANIZATION_ID.accepts(text)


def is_definition_id(text: str) -> bool:
    """True for a valid definition id: `a--b` is one, `ab` is not."""
    return v1.DEFINITION_ID.accepts(text)


def is_runner_id(text: str) -> bool:
    """True for a valid runner id."""
    return v2.RUNNER_ID.accepts(text)


def repaired(text: str) -> str:
    """The valid id that was probably meant, "" if no character is left.

    >>> repaired("EU_Cluster--1-")
    'eu-cluster-1'
    """
    return "-".join(re.findall(r"[a-z0-9]+", text.lower(), re.ASCII))


def nearest(word: str, known: Iterable[str]) -> str:
    """The most similar known word, "" if none is similar.

    Compares at most 200 words, all of about the same length, so that many unknown words take linear time.
    """
    alike = (option for option in known if abs(len(option) - len(word)) <= _LENGTH_DIFFERENCE)
    return next(iter(get_close_matches(word, islice(alike, _CANDIDATES), n=1)), "")


def intended_cluster(name: str, known: Iterable[str]) -> str:
    """The cluster of which a name is probably a misspelling, "" if there is none.

    Names that differ in their numbers alone are a series: `eu-2` is no misspelling of `eu-1`.

    >>> intended_cluster("eu1", ["eu-1", "us-1"]), intended_cluster("eu-2", ["eu-1"])
    ('eu-1', '')
    """
    stem = _NUMBER.sub("0", name)
    alike = (one for one in known if one != name and _NUMBER.sub("0", one) != stem)
    return next(iter(get_close_matches(name, islice(alike, _CANDIDATES), n=1, cutoff=_CLOSE)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that suggests the nearest known word, or ""."""
    found = nearest(word, known)
    return f"Did you mean `{found}`?" if found else ""
