"""What a result did not examine: rules that could not be evaluated or were switched off, and everything else.

Grouped by reason: thirty rules that miss the same cluster are one line and bury no finding.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.model.finding import Unknown
from reconciler.model.place import Realm
from reconciler.model.unseen import Reach, Side, Unseen
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult, Purpose
from reconciler.plan.action import Unexamined
from reconciler.views.conclusion import rule_order

MAX_UNREAD = 5
"""Files named for each reason why they were not read; the others are counted."""
MAX_RULES = 12
"""Rules named for each reason in views for people; the others are counted."""
MAX_REASONS = 10
"""Reasons shown in views for people; the others are counted."""


@dataclass(frozen=True, slots=True)
class Blind:
    """One reason why rules could not be evaluated, and their ids."""

    reason: str
    rules: tuple[str, ...]

    def line(self) -> str:
        """The group on one line, with at most `MAX_RULES` ids."""
        more = len(self.rules) - MAX_RULES
        named = ", ".join(self.rules[:MAX_RULES]) + (f" and {more} more" if more > 0 else "")
        return f"{self.reason}: {named}"


@dataclass(frozen=True, slots=True)
class Unevaluated:
    """Checks that could not be evaluated, by what would help."""

    failed: tuple[Unknown, ...]
    """Looking failed, or a bug ended the check."""
    open: tuple[Unknown, ...]
    """Not seen from here: no access, or the files and settings do not say it."""
    later: tuple[Unknown, ...]
    """Of a validation: what needs live state."""
    never: tuple[Unknown, ...]
    """What no run reads."""


def sorted_out(result: PassResult) -> Unevaluated:
    """The unknown checks by class; of a preview only those that the base has not as well, unless looking failed."""
    by_class: dict[str, list[Unknown]] = defaultdict(list)
    existing = result.existing_unknown or frozenset()
    for one in _ordered(result.unknown):
        name = _class(one, result)
        if name == "failed" or one not in existing:
            by_class[name].append(one)
    return Unevaluated(*(tuple(by_class[name]) for name in ("failed", "open", "later", "never")))


def _class(one: Unknown, result: PassResult) -> str:
    if one.unseen.reach is Reach.DEFECT:
        return "failed"
    if one.unseen.reach is Reach.NEVER:
        return "never"
    if one.side is Side.FILE:
        return "open"
    if result.purpose is Purpose.VALIDATE:
        return "later"
    return "failed" if _was_looked_at(one, result) else "open"


def _was_looked_at(one: Unknown, result: PassResult) -> bool:
    """True if the pass tried to read the side and could not, of an organization or of a cluster that it reaches."""
    if one.side is Side.CLUSTER:
        clusters = [
            t for t in result.targets if t.realm is Realm.CLUSTER and t.organization == one.unseen.place
        ]
        return any(
            bool(one.unseen.what) or (target.is_unread and not target.stopped_by) for target in clusters
        )
    return bool(one.unseen.cause) or any(
        str(target.target) == one.unseen.place and target.is_unread and not target.stopped_by
        for target in result.targets
    )


def rules_of(checks: Iterable[Unknown]) -> int:
    """Number of rules."""
    return len({one.rule for one in checks})


def title_of(checks: Sequence[Unknown]) -> str:
    """Number of rules without a result: `7 rules could not be evaluated (12 checks)`; "" if there are none."""
    if not checks:
        return ""
    return f"{plural(rules_of(checks), 'rule')} could not be evaluated ({plural(len(checks), 'check')})"


def blind(result: PassResult) -> list[Blind]:
    """Rules that could not be evaluated, by reason; the most frequent reason comes first. For programs: all of them."""
    return _grouped((one.rule, one.reason) for one in _ordered(result.unknown))


def _by_side(checks: Sequence[Unknown]) -> list[Blind]:
    """As `blind`, for people: one reason for all that is missing from a target's live side or from a cluster."""
    missing: dict[tuple[Side, str], set[str]] = defaultdict(set)
    for one in checks:
        missing[one.side, one.unseen.place].add(one.unseen.what)

    def reason(one: Unknown) -> str:
        if one.side is Side.FILE or one.unseen.cause:
            return one.reason
        whats = missing[one.side, one.unseen.place]
        return str(Unseen(one.side, one.unseen.place, "" if "" in whats else _listed(sorted(whats))))

    return _grouped((one.rule, reason(one)) for one in checks)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _ordered(checks: Iterable[Unknown]) -> list[Unknown]:
    return sorted(set(checks), key=lambda one: (rule_order(one.rule), one.reason))


