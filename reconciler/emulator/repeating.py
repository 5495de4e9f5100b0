"""Finds regular expressions that could take practically for ever, before anything is matched with them.

Python's engine tries every way in which a repeated group with a choice inside could have
matched, so the time can double with each character, and nothing but a kill ends it. Such
groups are refused as a whole: some are harmless, but each can be written without.
Called by `faults`, whose patterns come from outside.
"""

import re

_TOKEN = re.compile(
    r"""
    \\. | \[\^?\]?(?:\\.|[^\]\\])*\]      # an escape or a class: nothing inside them counts
    | (?P<open>\(\??) | (?P<close>\))
    | (?P<times>[*+?]|\{[0-9]*,?[0-9]*\})[?+]?
    | (?P<either>\|)
    | .
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_FIXED = re.compile(r"\{[0-9]+\}", re.ASCII)
_AT_MOST_ONCE = frozenset({"?", "{0,1}", "{,1}", "{0}", "{1}", "{1,1}"})


def repeats_a_choice(pattern: str) -> bool:
    """Tell whether a group of `pattern` is repeated that holds a repeat or an alternative.

    A fixed number of times, as in `(?:[0-9a-f]{4}-){3}`, is no choice.

    >>> [repeats_a_choice(text) for text in ("(a+)+$", "(a|a)*", "(a?){30}", "/.+/agents$", "(?:[0-9]{4}-){3}")]
    [True, True, True, False, False]
    """
    choices, closed = [False], False
    for token in _TOKEN.finditer(pattern):
        times = token["times"]
        if times and closed and times not in _AT_MOST_ONCE:
            return True
        closed = False
        if token["open"]:
            choices.append(False)
        elif token["close"] and len(choices) > 1:
            closed = choices.pop()
            choices[-1] |= closed
        elif token["either"] or (times and not _FIXED.fullmatch(times)):
            choices[-1] = True
    return False
