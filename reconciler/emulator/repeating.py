"""Detection of regular expressions that could take exponential time, before they are used.

Python's engine tries every way in which a repeated group with a choice inside could have
matched, so the time can double with each character, and only a kill ends it. All such
groups are refused: some are harmless, but none is necessary. Called by `faults`, whose
patterns are untrusted.
"""

import re
from collections.abc import Iterator

_TIMES = re.compile(r"[*+?]|\{[0-9]*,?[0-9]*\}", re.ASCII)
_FIXED = re.compile(r"\{[0-9]+\}", re.ASCII)
_AT_MOST_ONCE = frozenset({"?", "{0,1}", "{,1}", "{0}", "{1}", "{1,1}"})


def repeats_a_choice(pattern: str) -> bool:
    """Whether `pattern`, a valid one, repeats a group that contains a repeat or an alternative.

    A fixed number of times, as in `(?:[0-9a-f]{4}-){3}`, is not a choice.

    >>> [repeats_a_choice(text) for text in ("(a+)+$", "(a|a)*", "(a?){30}", "/.+/agents$", "(?:[0-9]{4}-){3}")]
    [True, True, True, False, False]
    """
    # For each open group, the whole pattern first: whether it contains a choice so far.
    choices = [False]
    has_closed_choice = False
    for mark in _marks(pattern):
        is_times = _TIMES.fullmatch(mark) is not None
        if is_times and has_closed_choice and mark not in _AT_MOST_ONCE:
            return True
        has_closed_choice = False
        if mark == "(":
            choices.append(False)
        elif mark == ")" and len(choices) > 1:
            has_closed_choice = choices.pop()
            choices[-1] |= has_closed_choice
        elif mark == "|" or (is_times and not _FIXED.fullmatch(mark)):
            choices[-1] = True
    return False


def _marks(pattern: str) -> Iterator[str]:
    """Yield parentheses, bars, quantifiers, and "" for a literal or a class."""
    at = 0
    while at < len(pattern):
        times = _TIMES.match(pattern, at)
        if times:
            yield times[0]
            # A lazy or possessive mark is not a separate quantifier.
            at = times.end() + (pattern[times.end() : times.end() + 1] in ("?", "+"))
        elif pattern[at] == "[":
            yield ""
            at = _behind_class(pattern, at)
        elif pattern[at] in "(|)":
            yield pattern[at]
            # The question mark after a parenthesis introduces the kind of the group.
            at += 2 if pattern.startswith("(?", at) else 1
        else:
            yield ""
            at += 2 if pattern[at] == "\\" else 1


def _behind_class(pattern: str, at: int) -> int:
    at += 2 if pattern.startswith("[^", at) else 1
    # Right at the start, a closing bracket is a literal.
    at += pattern.startswith("]", at)
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1