def _grouped(checks: Iterable[tuple[str, str]]) -> list[Blind]:
    by_reason: dict[str, list[str]] = {}
    for rule, reason in checks:
        by_reason.setdefault(reason, []).append(rule)
    groups = [Blind(reason, tuple(dict.fromkeys(rules))) for reason, rules in by_reason.items()]
    return sorted(groups, key=lambda group: (-len(group.rules), rule_order(group.rules[0]), group.reason))


def blind_title(result: PassResult) -> str:
    """As `title_of`, without what no run reads and, of a validation, what needs live state."""
    return title_of(_shown(result))


def blind_lines(result: PassResult) -> list[str]:
    """One line per reason of `blind_title`; the last counts the reasons that are left out."""
    return lines_of(_shown(result))


def _shown(result: PassResult) -> tuple[Unknown, ...]:
    found = sorted_out(result)
    return (*found.failed, *found.open)


def lines_of(checks: Sequence[Unknown]) -> list[str]:
    """One line per reason; the last counts the reasons that are left out."""
    groups = _by_side(checks)
    lines = [group.line() for group in groups[:MAX_REASONS]]
    if len(groups) > MAX_REASONS:
        left = sum(len(group.rules) for group in groups[MAX_REASONS:])
        more = plural(len(groups) - MAX_REASONS, "more reason")
        lines.append(f"… {more} ({plural(left, 'check')}); -o json has all")
    return lines


def switched(result: PassResult) -> list[Unexamined]:
    """Rules that are off and findings silenced by annotations, each with its reason."""
    off = [
        Unexamined(f"rule {rule}", f"switched off in the settings: {reason}")
        for rule, reason in result.rules_off
    ]
    silenced = [
        Unexamined(f"rule {one.rule} at {one.place}", f"switched off by annotation: {one.reason}")
        for one in result.silenced
    ]
    return off + silenced


def others(result: PassResult) -> list[Unexamined]:
    """Targets, sides and files that were not examined, and what was not selected."""
    found = [
        Unexamined(
            f"target {target.target}",
            "not read, because errors stop it" if target.stopped_by else "could not be read, see its error",
            is_failure=True,
        )
        for target in result.targets
        if target.error and target.plan is None
    ]
    several = len(result.targets) > 1
    for target in result.targets:
        for item in target.plan.unexamined if target.plan is not None else ():
            subject = f"{item.subject} (target {target.target})" if several else item.subject
            found.append(Unexamined(subject, item.reason, item.is_failure))
    found.extend(result.unexamined)
    by_cause: dict[str, list[str]] = {}
    for path, reason in result.unread:
        by_cause.setdefault(reason, []).append(path)
    for reason, paths in by_cause.items():
        more = f" and {len(paths) - MAX_UNREAD} more" if len(paths) > MAX_UNREAD else ""
        found.append(Unexamined(", ".join(paths[:MAX_UNREAD]) + more, reason))
    if result.selection:
        found.append(Unexamined("everything else", f"the run is limited to {result.selection}"))
    return found


def everything(result: PassResult) -> list[Unexamined]:
    """Complete list of what was not examined; for programs."""
    unknown = [
        Unexamined(f"{plural(len(group.rules), 'rule')} ({', '.join(group.rules)})", group.reason)
        for group in blind(result)
    ]
    return [*unknown, *switched(result), *others(result)]


def left_alone(result: PassResult) -> str:
    """Documents of kinds that are known but not handled: `1 Account`; "" if there are none."""
    return ", ".join(plural(number, noun) for noun, number in result.left_alone)


def checked_only(result: PassResult) -> str:
    """Documents that are checked but never applied: `1 Operator, 2 SecretStores`; "" if there are none."""
    return ", ".join(plural(number, noun) for noun, number in result.checked_only)
