"""Which findings the base of a preview has as well."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.place import organization
from reconciler.passes.existing import existing_findings, existing_unknown

HERE = Finding("R08", Severity.WARNING, "taken by db.yaml:9:3", Origin("app.yaml", 4, 2))


def at(line: int, finding: Finding = HERE) -> Finding:
    return replace(finding, origin=replace(finding.origin, line=line))


def test_a_finding_is_existing_wherever_its_line_has_moved() -> None:
    assert existing_findings([at(40)], [HERE]) == {at(40)}


def test_lines_of_other_files_inside_a_message_do_not_count() -> None:
    moved = replace(HERE, message="taken by db.yaml:12:3")
    assert existing_findings([moved], [HERE]) == {moved}


def test_other_numbers_inside_a_message_count() -> None:
    base = replace(HERE, message="port 80:1 of http://host:80")
    assert not existing_findings([replace(base, message="port 80:1 of http://host:81")], [base])


def test_each_finding_of_the_base_explains_one() -> None:
    assert existing_findings([at(1), at(2), at(3)], [at(2), at(9)]) == {at(2), at(1)}


def test_another_rule_severity_file_object_or_message_makes_it_new() -> None:
    key = ResourceKey(organization("acme"), Kind.DEFINITION, "db")
    others = [
        replace(HERE, rule="R09"),
        replace(HERE, severity=Severity.ERROR),
        replace(HERE, origin=Origin("other.yaml", 4, 2)),
        replace(HERE, key=key),
        replace(HERE, message="taken by nobody"),
    ]
    assert not existing_findings(others, [HERE])


@given(st.lists(st.integers(1, 5)), st.lists(st.integers(1, 5)))
def test_as_many_are_existing_as_both_sides_have(here: list[int], base: list[int]) -> None:
    """The reader removes exact duplicates, so sets of places are compared."""
    found = existing_findings([at(line) for line in here], [at(line) for line in set(base)])
    assert len(found) == min(len(set(here)), len(set(base)))
    assert found <= {at(line) for line in here}


def test_a_check_that_the_base_cannot_evaluate_either_is_existing_whatever_its_line() -> None:
    before = Unknown("R61", "whether a.yaml:3:1 deploys", subject="a")
    moved = replace(before, reason="whether a.yaml:9:1 deploys")
    other = replace(before, subject="b")
    assert existing_unknown([moved, other], [before]) == {moved}
