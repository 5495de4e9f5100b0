"""Approvals: which refused case a person lets through. They name objects, or a number with a digest."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reconciler.model.identity import ResourceKey
from reconciler.model.origin import Origin
from reconciler.plan.refusal import COUNTED, Refusal

_COUNTED = re.compile(r"([0-9]{1,9}):([0-9a-f]{4,64})")
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Where an approval is in the repository, and what it says about itself."""

    origin: Origin
    who: str
    until: date
    reason: str
    target: str = ""
    """Limits the approval to one target, "" for any."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One value of `--accept`, or one entry of `approvals.yaml`.

    `pattern` is `Kind/id` with globs, `target` limits it to one target. For guards that count, `count` and
    `digest` are set instead: the digest is that which the refusal prints, so the approval fits these objects only.
    """

    guard: str
    pattern: str = ""
    target: str = ""
    count: int = 0
    digest: str = ""
    reviewed: Reviewed | None = None

    @property
    def text(self) -> str:
        """As written behind `--accept`.

        >>> parse("contested=Definition/con-a").text, parse("deletes=7:3f9ac1d2e0b4").text
        ('contested=Definition/con-a', 'deletes=7:3f9ac1d2e0b4')
        """
        target = f"{self.target}:" if self.target else ""
        return f"{self.guard}={target}{self.pattern or f'{self.count}:{self.digest}'}"

    def covers(self, refusal: Refusal, key: ResourceKey) -> bool:
        """True where it lets `key` through."""
        if self.guard != refusal.guard:
            return False
        if self.target not in ("", refusal.target):
            return False
        if self.reviewed is not None and self.reviewed.target not in ("", refusal.target):
            return False
        if self.guard in COUNTED:
            return self.count == refusal.count and refusal.digest.startswith(self.digest)
        return key.matches(self.pattern)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Objects of a refusal that approvals let through; `by` are the approvals that did."""

    refusal: Refusal
    by: tuple[Approval, ...]

    @property
    def message(self) -> str:
        """What the guard would have said."""
        return self.refusal.message

    @property
    def approval(self) -> str:
        """What let it through, in words."""
        return ", ".join(dict.fromkeys(_said(approval) for approval in self.by))


def _said(approval: Approval) -> str:
    reviewed = approval.reviewed
    if reviewed is None:
        return f"--accept {approval.text}"
    return f"{reviewed.origin}: {approval.text} by {reviewed.who} until {reviewed.until}: {reviewed.reason}"


def parse(text: str) -> Approval:
    """Read `GUARD=KIND/ID`, `GUARD=TARGET:KIND/ID` or, for guards that count, `GUARD=COUNT:DIGEST`.

    Raises ValueError with what is wrong. Which guards there are is not known here.
    """
    guard, equals, value = text.partition("=")
    if len(text) > _LONGEST:
        raise ValueError("the approval is too long")
    if not equals and re.fullmatch(r"[a-z-]+:[0-9]+", text):
        raise ValueError(f"{text!r} is a bare number, which may approve something other than what was shown")
    if not equals or not value:
        raise ValueError(f"{text!r} is not GUARD=KIND/ID, such as contested=Definition/database")
    if guard in COUNTED:
        found = _COUNTED.fullmatch(value)
        if found is None:
            raise ValueError(f"{text!r} is not {guard}=COUNT:DIGEST as the refusal prints it")
        return Approval(guard, count=int(found[1]), digest=found[2])
    target, colon, named = value.partition(":")
    if not colon or "/" in target:
        target, named = "", value
    kind, slash, identifier = named.partition("/")
    if not slash or not kind or not identifier:
        raise ValueError(f"{text!r} is not GUARD=KIND/ID, such as {guard}=Definition/database")
    return Approval(guard, pattern=named, target=target)


def split(refusal: Refusal, approvals: Iterable[Approval]) -> tuple[tuple[ResourceKey, ...], Accepted | None]:
    """The objects of a refusal that nothing lets through, and what was let through."""
    given = sorted((approval for approval in approvals if approval.guard == refusal.guard), key=_said)
    passed = {key: [approval for approval in given if approval.covers(refusal, key)] for key in refusal.keys}
    left = tuple(key for key, by in passed.items() if not by)
    let = tuple(key for key, by in passed.items() if by)
    if not let:
        return left, None
    by = tuple(dict.fromkeys(approval for key in let for approval in passed[key]))
    return left, Accepted(Refusal(refusal.guard, refusal.target, refusal.message, let), by)


def misses(
    approvals: Iterable[Approval], accepted: Iterable[Accepted], refused: Iterable[Refusal]
) -> list[str]:
    """One sentence for each approval that let nothing through: what was approved, and what was found."""
    used = {approval for one in accepted for approval in one.by}
    by_guard: dict[str, list[Refusal]] = {}
    for refusal in refused:
        by_guard.setdefault(refusal.guard, []).append(refusal)
    sentences = []
    for approval in approvals:
        if approval in used or approval.reviewed is not None:
            continue
        found = [value for refusal in by_guard.get(approval.guard, ()) for value in refusal.approvals]
        what = f"found: {', '.join(found)}" if found else f"guard {approval.guard} refuses nothing else"
        sentences.append(f"--accept {approval.text} let nothing through; {what}")
    return sentences
