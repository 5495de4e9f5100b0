"""A check over subjects: its findings and unknowns are completed from the rule and the subject."""

from collections.abc import Iterator
from dataclasses import replace

from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declarations
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.unseen import Side, Unseen, unspecified
from reconciler.rules.over import DEFINITIONS, TARGET, TREE
from reconciler.rules.rule import Answer, Confidence, Part, Rule, answers
from reconciler.rules.subject import Subject
from tests import building
from tests.rules.definitions import definition
from tests.rules.tree import NOTHING_LIVE, declare, judge_all, live, scope

SIDES = (Side.FILE, Side.LIVE)


def several(number: int) -> Declarations:
    return declare("".join(definition(f"d{index}", "postgres") for index in range(number)))


def ask_live(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    yield subject.says("it is there", advice="Look.", severity=Severity.WARNING)
    subject.seen.live(Kind.DEFINITION)
    yield subject.says("it is seen", at=Origin("x", 1), others=(Origin("y", 2),), advice="Look.")


ASKING = Rule("R90", "t", Severity.ERROR, Confidence.INFERRED, SIDES, DEFINITIONS, ask_live)


def test_a_finding_has_the_rule_and_the_place_and_key_of_its_subject() -> None:
    weakened, usual = answers(ASKING, scope(several(1), live=NOTHING_LIVE))
    assert isinstance(weakened, Finding)
    assert (weakened.rule, weakened.severity) == ("R90", Severity.WARNING)
    assert str(weakened.key) == "Definition/d0"
    assert str(weakened.origin).startswith("0.yaml:1:")
    assert usual == Finding(
        "R90", Severity.ERROR, "it is seen", Origin("x", 1), weakened.key, (Origin("y", 2),), "Look."
    )


def test_a_fact_that_was_not_read_ends_the_check_of_its_subject_and_keeps_earlier_findings() -> None:
    first, second, unknown = answers(ASKING, scope(several(2)))
    assert isinstance(first, Finding)
    assert isinstance(second, Finding)
    assert isinstance(unknown, Unknown)
    assert unknown.unseen == Unseen(Side.LIVE, "acme", "definitions")
    assert unknown.side is Side.LIVE
    assert unknown.subject == "definition `d0`, definition `d1`"
    assert unknown.reason == f"{unknown.subject}: the live definitions of target `acme` were not read"


def test_many_subjects_that_miss_one_fact_are_one_unknown_that_counts_them() -> None:
    unknown = [one for one in answers(ASKING, scope(several(50))) if isinstance(one, Unknown)]
    assert [one.subject for one in unknown] == [
        "definition `d0`, definition `d1`, definition `d2` and 47 more"
    ]


def test_an_open_question_is_unknown_and_the_check_continues() -> None:
    def check(subject: Subject[Scope]) -> Iterator[Answer]:
        yield subject.doubts("whether it works", unspecified("nothing tells"))
        yield subject.says("it is odd", advice="Look.")

    rule = Rule("R90", "t", Severity.ERROR, Confidence.INFERRED, SIDES, TARGET, check)
    unknown, found = answers(rule, scope(several(1)))
    assert unknown == Unknown(
        "R90", "whether it works: nothing tells", unspecified("nothing tells"), "target `acme`"
    )
    assert isinstance(found, Finding)


def test_a_rule_of_the_files_does_not_see_what_is_live() -> None:
    seen = scope(several(1), live=live(building.definition("theirs", "")))
    of_files = replace(ASKING, sides=(Side.FILE,))
    assert [type(answer) for answer in answers(of_files, seen)] == [Finding, Unknown]
    assert [type(answer) for answer in answers(ASKING, seen)] == [Finding, Finding]


def test_a_tree_that_several_targets_share_is_evaluated_once() -> None:
    calls = []

    def check(subject: Subject[Declarations]) -> Iterator[Answer]:
        calls.append(subject.fact)
        yield subject.says("the tree is odd", at=Origin("0.yaml", 1), advice="Look.")

    rule = Rule("R90", "t", Severity.ERROR, Confidence.INFERRED, SIDES, TREE, check)
    tree = several(1)
    both = [scope(tree), scope(tree)]
    judgement = judge_all(both, rules={"R90": rule})
    assert len(judgement.findings) == 1
    assert calls == [tree]


def test_a_rule_over_several_kinds_of_subjects_is_evaluated_over_each_of_them() -> None:
    def of_target(subject: Subject[Scope]) -> Iterator[Answer]:
        yield subject.says("the target is odd", advice="Look.")

    def of_tree(subject: Subject[Declarations]) -> Iterator[Answer]:
        yield subject.says("the tree is odd", at=Origin("0.yaml", 1), advice="Look.")

    rule = replace(ASKING, also=(Part(TARGET, of_target), Part(TREE, of_tree)))
    said = [one.message for one in answers(rule, scope(several(1))) if isinstance(one, Finding)]
    assert said == ["it is there", "the target is odd", "the tree is odd"]
    later = [
        one.message for one in answers(rule, scope(several(1)), is_first=False) if isinstance(one, Finding)
    ]
    assert later == ["it is there", "the target is odd"]
