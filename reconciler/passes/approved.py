"""Approvals from the repository: those in force on the day of the pass, and findings about the others. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from reconciler.model.approvals import ApprovalEntry, ApprovalsDocument
from reconciler.model.declaration import Declared, Rejected
from reconciler.model.finding import Finding, sort_findings
from reconciler.model.json import Json, Path
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.reading_rule import concern, problem
from reconciler.plan.approval import Approval, Reviewed, parse
from reconciler.plan.guards import GUARDS
from reconciler.plan.refusal import COUNTED
from reconciler.source.quoted import quoted
from reconciler.source.violation import may_be_shown, nearest

UNUSABLE = "A01"
EXPIRED = "A02"
_LIST = "approvals"


@dataclass(frozen=True, slots=True)
class Approved:
    """Approvals in force, and findings about their file."""

    approvals: frozenset[Approval] = frozenset()
    findings: tuple[Finding, ...] = ()


def approved(
    file: Declared[ApprovalsDocument] | Rejected | None, targets: Collection[str], day: date
) -> Approved:
    """Approvals of the file that are in force on a day. `targets` are the names of all targets in the settings.

    Every entry is checked by itself, so that all mistakes are reported at once; an error in one refuses the
    whole pass.
    """
    if file is None:
        return Approved()
    entries = file.document.approvals if isinstance(file, Declared) else ()
    in_force: list[Approval] = []
    findings: list[Finding] = []
    seen: dict[tuple[str, str], Origin] = {}
    for index, raw in enumerate(_entries(file.raw.get(_LIST))):
        place = file.origin((_LIST, index))
        wrong = list(_mistakes(file, index, raw, targets))
        named = (_text(raw, "what"), _text(raw, "target"))
        first = seen.setdefault(named, place)
        if named[0] and first != place:
            wrong.append(
                problem(
                    UNUSABLE,
                    f"the approval {quoted(named[0])} is listed twice",
                    place,
                    others=(first,),
                    advice="keep one",
                )
            )
        findings.extend(wrong)
        # `entries` is empty if the file was rejected: then only findings are wanted.
        if wrong or index >= len(entries):
            continue
        entry = entries[index]
        if day > entry.last_day:
            findings.append(_expired(entry, file.origin((_LIST, index, "until"))))
        else:
            in_force.append(_approval(entry, place))
    return Approved(frozenset(in_force), sort_findings(findings))


def _approval(entry: ApprovalEntry, place: Origin) -> Approval:
    reviewed = Reviewed(place, entry.who, entry.last_day, entry.reason, entry.target or "")
    return replace(parse(entry.what), reviewed=reviewed)


def _expired(entry: ApprovalEntry, place: Origin) -> Finding:
    return concern(
        EXPIRED,
        f"the approval {quoted(entry.what)} was valid until {entry.until} and has expired",
        place,
        advice="remove it, or set a later day if it should still be approved",
    )


def _mistakes(
    file: Declared[ApprovalsDocument] | Rejected,
    index: int,
    raw: Mapping[str, Json],
    targets: Collection[str],
) -> Iterator[Finding]:
    """Mistakes in one entry that its schema does not catch."""
    at: Path = (_LIST, index)
    what, target = _text(raw, "what"), _text(raw, "target")
    if isinstance(raw.get("what"), str):
        mistake = _mistake_in(what)
        if mistake is not None:
            message, advice = mistake
            yield problem(UNUSABLE, message, file.origin((*at, "what")), advice=advice)
    if isinstance(raw.get("target"), str) and target not in targets:
        meant = nearest(target, targets)
        yield problem(
            UNUSABLE,
            f"the settings have no target {_shown(target)}",
            file.origin((*at, "target")),
            advice=f"did you mean `{meant}`?" if meant else f"targets: {', '.join(sorted(targets))}",
        )


def _mistake_in(what: str) -> tuple[str, str] | None:
    """Message and advice, None if nothing is wrong."""
    guard = what.partition("=")[0].partition(":")[0]
    if guard not in GUARDS:
        meant = nearest(guard, GUARDS)
        advice = f"did you mean `{meant}`?" if meant else f"guards: {', '.join(GUARDS)}"
        return f"there is no guard {_shown(guard)}", advice
    try:
        approval = parse(what)
    except ValueError:
        form = f"{guard}=COUNT:DIGEST" if guard in COUNTED else f"{guard}=KIND/ID"
        advice = f"write what the refusal prints after `--accept`: `{form}`"
        return "the approval does not name what it approves", advice
    kind = approval.pattern.partition("/")[0]
    if kind and not any(sign in kind for sign in "*?[") and kind not in set(Kind):
        meant = nearest(kind, Kind)
        advice = f"did you mean `{meant}`?" if meant else f"kinds: {', '.join(Kind)}"
        return f"there is no kind {_shown(kind)}", advice
    return None


def _entries(listed: Json) -> list[Mapping[str, Json]]:
    if not isinstance(listed, list):
        return []
    return [entry if isinstance(entry, dict) else {} for entry in listed]


def _text(raw: Mapping[str, Json], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def _shown(text: str) -> str:
    """A name in backticks, unless it looks like a key or a token that was pasted here."""
    return quoted(text) if may_be_shown(text, ()) else "of this name (not shown)"
