"""Switching rules: by the settings, by annotations of objects, by the profile, and until when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared
from reconciler.model.finding import Severity, Silenced
from reconciler.model.origin import Origin
from reconciler.model.unseen import unspecified
from reconciler.rules.judge import Judgement, judge
from reconciler.rules.over import AGENTS
from reconciler.rules.registry import RULES
from reconciler.rules.rule import Answer, AnyRule, Confidence
from reconciler.rules.subject import Subject
from reconciler.rules.switch import Means, Switches
from reconciler.settings import Settings
from tests.rules import tree
from tests.rules.tree import NOW, declare, rules_of, scope, settings

TODAY = NOW.date()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def judged(*texts: str, settings: Settings = tree.ACME) -> Judgement:
    """Evaluate only the rules of ids: findings of others about these documents do not matter here."""
    return tree.judged(*texts, settings=settings, only=("R01", "R02", "R71"))


def bad(annotation: str = "", identifier: str = "Bad_") -> str:
    """An Agent that breaks R01, with an annotation."""
    metadata = (
        f"{{id: {identifier}, annotations: {{{annotation}}}}}" if annotation else f"{{id: {identifier}}}"
    )
    return f"apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {metadata}\nspec: {{}}\n"


def switching(rules: str = "{}", profile: str = "default") -> Settings:
    return settings(
        f"{{version: 1, targets: {{acme: {{organization: acme}}}}, rules: {rules}, profile: {profile}}}"
    )


def reported(judgement: Judgement) -> list[tuple[str, Severity]]:
    return [(finding.rule, finding.severity) for finding in judgement.findings]


# Annotations


def test_an_annotation_silences_its_rule_for_its_object_and_is_reported_with_reason_and_place() -> None:
    judgement = judged(bad('reconciler/R01: "off: grown so"'))
    assert judgement.findings == ()
    assert judgement.silenced == (Silenced("R01", "grown so", Origin("0.yaml", 3, 52)),)
    assert judgement.off == ()


@pytest.mark.parametrize(("word", "severity"), [("warning", Severity.WARNING), ("error", Severity.ERROR)])
def test_annotation_changes_the_severity(word: str, severity: Severity) -> None:
    judgement = judged(bad(f'reconciler/R01: "{word}: grown so"'))
    assert reported(judgement) == [("R01", severity)]
    assert judgement.silenced == ()


def test_an_annotation_of_one_document_does_not_affect_its_neighbours() -> None:
    """Three documents in one file, with a foreign and a rejected one between them."""
    foreign = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    rejected = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: cc}\nspec: {unknown: 1}\n"
    text = "---\n".join(
        (
            bad(identifier="First_"),
            foreign,
            bad('reconciler/R01: "off: x"'),
            rejected,
            bad(identifier="Last_"),
        )
    )
    judgement = judged(text)
    found = [finding.origin.line for finding in judgement.findings if finding.rule == "R01"]
    assert found == [3, 22]
    assert [one.place.line for one in judgement.silenced] == [12]


def test_an_annotation_affects_every_finding_of_its_object_and_no_other_rule() -> None:
    judgement = judged(bad('reconciler/R02: "off: not this one"'), bad())
    assert rules_of(judgement).count("R01") == 2
    assert judgement.silenced == ()


def test_same_place_in_another_file_is_not_silenced() -> None:
    judgement = judged(bad('reconciler/R01: "off: x"'), bad())
    assert [finding.origin.file for finding in judgement.findings if finding.rule == "R01"] == ["1.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "off",
        "off:",
        "off: ",
        "off:reason",
        "OFF: reason",
        "silent: reason",
        "off until: reason",
        "off until tomorrow: reason",
        "off until 2026-02-30: reason",
        "off until 2026-6-1: reason",
        "off until 2027-01-31",
        "",
    ],
)
def test_annotation_of_another_form_is_an_error_and_switches_nothing(text: str) -> None:
    judgement = judged(bad(f'reconciler/R01: "{text}"'))
    assert reported(judgement) == [("R01", Severity.ERROR), ("S02", Severity.ERROR)]
    malformed = judgement.findings[1]
    assert malformed.origin == Origin("0.yaml", 3, 52)
    assert '"off: reason"' in malformed.advice


def test_annotation_for_a_rule_that_does_not_exist_names_the_nearest() -> None:
    judgement = judged(bad('reconciler/R-71: "off: x"'))
    assert reported(judgement) == [("R01", Severity.ERROR), ("S01", Severity.WARNING)]
    assert judgement.findings[1].advice == "Did you mean `R71`?"
    small = judged(bad('reconciler/r01: "off: x"'))
    assert reported(small) == [("R01", Severity.ERROR), ("S01", Severity.WARNING)]
    assert small.findings[1].advice == "Did you mean `R01`?"
    far = judged(bad('reconciler/Rzzzzzzzz: "off: x"')).findings[1]
    assert "`reconciler rules`" in far.advice


def test_other_annotations_are_ignored() -> None:
    annotations = 'team: "off", example.com/R01: "off: x", reconciler/note: "off: x", reconciler/run: x'
    assert reported(judged(bad(annotations))) == [("R01", Severity.ERROR)]


# Until when


@pytest.mark.parametrize(("day", "holds"), [(YESTERDAY, False), (TODAY, True), (TOMORROW, True)])
def test_a_switch_is_in_force_up_to_and_including_its_last_day(day: object, *, holds: bool) -> None:
    by_settings = judged(
        bad(), settings=switching(f'{{R01: {{severity: "off", reason: x, until: "{day}"}}}}')
    )
    by_annotation = judged(bad(f'reconciler/R01: "off until {day}: x"'))
    expected = [] if holds else [("R01", Severity.ERROR), ("S03", Severity.WARNING)]
    assert reported(by_settings) == reported(by_annotation) == expected
    assert bool(by_settings.off) == bool(by_annotation.silenced) == holds
    if not holds:
        assert all(str(day) in one.findings[1].message for one in (by_settings, by_annotation))


def test_after_an_annotation_has_ended_the_settings_are_in_force() -> None:
    chosen = switching("{R01: {severity: warning, reason: x}}")
    judgement = judged(bad(f'reconciler/R01: "off until {YESTERDAY}: x"'), settings=chosen)
    assert reported(judgement) == [("R01", Severity.WARNING), ("S03", Severity.WARNING)]


# Profiles and precedence


def doubtful(agent: Subject[Declared[AgentDocument]]) -> Iterator[Answer]:
    yield agent.says("doubtful", advice="Look.")


_DOUBTFUL = replace(RULES["R01"], id="R90", severity=Severity.WARNING, over=AGENTS, check=doubtful, also=())
DOUBTFUL: dict[str, AnyRule] = {
    "R90": replace(_DOUBTFUL, confidence=Confidence.CONTRADICTORY),
    "R91": replace(_DOUBTFUL, id="R91"),
}


def severities(annotation: str = "", rules: str = "{}", profile: str = "default") -> dict[str, Severity]:
    chosen = switching(rules, profile)
    judgement = judge([scope(declare(bad(annotation)), settings=chosen)], chosen, day=TODAY, rules=DOUBTFUL)
    return dict(reported(judgement))


def test_the_strict_profile_turns_only_warnings_on_contradictory_sources_into_errors() -> None:
    assert severities() == {"R90": Severity.WARNING, "R91": Severity.WARNING}
    assert severities(profile="strict") == {"R90": Severity.ERROR, "R91": Severity.WARNING}


SOFT = "{R90: {severity: warning, reason: x}}"
OFF = '{R90: {severity: "off", reason: x}}'
HARD = "{R90: {severity: error, reason: x}}"


@pytest.mark.parametrize(
    ("annotation", "rules", "profile", "severity"),
    [
        ("", SOFT, "strict", Severity.WARNING),
        ("", OFF, "strict", None),
        ("", HARD, "default", Severity.ERROR),
        ('reconciler/R90: "warning: x"', "{}", "strict", Severity.WARNING),
        ('reconciler/R90: "warning: x"', HARD, "strict", Severity.WARNING),
        ('reconciler/R90: "error: x"', SOFT, "default", Severity.ERROR),
        ('reconciler/R90: "off: x"', HARD, "strict", None),
        ('reconciler/R90: "error: x"', OFF, "default", Severity.ERROR),
        ('reconciler/R90: "warning: x"', OFF, "strict", Severity.WARNING),
        ('reconciler/R91: "error: x"', OFF, "strict", None),
    ],
)
def test_an_annotation_overrides_settings_and_settings_override_the_profile(
    annotation: str, rules: str, profile: str, severity: Severity | None
) -> None:
    assert severities(annotation, rules, profile).get("R90") is severity


def test_a_rule_that_is_off_is_evaluated_only_for_an_object_that_switches_it_on() -> None:
    chosen = switching('{R01: {severity: "off", reason: known}}')
    judgement = judged(bad('reconciler/R01: "warning: not here"'), bad(identifier="Other_"), settings=chosen)
    assert [(finding.rule, finding.origin.file) for finding in judgement.findings] == [("R01", "0.yaml")]
    assert judgement.off == (("R01", "known"),)
    assert judgement.silenced == ()


def test_rule_that_is_off_is_not_unknown_either() -> None:
    def blind(agent: Subject[Declared[AgentDocument]]) -> Iterator[Answer]:
        yield agent.doubts("whether it is right", unspecified("nobody looked"))

    rules = {"R90": replace(DOUBTFUL["R90"], check=blind)}
    for annotation in ("", 'reconciler/R90: "error: x"'):
        chosen = switching(OFF)
        judgement = judge([scope(declare(bad(annotation)), settings=chosen)], chosen, day=TODAY, rules=rules)
        assert judgement.unknown == ()


# What `reconciler rules` shows


def test_every_switch_of_a_rule_is_listed_with_its_place_and_whether_it_is_in_force() -> None:
    chosen = switching(
        f'{{R02: {{severity: warning, reason: old, until: "{YESTERDAY}"}}, R999: {{severity: warning, reason: x}}}}'
    )
    tree = declare(bad(f'reconciler/R01: "off until {TOMORROW}: new"'))
    switches = Switches(chosen, RULES, [tree, tree], TODAY)
    assert [(one.rule, one.means, one.is_in_force, str(one.place)) for one in switches.stated] == [
        ("R02", Means.SETTINGS, False, "reconciler.yaml"),
        ("R01", Means.ANNOTATION, True, "0.yaml:3:52"),
    ]
    assert switches.severity("R02", Severity.ERROR) is Severity.ERROR


def test_tree_of_several_targets_is_read_once() -> None:
    both = settings("{version: 1, targets: {a: {organization: acme}, b: {organization: beta}}}")
    tree = declare(bad('reconciler/R01: "nonsense"'))
    judgement = judge([scope(tree, settings=both, target=name) for name in ("a", "b")], both, day=TODAY)
    assert rules_of(judgement) == ["R01", "S02"]
