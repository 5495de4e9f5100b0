"""Effective severity of each rule: annotations of objects, settings, profile, in order of precedence.

An object's annotation is `reconciler/R71: "off: reason"` or `"warning until 2027-01-31: reason"`. It applies to
findings whose place is in that object. A switch whose last day has passed has no effect and is reported as S03.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from reconciler.model.declaration import AnyDeclared, Declarations
from reconciler.model.finding import Finding, Severity, Silenced
from reconciler.model.identifier import did_you_mean
from reconciler.model.origin import Origin
from reconciler.rules.rule import AnyRule, Confidence
from reconciler.settings import Profile, RuleSetting, Settings

UNKNOWN_RULE = "S01"
"""Id of the finding for a switch of a rule that does not exist."""
MALFORMED_SWITCH = "S02"
"""Id of the finding for a malformed annotation."""
ENDED_SWITCH = "S03"
"""Id of the finding for a switch whose last day has passed."""
_PREFIX = "reconciler/"
_FOR_A_RULE = re.compile(r"reconciler/(?:R|r-?[0-9])")
_FORM = re.compile(r"(off|warning|error)(?: until (\d{4}-\d{2}-\d{2}))?: (\S[^\n]*)")
_WANTED = (
    'Write `"off: reason"`, or with a last day `"off until 2027-01-31: reason"`; also `warning` or `error`.'
)


class Means(StrEnum):
    """Where a rule is switched."""

    SETTINGS = "settings"
    ANNOTATION = "annotation"


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch of an existing rule, and its place. `is_in_force` is false once its last day has passed."""

    rule: str
    means: Means
    setting: RuleSetting
    place: Origin
    is_in_force: bool


