"""Approvals, by which a person allows one refused case. They name objects, or a number with a digest."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reconciler.model.identity import ResourceKey
from reconciler.model.origin import Origin
from reconciler.plan.refusal import COUNTED, CUSTOM_RESOURCES, Refusal

_COUNTED = re.compile(r"([0-9]{1,9}):([0-9a-f]{4,64})")
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Where an approval is in the repository, and what it says there: who approved, until when, why."""

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
    `digest` are set instead: the refusal prints the digest, so the approval covers exactly these objects.
    """

    guard: str
    pattern: str = ""
    target: str = ""
    count: int = 0
    digest: str = ""
    reviewed: Reviewed | None = None

    @property
    def text(self) -> str:
        """As written after `--accept`.

        >>> parse("contested=Definition/con-a").text, parse("deletes=7:3f9ac1d2e0b4").text
        ('contested=Definition/con-a', 'deletes=7:3f9ac1d2e0b4')
        """
        target = f"{self.target}:" if self.target else ""
        return f"{self.guard}={target}{self.pattern or f'{self.count}:{self.digest}'}"

    def covers(self, refusal: Refusal, key: ResourceKey) -> bool:
        """True if it allows what the refusal says about `key`."""
        if self.guard != refusal.guard or self.guard == CUSTOM_RESOURCES:
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
    """Objects of a refusal that were approved; `by` are the approvals."""

    refusal: Refusal
    by: tuple[Approval, ...]

    @property
    def message(self) -> str:
        """What the guard refused."""
        return self.refusal.message

    @property
    def approval(self) -> str:
        """The approvals, in words."""
        return ", ".join(dict.fromkeys(_described(approval) for approval in self.by))


def _described(approval: Approval) -> str:
    reviewed = approval.reviewed
    if reviewed is None:
        return f"--accept {approval.text}"
    return f"{reviewed.origin}: {approval.text} by {reviewed.who} until {reviewed.until}: {reviewed.reason}"


def parse(text: str) -> Approval:
    """The approval in `GUARD=KIND/ID`, `GUARD=TARGET:KIND/ID` or, for guards that count, `GUARD=COUNT:DIGEST`.

    Raises ValueError with what is wrong. Whether the guard exists is not checked.
    """
    guard, equals, value = text.partition("=")
    if len(text) > _LONGEST:
        raise ValueError("the approval is too long")
    if not equals and re.fullmatch(r"[a-z-]+:[0-9]+", text):
        # A number alone would approve whatever else the guard counts by the time of the apply.
        raise ValueError(f"{text!r} is a bare number, which may approve something other than what was shown")
    if not equals or not value:
        raise ValueError(f"{text!r} is not GUARD=KIND/ID, such as contested=Definition/database")
    if guard in COUNTED:
        found = _COUNTED.fullmatch(value)
        if found is None:
            raise ValueError(f"{text!r} is not {guard}=COUNT:DIGEST as the refusal prints it")
        return Approval(guard, count=int(found[1]), digest=found[2])
    # A target can contain colons (`cluster:eu-1`), a kind cannot, an id can.
    head, slash, identifier = value.partition("/")
    target, _, kind = head.rpartition(":")
    named = f"{kind}{slash}{identifier}"
    if not slash or not kind or not identifier:
        raise ValueError(f"{text!r} is not GUARD=KIND/ID, such as {guard}=Definition/database")
    return Approval(guard, pattern=named, target=target)


def split(refusal: Refusal, approvals: Iterable[Approval]) -> tuple[tuple[ResourceKey, ...], Accepted | None]:
    """The objects of a refusal that stay refused, and those that were approved (None if there are none)."""
    given = sorted((approval for approval in approvals if approval.guard == refusal.guard), key=_described)
    covering = {
        key: [approval for approval in given if approval.covers(refusal, key)] for key in refusal.keys
    }
    refused = tuple(key for key, by in covering.items() if not by)
    approved = tuple(key for key, by in covering.items() if by)
    if not approved:
        return refused, None
    by = tuple(dict.fromkeys(approval for key in approved for approval in covering[key]))
    accepted = Refusal(refusal.guard, refusal.target, refusal.message, approved, details=refusal.details)
    return refused, Accepted(accepted, by)


def misses(
    approvals: Iterable[Approval], accepted: Iterable[Accepted], refused: Iterable[Refusal]
) -> list[str]:
    """One sentence for each `--accept` that approved nothing: what it names, and what the guard refuses."""
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
        sentences.append(f"--accept {approval.text} approved nothing; {what}")
    return sentences
