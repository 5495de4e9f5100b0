"""Misbehaviour on request: which requests go wrong, how, and how often.

A rule names requests by verb and path, skips the first `after` of them, and strikes
`count` times. Chance comes only from the rule's seed, so a run can be repeated. What a
strike does is left to `fault_effects` and to those who answer.
"""

import random
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from reconciler.emulator.repeating import repeats_a_choice
from reconciler.emulator.store import Store
from reconciler.emulator.wire import is_number


class FaultKind(StrEnum):
    """What goes wrong. "After effect" means that the write has been made."""

    DELAY = "delay"
    TOO_MANY_REQUESTS = "too_many_requests"
    ERROR_BEFORE_EFFECT = "error_before_effect"
    ERROR_AFTER_EFFECT = "error_after_effect"
    CUT_BEFORE_EFFECT = "cut_before_effect"
    CUT_AFTER_EFFECT = "cut_after_effect"
    TRUNCATED_BODY = "truncated_body"
    STALE_LIST = "stale_list"
    PARTIAL_LIST = "partial_list"
    WRONG_PAGE_TOKEN = "wrong_page_token"  # noqa: S105 - the name of a fault
    REPEATED_PAGE = "repeated_page"
    REFUSED_ONCE = "refused_once"
    SLOW_KEY_AUTHORIZATION = "slow_key_authorization"


LIST_FAULTS = frozenset({FaultKind.STALE_LIST, FaultKind.PARTIAL_LIST})
"""What can go wrong with lists only."""

PAGE_FAULTS = frozenset({FaultKind.WRONG_PAGE_TOKEN, FaultKind.REPEATED_PAGE})
"""What can go wrong with lists in pages only."""

KEY_FAULTS = frozenset({FaultKind.SLOW_KEY_AUTHORIZATION})
"""What can go wrong with registrations of keys only."""

REQUEST_FAULTS = frozenset(FaultKind) - LIST_FAULTS - PAGE_FAULTS - KEY_FAULTS
"""What can go wrong with every request."""

_DEFAULT_STATUS = {
    FaultKind.TOO_MANY_REQUESTS: 429,
    FaultKind.ERROR_BEFORE_EFFECT: 503,
    FaultKind.ERROR_AFTER_EFFECT: 503,
    FaultKind.REFUSED_ONCE: 503,
}
_LONGEST_PATTERN = 1_000
"""Characters of a regular expression; a longer one is no path of either API."""

_LONGEST_S = 10 * 366 * 86_400
"""Ten years: long enough for anything, and within what clocks and timers can count."""


class InvalidFaultError(ValueError):
    """A rule cannot be understood; the text names the member."""


@dataclass(frozen=True)
class FaultRule:
    """One fault, where it strikes and how often.

    `verb` must match the whole verb, `path` any part of the path; both are regular
    expressions. `count` None strikes for ever. `seconds` is the length of a delay in
    real time, or of a slow authorization in emulator time. `status` replaces 503 (or
    429). `retry_after` is the header in seconds, None for none. `share` is the part of
    a list that a partial answer leaves out.
    """

    kind: FaultKind
    verb: str = ".*"
    path: str = ""
    count: int | None = 1
    after: int = 0
    probability: float = 1.0
    seed: int = 0
    seconds: float = 1.0
    status: int | None = None
    retry_after: float | None = None
    share: float = 0.5

    @property
    def answer_status(self) -> int:
        """The status that an error fault answers with."""
        return self.status or _DEFAULT_STATUS[self.kind]

    def document(self) -> dict[str, Any]:
        """Return the rule as JSON values."""
        return asdict(self)


def rule_from(document: Any) -> FaultRule:
    """Return the rule that a JSON object describes; raises InvalidFaultError."""
    if not isinstance(document, Mapping):
        raise InvalidFaultError("a fault rule is an object")
    names = {item.name for item in fields(FaultRule)}
    for name in document:
        if name not in names:
            raise InvalidFaultError(f"unknown member {name!r}; known are {', '.join(sorted(names))}")
    try:
        kind = FaultKind(str(document.get("kind")))
    except ValueError as error:
        raise InvalidFaultError(f"kind must be one of {', '.join(FaultKind)}") from error
    rule = FaultRule(**{**document, "kind": kind})
    _check(rule)
    return rule