class Switches:
    """Every switch in force on a day, and findings about the others.

    `trees` are whole trees. `findings` are problems with the switches themselves, `stated` all switches of existing
    rules, those of the settings first.
    """

    def __init__(
        self, settings: Settings, rules: Mapping[str, AnyRule], trees: Iterable[Declarations], day: date
    ) -> None:
        self._rules = rules
        self._is_strict = settings.profile is Profile.STRICT
        self._by_rule: dict[str, RuleSetting] = {}
        self._by_object: dict[tuple[str, str], list[_Annotated]] = defaultdict(list)
        self._annotated_rules: set[str] = set()
        self.findings: list[Finding] = []
        self.stated: list[Switch] = []
        for rule_id, setting in settings.rules.items():
            place = settings.origin("rules", rule_id)
            if rule_id not in rules:
                self.findings.append(_unknown(rule_id, "The settings switch", place, rules))
                continue
            self.stated.append(Switch(rule_id, Means.SETTINGS, setting, place, setting.holds_on(day)))
            if setting.holds_on(day):
                self._by_rule[rule_id] = setting
            else:
                self.findings.append(_ended(rule_id, setting, place))
        self._starts: dict[str, list[int]] = {}
        seen: set[int] = set()
        for tree in trees:
            if id(tree) not in seen:
                seen.add(id(tree))
                self._read(tree, day)

    @property
    def off(self) -> dict[str, str]:
        """Rules that the settings switch off, with the reason."""
        return {
            rule_id: setting.reason
            for rule_id, setting in self._by_rule.items()
            if setting.as_severity() is None
        }

    def severity(self, rule_id: str, usual: Severity) -> Severity | None:
        """Severity of a rule's findings where the object has no annotation for it; None where the rule is off."""
        setting = self._by_rule.get(rule_id)
        if setting is not None:
            return setting.as_severity()
        return Severity.ERROR if self._is_strict and self._is_contradictory(rule_id) else usual

    def is_run(self, rule_id: str) -> bool:
        """False where a rule is off and no object switches it on."""
        setting = self._by_rule.get(rule_id)
        return setting is None or setting.as_severity() is not None or rule_id in self._annotated_rules

    def apply(self, finding: Finding) -> Finding | Silenced | None:
        """Finding with the severity in force, or what silenced it. The object's annotation wins.

        None where the settings switch the rule off and the object has no annotation for it.
        """
        annotated = self._annotated(finding)
        if annotated is not None:
            severity = annotated.setting.as_severity()
            if severity is None:
                return Silenced(finding.rule, annotated.setting.reason, annotated.place)
            return replace(finding, severity=severity)
        severity = self.severity(finding.rule, finding.severity)
        return None if severity is None else replace(finding, severity=severity)

    def _is_contradictory(self, rule_id: str) -> bool:
        rule = self._rules.get(rule_id)
        return rule is not None and rule.confidence is Confidence.CONTRADICTORY

    def _annotated(self, finding: Finding) -> "_Annotated | None":
        held = self._by_object.get((finding.rule, finding.origin.file))
        if not held:
            return None
        starts = self._starts[finding.origin.file]
        start = starts[max(0, bisect_right(starts, finding.origin.line) - 1)]
        return next((annotated for annotated in held if annotated.start == start), None)

    def _read(self, tree: Declarations, day: date) -> None:
        annotated = [declared for declared in tree.documents() if declared.document.metadata.annotations]
        files = {declared.file for declared in annotated}
        for file, start in _starts(tree, files):
            self._starts.setdefault(file, []).append(start)
        for starts in self._starts.values():
            starts.sort()
        for declared in annotated:
            self._take(declared, day)

    def _take(self, declared: AnyDeclared, day: date) -> None:
        for name, text in (declared.document.metadata.annotations or {}).items():
            if not _FOR_A_RULE.match(name):
                continue
            rule_id = name.removeprefix(_PREFIX)
            place = declared.origin(("metadata", "annotations", name))
            found = _FORM.fullmatch(text)
            setting = None if found is None else _setting(found)
            if rule_id not in self._rules:
                self.findings.append(_unknown(rule_id, "The annotation switches", place, self._rules))
            elif setting is None:
                message = f"The annotation for rule `{rule_id}` is not a switch"
                self.findings.append(
                    Finding(MALFORMED_SWITCH, Severity.ERROR, message, place, advice=_WANTED)
                )
            else:
                self._take_switch(
                    Switch(rule_id, Means.ANNOTATION, setting, place, setting.holds_on(day)), declared
                )

    def _take_switch(self, switch: Switch, declared: AnyDeclared) -> None:
        self.stated.append(switch)
        if switch.is_in_force:
            start = declared.origin().line
            self._annotated_rules.add(switch.rule)
            held = self._by_object[switch.rule, declared.file]
            held.append(_Annotated(start, switch.setting, switch.place))
        else:
            self.findings.append(_ended(switch.rule, switch.setting, switch.place))


@dataclass(frozen=True, slots=True)
class _Annotated:
    start: int
    setting: RuleSetting
    place: Origin


def _setting(found: re.Match[str]) -> RuleSetting | None:
    severity, until, reason = found.groups()
    try:
        return RuleSetting.model_validate({"severity": severity, "until": until, "reason": reason})
    except ValueError:
        return None


def _starts(tree: Declarations, files: set[str]) -> Iterator[tuple[str, int]]:
    for document in (*tree.documents(), *tree.foreign, *tree.rejected):
        if document.file in files:
            yield document.file, document.origin().line


def _unknown(rule_id: str, who: str, place: Origin, rules: Mapping[str, AnyRule]) -> Finding:
    return Finding(
        UNKNOWN_RULE,
        Severity.WARNING,
        f"{who} rule `{rule_id}`, which does not exist",
        place,
        advice=did_you_mean(rule_id, rules) or "`reconciler rules` lists all rules.",
    )


def _ended(rule_id: str, setting: RuleSetting, place: Origin) -> Finding:
    return Finding(
        ENDED_SWITCH,
        Severity.WARNING,
        f"The switch of rule `{rule_id}` ended on {setting.until}; the rule applies again",
        place,
        advice="Fix what the switch was for, or set a new date and reason.",
    )
