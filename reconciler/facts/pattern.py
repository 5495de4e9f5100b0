"""Texts with open parts: placeholders of the orchestrator and expressions of Go and Helm templates.

Decides whether two such texts can be equal, without building regular expressions from input.
"""

import re
from collections.abc import Iterator

from reconciler.model.json import Json
from reconciler.model.placeholder import has_placeholder

_OPEN = re.compile(r"\$\{[^${}]*\}|\{\{[^{}]*\}\}")


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Literal (True) and open (False) pieces of a text, in order.

    >>> list(pieces("a/${context.env.id}"))
    [(True, 'a/'), (False, '${context.env.id}')]
    """
    at = 0
    for found in _OPEN.finditer(text):
        if found.start() > at:
            yield True, text[at : found.start()]
        yield False, found.group()
        at = found.end()
    if at < len(text):
        yield True, text[at:]


def is_open(text: str) -> bool:
    """True if some part of the text is filled in later."""
    return _OPEN.search(text) is not None


def is_fixed(text: str) -> bool:
    """True for text that is the same in every deployment."""
    return "{{" not in text and not has_placeholder(text)


def is_filled_in(text: str) -> bool:
    """True for a text that a template, a shell or Kubernetes fills in later, whole or in part."""
    return "$" in text or "{{" in text


def is_literal(value: Json) -> bool:
    """True for values that are used as written: non-empty texts with no open parts, and numbers.

    >>> is_literal("hunter2"), is_literal("${resources.db.outputs.password}"), is_literal("")
    (True, False, False)
    """
    if isinstance(value, str):
        return value != "" and not has_placeholder(value) and not is_open(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def could_be(one: str, other: str) -> bool:
    """Whether two texts can be equal once their open parts are filled in.

    Exact if one side is literal; of two open texts only the fixed ends are compared.

    >>> could_be("${context.app.id}-dev", "shop-dev"), could_be("${context.app.id}-dev", "shop-prod")
    (True, False)
    """
    if is_open(one) and is_open(other):
        return _agree(_head(one), _head(other)) and _agree(_tail(one)[::-1], _tail(other)[::-1])
    if is_open(other):
        one, other = other, one
    return _matches(one, other)


def _matches(pattern: str, text: str) -> bool:
    """Match from the left: with only one kind of wildcard, the earliest match is never worse."""
    if not is_open(pattern):
        return pattern == text
    head, tail = _head(pattern), _tail(pattern)
    if len(text) < len(head) + len(tail) or not text.startswith(head) or not text.endswith(tail):
        return False
    at, end = len(head), len(text) - len(tail)
    inner = [literal for is_literal, literal in pieces(pattern) if is_literal]
    inner = inner[1 if head else 0 : len(inner) - (1 if tail else 0)]
    for literal in inner:
        found = text.find(literal, at, end)
        if found == -1:
            return False
        at = found + len(literal)
    return True


def _head(text: str) -> str:
    found = _OPEN.search(text)
    return text if found is None else text[: found.start()]


def _tail(text: str) -> str:
    *_, (is_literal, last) = pieces(text) if text else [(True, "")]
    return last if is_literal else ""


def _agree(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
