"""What an approval allows, and how one that allows nothing is reported."""

from datetime import date

import pytest

from reconciler.model.identity import TargetName
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.plan.approval import Approval, Reviewed, misses, parse, split
from reconciler.plan.refusal import Refusal
from tests.building import key

KEYS = (key(Kind.DEFINITION, "con-a"), key(Kind.DEFINITION, "con-b"), key(Kind.DEFINITION, "other"))
CONTESTED = Refusal("contested", TargetName("acme"), "three", KEYS)
DELETES = Refusal("deletes", TargetName("acme"), "three", KEYS)


def left(refusal: Refusal, *texts: str) -> list[str]:
    keys, _ = split(refusal, map(parse, texts))
    return [found.id for found in keys]


def test_an_approval_allows_what_it_names_and_nothing_else() -> None:
    assert left(CONTESTED, "contested=Definition/con-a") == ["con-b", "other"]


def test_a_glob_allows_what_it_matches() -> None:
    assert left(CONTESTED, "contested=Definition/con-*") == ["other"]


def test_an_approval_of_another_guard_has_no_effect() -> None:
    assert left(CONTESTED, "protected=Definition/con-a") == ["con-a", "con-b", "other"]


def test_a_count_needs_the_digest_of_what_was_shown() -> None:
    assert left(DELETES, f"deletes=3:{DELETES.digest}") == []
    assert left(DELETES, f"deletes=2:{DELETES.digest}") == ["con-a", "con-b", "other"]
    assert left(DELETES, "deletes=3:ffffffffffff") == ["con-a", "con-b", "other"]


@pytest.mark.parametrize(
    "text",
    [
        "deletes:7",
        "deletes=7",
        "deletes",
        "deletes=Definition/a",
        "contested=",
        "contested=con-a",
        "contested:1",
        "",
        "=",
    ],
)
def test_an_invalid_approval_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|bare number"):
        parse(text)


def test_an_approval_of_the_repository_may_be_limited_to_a_target() -> None:
    def reviewed(target: str) -> Approval:
        place = Reviewed(Origin("approvals.yaml", 3), "someone", date(2027, 1, 1), "moved", target)
        return Approval("contested", "Definition/con-a", reviewed=place)

    assert len(split(CONTESTED, [reviewed("beta")])[0]) == 3
    keys, accepted = split(CONTESTED, [reviewed("acme")])
    assert len(keys) == 2
    assert accepted is not None
    assert accepted.approval == (
        "approvals.yaml:3: contested=Definition/con-a by someone until 2027-01-01: moved"
    )


def test_an_approval_that_matches_nothing_is_reported_with_what_was_found() -> None:
    (sentence,) = misses([parse("contested=Definition/con-c")], [], [CONTESTED])
    assert "contested=Definition/con-c approved nothing" in sentence
    assert "contested=Definition/con-a" in sentence


def test_an_approval_that_was_used_is_not_reported_as_unused() -> None:
    approval = parse("contested=Definition/con-a")
    _, accepted = split(CONTESTED, [approval])
    assert accepted is not None
    assert misses([approval], [accepted], []) == []


def test_the_approval_that_a_refusal_prints_allows_exactly_what_it_names() -> None:
    """The natural key of a rule contains stars, that of a criterion brackets: both have a meaning in globs."""
    keys = tuple(
        key(kind, name)
        for kind, name in (
            (Kind.RUNNER_RULE, "*/*"), (Kind.RUNNER_RULE, "*/dev"), (Kind.RUNNER_RULE, "shop/dev"),
            (Kind.CRITERION, "a[env_type=dev]"), (Kind.CRITERION, "ae"),
            (Kind.DEFINITION, "a?"), (Kind.DEFINITION, "ab"),
        )
    )  # fmt: skip
    refusal = Refusal("cascade", TargetName("acme"), "all", keys)
    for named, text in zip(keys, refusal.approvals, strict=True):
        left_over, _ = split(refusal, [parse(text)])
        assert set(keys) - set(left_over) == {named}


def test_in_a_run_of_several_targets_an_approval_is_for_one() -> None:
    refusal = Refusal("protected", TargetName("acme"), "one", KEYS[:1], is_one_of_many=True)
    assert refusal.approvals == ("protected=acme:Definition/con-a",)
    approval = parse(refusal.approvals[0])
    assert split(refusal, [approval])[0] == ()
    other = Refusal("protected", TargetName("beta"), "one", KEYS[:1], is_one_of_many=True)
    assert split(other, [approval])[0] == KEYS[:1]
