"""The approvals file: its content, and every mistake at once with its place."""

from datetime import date

import pytest

from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.declaration import Declarations
from reconciler.model.finding import Finding, Severity
from reconciler.passes.approved import Approved, approved
from reconciler.settings import Limits
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree

GOOD = """\
version: 1
approvals:
  - what: contested=Definition/con-a
    target: acme
    who: platform team
    until: 2027-01-31
    reason: taken over from the old pipeline
  - what: deletes=7:3f9ac1d2e0b4
    who: somebody
    until: "2026-06-01"
    reason: the old applications are gone
"""


def loaded(text: str, path: str = "approvals.yaml") -> Declarations:
    return Loader(Limits(), inspect_public_key).load(
        Tree(".", "", is_dirty=False, files={path: text.encode()})
    )


def judged(text: str, *, day: date = date(2026, 1, 1)) -> tuple[Approved, list[Finding]]:
    declared = loaded(text)
    found = approved(declared.approvals, ["acme", "beta"], day)
    return found, [*declared.findings, *found.findings]


def entry(**changes: str) -> str:
    fields = {
        "what": "contested=Definition/a",
        "who": "me",
        "until": "2027-01-31",
        "reason": "why",
        **changes,
    }
    lines = [f"    {name}: {value}" for name, value in fields.items() if value]
    return "version: 1\napprovals:\n  -" + "\n".join(lines)[3:] + "\n"


def test_entries_become_approvals_that_say_who_until_when_and_why() -> None:
    found, findings = judged(GOOD)
    assert findings == []
    by_text = {approval.text: approval.reviewed for approval in found.approvals}
    assert set(by_text) == {"contested=Definition/con-a", "deletes=7:3f9ac1d2e0b4"}
    reviewed = by_text["contested=Definition/con-a"]
    assert reviewed is not None
    assert str(reviewed.origin) == "approvals.yaml:3:5"
    assert (reviewed.who, reviewed.until, reviewed.reason, reviewed.target) == (
        "platform team", date(2027, 1, 31), "taken over from the old pipeline", "acme",
    )  # fmt: skip


def test_it_declares_nothing_and_is_not_a_foreign_document() -> None:
    declared = loaded(GOOD)
    assert list(declared.documents()) == []
    assert declared.foreign == ()
    assert declared.unread == ()


@pytest.mark.parametrize(
    ("text", "rule", "place", "said"),
    [
        (entry(what="contestet=Definition/a"), "A01", "3:11", "no guard `contestet`"),
        (entry(what="deletes:7"), "A01", "3:11", "does not name"),
        (entry(what="deletes=7"), "A01", "3:11", "does not name"),
        (entry(what="contested"), "A01", "3:11", "does not name"),
        (entry(what="contested=Defintion/a"), "A01", "3:11", "no kind `Defintion`"),
        (entry(target="acmee"), "A01", "7:13", "no target `acmee`"),
        (entry(what=""), "F06", "3:5", "`approvals[0].what` is missing"),
        (entry(who=""), "F06", "3:5", "`approvals[0].who` is missing"),
        (entry(until=""), "F06", "3:5", "`approvals[0].until` is missing"),
        (entry(reason=""), "F06", "3:5", "`approvals[0].reason` is missing"),
        (entry(who='" "'), "F06", "4:10", "form"),
        (entry(until="2027-02-30"), "F06", "5:12", "cannot be used"),
        (entry(until="soon"), "F06", "5:12", "form"),
        (entry(untill="2027-01-01"), "F05", "7:5", "`untill`"),
        ("version: 2\napprovals: []\n", "F06", "1:10", "must be `1`"),
        ("approvals: []\n", "F06", "1:1", "`version` is missing"),
        ("version: 1\n", "F06", "1:1", "`approvals` is missing"),
        ("version: 1\napproval: []\n", "F05", "2:1", "`approval` is not known"),
        ("- 1\n", "F06", "1:1", "not a mapping"),
        ("version: 1\napprovals: []\n---\nversion: 1\napprovals: []\n", "F06", "4:1", "2 documents"),
        ("a: [\n", "F02", "2:1", "did not find"),
        ("a: [{{ x }\n", "F02", "2:1", ""),
        ("apiVersion: entity.humanitec.io/v1b1\nkind: Definition\n", "F06", "1:1", "another kind"),
    ],
)
def test_each_mistake_is_an_error_at_its_place(text: str, rule: str, place: str, said: str) -> None:
    found, findings = judged(text)
    assert found.approvals == frozenset()
    matching = [
        f
        for f in findings
        if (f.rule, str(f.origin)) == (rule, f"approvals.yaml:{place}") and said in f.message
    ]
    assert matching, [(f.rule, str(f.origin), f.message) for f in findings]
    assert matching[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (entry(what="contestet=Definition/a"), "did you mean `contested`?"),
        (entry(what="contested=Defintion/a"), "did you mean `Definition`?"),
        (entry(target="acmee"), "did you mean `acme`?"),
        (entry(target="elsewhere"), "targets: acme, beta"),
        (entry(what="deletes:7"), "write what the refusal prints after `--accept`: `deletes=COUNT:DIGEST`"),
    ],
)
def test_the_advice_names_what_was_meant(text: str, advice: str) -> None:
    _, findings = judged(text)
    assert [finding.advice for finding in findings] == [advice]


def test_all_mistakes_come_at_once() -> None:
    _, findings = judged(entry(what="contestet=Definition/a", target="acmee", who="", until="soon"))
    assert len(findings) == 4


def test_an_entry_that_is_listed_twice_names_both_places() -> None:
    twice = GOOD + GOOD.partition("approvals:\n")[2].partition("  - what: deletes")[0]
    _, findings = judged(twice)
    assert [(str(f.origin), [str(o) for o in f.others]) for f in findings] == [
        ("approvals.yaml:12:5", ["approvals.yaml:3:5"])
    ]


def test_the_same_approval_for_two_targets_is_not_a_repetition() -> None:
    other = entry(target="beta").partition("approvals:\n")[2]
    found, findings = judged(entry(target="acme") + other)
    assert findings == []
    assert len(found.approvals) == 2


@pytest.mark.parametrize(("day", "holds"), [(date(2027, 1, 31), True), (date(2027, 2, 1), False)])
def test_an_approval_is_valid_up_to_and_including_its_last_day(day: date, *, holds: bool) -> None:
    found, findings = judged(entry(), day=day)
    assert bool(found.approvals) is holds
    assert [(f.rule, f.severity, "2027-01-31" in f.message) for f in findings] == (
        [] if holds else [("A02", Severity.WARNING, True)]
    )


def test_an_empty_file_allows_nothing() -> None:
    found, findings = judged("# nothing yet\n")
    assert found.approvals == frozenset()
    assert findings == []


@pytest.mark.parametrize("path", ["orgs/acme/approvals.yaml", "approvals.yml", "orgs/approvals.yml"])
def test_approvals_elsewhere_have_no_effect_and_are_reported(path: str) -> None:
    declared = loaded(GOOD, path)
    assert declared.approvals is None
    [found] = declared.findings
    assert (found.rule, found.severity, found.origin.file) == ("A01", Severity.WARNING, path)


def test_another_file_of_that_name_in_a_folder_is_left_alone() -> None:
    declared = loaded("version: 1\nreviewers: [x]\n", "team/approvals.yaml")
    assert declared.findings == ()
    assert len(declared.foreign) == 1