def _check(rule: FaultRule) -> None:
    for name in ("verb", "path"):
        value = getattr(rule, name)
        if not isinstance(value, str) or len(value) > _LONGEST_PATTERN:
            raise InvalidFaultError(f"{name} must be text of at most {_LONGEST_PATTERN} characters")
    for name in ("after", "count", "seed", "status"):
        value = getattr(rule, name)
        if value is None and name in ("count", "status"):
            continue
        if type(value) is not int or value < 0:
            raise InvalidFaultError(f"{name} must be a whole number of at least 0")
    for name, most in (
        ("probability", 1),
        ("share", 1),
        ("seconds", _LONGEST_S),
        ("retry_after", _LONGEST_S),
    ):
        value = getattr(rule, name)
        if value is None and name == "retry_after":
            continue
        # Written so that NaN, which compares false with everything, is refused too.
        if not is_number(value) or not 0 <= value <= most:
            raise InvalidFaultError(f"{name} must be a number between 0 and {most}")
    if rule.status is not None and not 400 <= rule.status <= 599:
        raise InvalidFaultError("status must lie between 400 and 599")
    try:
        re.compile(rule.verb), re.compile(rule.path)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidFaultError("verb and path must be regular expressions") from error
    if repeats_a_choice(rule.verb) or repeats_a_choice(rule.path):
        raise InvalidFaultError(
            "verb and path may not repeat a group that holds a repeat or an alternative: it could match for ever"
        )


@dataclass
class _Armed:
    """A rule with its memory: how often it matched and struck, and the store it saw when set."""

    rule: FaultRule
    snapshot: Store | None
    chance: random.Random
    matched: int = 0
    struck: int = 0
    refused: set[tuple[str, str]] = field(default_factory=set)

    def strikes(self, verb: str, path: str) -> bool:
        """Count a request and decide whether it is hit."""
        rule = self.rule
        if not re.fullmatch(rule.verb, verb, re.IGNORECASE) or not re.search(rule.path, path):
            return False
        if rule.count is not None and self.struck >= rule.count:
            return False
        self.matched += 1
        if self.matched <= rule.after or self.chance.random() >= rule.probability:
            return False
        if rule.kind is FaultKind.REFUSED_ONCE:
            if (verb, path) in self.refused:
                return False
            self.refused.add((verb, path))
        self.struck += 1
        return True


@dataclass(frozen=True)
class Strike:
    """A rule that hits this very request, with the means to carry it out."""

    rule: FaultRule
    snapshot: Store | None
    chance: random.Random


class Faults:
    """The rules now in force; thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._armed: dict[int, _Armed] = {}
        self._next = 1
        self._lock = threading.Lock()

    def add(self, rule: FaultRule) -> int:
        """Put a rule in force and return its number.

        A stale list shows, as long as the rule strikes, the state of this moment.
        """
        _check(rule)
        snapshot = self._store.copy() if rule.kind is FaultKind.STALE_LIST else None
        with self._lock:
            number = self._next
            self._next += 1
            self._armed[number] = _Armed(rule, snapshot, random.Random(rule.seed))  # noqa: S311 - repeatable on purpose
            return number

    def remove(self, number: int) -> bool:
        """Take a rule out of force; False when there is none of that number."""
        with self._lock:
            return self._armed.pop(number, None) is not None

    def clear(self) -> None:
        """Take all rules out of force."""
        with self._lock:
            self._armed.clear()

    def report(self) -> list[dict[str, Any]]:
        """Return every rule in force with its number and counts."""
        with self._lock:
            return [
                {"number": number, "matched": armed.matched, "struck": armed.struck, **armed.rule.document()}
                for number, armed in self._armed.items()
            ]

    def strikes(
        self, verb: str, path: str, possible: Collection[FaultKind] = REQUEST_FAULTS
    ) -> dict[FaultKind, Strike]:
        """Return the rules that hit this request, by kind; of one kind the newest.

        Rules of a kind that is not `possible` for it do not count it.
        """
        with self._lock:
            return {
                armed.rule.kind: Strike(armed.rule, armed.snapshot, armed.chance)
                for armed in self._armed.values()
                if armed.rule.kind in possible and armed.strikes(verb, path)
            }
