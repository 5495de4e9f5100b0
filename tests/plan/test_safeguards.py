"""A commit cannot loosen the limits on deletes and use that at once."""

import pytest

from reconciler.model.record import LastApply, Safeguards
from reconciler.plan.safeguards import declared, in_force, loosened
from reconciler.settings import Safety

STRICT = Safeguards(("5",), ("eu-*",))
LOOSE = Safety.model_validate({"maxDelete": "50%", "protect": ["us-*"]})
APPLIED = LastApply("a" * 40, declared=STRICT, in_force=STRICT)


def test_without_a_commit_or_before_the_first_apply_the_settings_count() -> None:
    assert in_force(LOOSE, None, "b" * 40) == declared(LOOSE) == Safeguards(("50%",), ("us-*",))
    assert in_force(LOOSE, APPLIED, "") == declared(LOOSE)


def test_what_the_last_commit_declared_still_counts_where_it_is_stricter() -> None:
    counted = in_force(LOOSE, APPLIED, "b" * 40)
    assert counted == Safeguards(("50%", "5"), ("us-*", "eu-*"))
    said = loosened(LOOSE, counted)
    assert "safety.maxDelete '5' still counts, not only '50%'" in said
    assert "safety.protect still contains eu-*" in said


def test_a_stricter_limit_counts_at_once_and_alone() -> None:
    strict = Safety.model_validate({"maxDelete": "1", "protect": ["eu-*", "us-*"]})
    counted = in_force(strict, APPLIED, "b" * 40)
    assert counted == Safeguards(("1",), ("eu-*", "us-*"))
    assert loosened(strict, counted) == ""


def test_the_same_commit_again_is_not_the_next_one() -> None:
    """Otherwise a second apply of the commit that loosens a limit would already use it."""
    first = in_force(LOOSE, APPLIED, "b" * 40)
    again = LastApply("b" * 40, declared=declared(LOOSE), in_force=first)
    assert set(in_force(LOOSE, again, "b" * 40).max_delete) == {"50%", "5"}
    assert in_force(LOOSE, again, "c" * 40) == declared(LOOSE)


@pytest.mark.parametrize(
    ("before", "counts"), [("10", True), ("10% or 5", True), ("100%", False), ("10 or 90%", False)]
)
def test_a_limit_is_stricter_if_it_allows_fewer_deletes_of_any_number(before: str, *, counts: bool) -> None:
    last = LastApply("a" * 40, declared=Safeguards((before,)), in_force=Safeguards())
    assert (before in in_force(LOOSE, last, "b" * 40).max_delete) is counts
