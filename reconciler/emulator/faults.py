"""Misbehaviour on demand: which requests fail, how, and how often.

A rule selects requests by verb and path, skips the first `after` of them, and applies
`count` times. Randomness comes only from the rule's seed, so a run can be repeated.
`fault_effects` and the callers implement the effects.
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
    """Kind of fault. "After effect" means that the write has been made."""

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
"""Faults of lists only."""

PAGE_FAULTS = frozenset({FaultKind.WRONG_PAGE_TOKEN, FaultKind.REPEATED_PAGE})
"""Faults of paged lists only."""

KEY_FAULTS = frozenset({FaultKind.SLOW_KEY_AUTHORIZATION})
"""Faults of key registrations only."""

REQUEST_FAULTS = frozenset(FaultKind) - LIST_FAULTS - PAGE_FAULTS - KEY_FAULTS
"""Faults of any request."""

_DEFAULT_STATUS = {
    FaultKind.TOO_MANY_REQUESTS: 429,
    FaultKind.ERROR_BEFORE_EFFECT: 503,
    FaultKind.ERROR_AFTER_EFFECT: 503,
    FaultKind.REFUSED_ONCE: 503,
}
_LONGEST_PATTERN = 1_000
"""Characters of a regular expression; no path of either API needs a longer one."""

_LONGEST_S = 10 * 366 * 86_400
"""Ten years: within the range of clocks and timers."""


class InvalidFaultError(ValueError):
    """A fault rule is invalid; the text names the member."""


@dataclass(frozen=True)
class FaultRule:
    """One fault, where it applies and how often.

    `verb` must match the whole verb, `path` any part of the path; both are regular
    expressions. `count` None means no limit. `seconds` is the length of a delay in
    real time, or of a slow authorization in emulator time. `status` replaces 503 (or
    429). `retry_after` is the header in seconds, None for no header. `share` is the part of
    a list that a partial response omits.
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
        """The status that an error fault responds with."""
        return self.status or _DEFAULT_STATUS[self.kind]

    def document(self) -> dict[str, Any]:
        """The rule as JSON values."""
        return asdict(self)


def rule_from(document: Any) -> FaultRule:
    """The rule that a JSON object describes; raises InvalidFaultError."""
    if not isinstance(document, Mapping):
        raise InvalidFaultError("a fault rule must be an object")
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
            raise InvalidFaultError(f"{name} must be a string of at most {_LONGEST_PATTERN} characters")
    for name in ("after", "count", "seed", "status"):
        value = getattr(rule, name)
        if value is None and name in ("count", "status"):
            continue
        if type(value) is not int or value < 0:
            raise InvalidFaultError(f"{name} must be an integer of at least 0")
    for name, most in (
        ("probability", 1),
        ("share", 1),
        ("seconds", _LONGEST_S),
        ("retry_after", _LONGEST_S),
    ):
        value = getattr(rule, name)
        if value is None and name == "retry_after":
            continue
        # Written so that NaN, which compares false with everything, is refused as well.
        if not is_number(value) or not 0 <= value <= most:
            raise InvalidFaultError(f"{name} must be a number between 0 and {most}")
    if rule.status is not None and not 400 <= rule.status <= 599:
        raise InvalidFaultError("status must be between 400 and 599")
    try:
        re.compile(rule.verb), re.compile(rule.path)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidFaultError("verb and path must be valid regular expressions") from error
    if repeats_a_choice(rule.verb) or repeats_a_choice(rule.path):
        raise InvalidFaultError(
            "verb and path cannot repeat a group that contains a repeat or an alternative: matching could take "
            "exponential time"
        )


@dataclass
class _Armed:
    """A rule with its counters and the copy of the store from when it was set."""

    rule: FaultRule
    snapshot: Store | None
    chance: random.Random
    matched: int = 0
    struck: int = 0
    refused: set[tuple[str, str]] = field(default_factory=set)

    def strikes(self, verb: str, path: str) -> bool:
        """Count a request and decide whether the rule applies to it."""
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
    """A rule that applies to this request, with what is needed to apply it."""

    rule: FaultRule
    snapshot: Store | None
    chance: random.Random


class Faults:
    """The active fault rules; thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._armed: dict[int, _Armed] = {}
        self._next = 1
        self._lock = threading.Lock()

    def add(self, rule: FaultRule) -> int:
        """Activate a rule and return its number.

        A stale list shows the state of this moment for as long as the rule applies.
        """
        _check(rule)
        snapshot = self._store.copy() if rule.kind is FaultKind.STALE_LIST else None
        with self._lock:
            number = self._next
            self._next += 1
            self._armed[number] = _Armed(rule, snapshot, random.Random(rule.seed))  # noqa: S311 - repeatable on purpose
            return number

    def remove(self, number: int) -> bool:
        """Remove a rule; False if there is none with this number."""
        with self._lock:
            return self._armed.pop(number, None) is not None

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._armed.clear()

    def report(self) -> list[dict[str, Any]]:
        """Every active rule with its number and counters."""
        with self._lock:
            return [
                {"number": number, "matched": armed.matched, "struck": armed.struck, **armed.rule.document()}
                for number, armed in self._armed.items()
            ]

    def strikes(
        self, verb: str, path: str, possible: Collection[FaultKind] = REQUEST_FAULTS
    ) -> dict[FaultKind, Strike]:
        """The rules that apply to this request, by kind; for each kind the newest.

        Rules whose kind is not in `possible` do not count it.
        """
        with self._lock:
            return {
                armed.rule.kind: Strike(armed.rule, armed.snapshot, armed.chance)
                for armed in self._armed.values()
                if armed.rule.kind in possible and armed.strikes(verb, path)
            }
