"""List of all rules, with the severity in force and every place that changes it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler import __version__
from reconciler.model.finding import Severity
from reconciler.model.json import JsonObject
from reconciler.model.wording import plural
from reconciler.rules.registry import RULES
from reconciler.rules.rule import AnyRule
from reconciler.rules.switch import Means, Switch, Switches
from reconciler.views.page import Page, Tone

OFF = "off"
VERSION = 1
_TONES = {Severity.ERROR.value: Tone.REMOVE, Severity.WARNING.value: Tone.CHANGE, OFF: Tone.FAINT}
_SEVERITY_COLUMNS = len("warning")
_SIDES_COLUMNS = len("file, live, cluster")


@dataclass(frozen=True, slots=True)
class Row:
    """One rule. `severity` is the one in force for objects without an annotation: `error`, `warning`, `off`."""

    rule: AnyRule
    severity: str
    switches: tuple[Switch, ...]


def rows(switches: Switches) -> list[Row]:
    """All rules, in the order of the catalogue."""
    found = []
    for rule_id, rule in RULES.items():
        in_force = switches.severity(rule_id, rule.severity)
        own = sorted(
            (switch for switch in switches.stated if switch.rule == rule_id),
            key=lambda switch: (switch.means is not Means.SETTINGS, switch.place),
        )
        found.append(Row(rule, OFF if in_force is None else str(in_force), tuple(own)))
    return found


def as_text(listed: Sequence[Row], *, width: int, color: bool) -> str:
    """One line for each rule, its switches below it, and totals at the end."""
    page = Page(width)
    ids = max((len(row.rule.id) for row in listed), default=0)
    for row in listed:
        sides = ", ".join(row.rule.sides)
        lead = f"{row.rule.id.ljust(ids)}  {row.severity.ljust(_SEVERITY_COLUMNS)}  {sides.ljust(_SIDES_COLUMNS)}  "
        page.say(row.rule.title, _TONES[row.severity], hang=len(lead), lead=lead)
        if row.severity != str(row.rule.severity):
            why = "" if row.switches and row.switches[0].means is Means.SETTINGS else " by the profile"
            page.say(f"usually {row.rule.severity}, switched{why}", indent=ids + 2, hang=2)
        for switch in row.switches:
            page.say(_switch_text(switch), indent=ids + 2, hang=2)
    page.gap()
    page.say(_totals(listed))
    return page.text(color=color)


def _switch_text(switch: Switch) -> str:
    setting = switch.setting
    until = f" until {setting.until}" if setting.until else ""
    ended = "" if switch.is_in_force else " (ended)"
    return f"{switch.place} ({switch.means}): {setting.severity}{until}{ended}: {setting.reason}"


def _totals(listed: Sequence[Row]) -> str:
    numbers = Counter(row.severity for row in listed)
    parts = [
        plural(numbers["error"], "error"),
        plural(numbers["warning"], "warning"),
        f"{numbers[OFF]} off",
    ]
    switches = sum(len(row.switches) for row in listed)
    return f"{plural(len(listed), 'rule')}: {', '.join(parts)}; {plural(switches, 'switch', 'switches')}."


def as_json(listed: Sequence[Row]) -> str:
    """`{version, tool, rules: [{id, title, usual, severity, sides, confidence, switches}]}`.

    A switch: `{by, severity, reason, until?, inForce, file, line, column}`.
    """
    document: JsonObject = {
        "version": VERSION,
        "tool": {"name": "reconciler", "version": __version__},
        "rules": [_row(row) for row in listed],
    }
    return json.dumps(document, indent=2) + "\n"


def _row(row: Row) -> JsonObject:
    return {
        "id": row.rule.id,
        "title": row.rule.title,
        "usual": str(row.rule.severity),
        "severity": row.severity,
        "sides": [str(side) for side in row.rule.sides],
        "confidence": str(row.rule.confidence),
        "switches": [_switch(switch) for switch in row.switches],
    }


def _switch(switch: Switch) -> JsonObject:
    members: JsonObject = {
        "by": str(switch.means),
        "severity": switch.setting.severity,
        "reason": switch.setting.reason,
        "inForce": switch.is_in_force,
        "file": switch.place.file,
        "line": switch.place.line,
        "column": switch.place.column,
    }
    if switch.setting.until is not None:
        members["until"] = switch.setting.until
    return members
