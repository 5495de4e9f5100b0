"""Where criteria overlap and which one wins: the check cases of the v1 reference, section 12."""

import pytest

from reconciler.facts.context import Applications, Applied, meet, rank
from reconciler.model.resource_definition import Criterion


@pytest.mark.parametrize(
    ("greater", "less"),
    [
        (Criterion(res_id="r"), Criterion(env_id="e", app_id="a", env_type="t")),
        (Criterion(env_id="e"), Criterion(app_id="a", env_type="t")),
        (Criterion(app_id="a", env_type="t"), Criterion(app_id="a")),
        (Criterion(app_id="a"), Criterion(env_type="t")),
        (Criterion(env_type="t"), Criterion()),
    ],
)
def test_fields_that_are_set_decide_precedence_not_their_number(greater: Criterion, less: Criterion) -> None:
    assert rank(greater) > rank(less)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Criterion(), Criterion(app_id="a"), True),
        (Criterion(app_id="a"), Criterion(app_id="a", env_id="e"), True),
        (Criterion(app_id="a"), Criterion(app_id="b"), False),
        (Criterion(app_id=""), Criterion(app_id="b"), True),
        (Criterion(env_id="a", app_id="a"), Criterion(env_id="b", app_id="a"), False),
    ],
)
def test_criteria_overlap_unless_a_field_differs(one: Criterion, other: Criterion, *, expected: bool) -> None:
    assert meet(one, other) is expected
    assert meet(other, one) is expected


def test_the_index_finds_what_comparing_with_each_would() -> None:
    values = (None, "a", "b")
    criteria = [Criterion(app_id=a, env_id=e, env_type=t) for a in values for e in values for t in values]
    index = Applications.of((Applied(c, c) for c in criteria), class_name="default", res_id="x")
    for wanted in criteria:
        found = {applied.subject.selector() for applied in index.meeting(wanted)}
        assert found == {c.selector() for c in criteria if meet(c, wanted)}


def test_only_a_criterion_that_always_applies_there_beats_another() -> None:
    general, test, shop = Criterion(), Criterion(env_type="test"), Criterion(app_id="shop")
    index = Applications.of(
        [Applied(general, "general"), Applied(test, "test"), Applied(shop, "shop")],
        class_name="default",
        res_id="x",
    )
    assert [a.subject for a in index.beats(test, general)] == ["test"]
    assert [a.subject for a in index.beats(shop, test)] == ["shop"]
    assert list(index.beats(general, general)) == []


def test_other_classes_and_resource_ids_are_left_out() -> None:
    applied = [
        Applied(Criterion(class_name="big"), 1),
        Applied(Criterion(res_id="y"), 2),
        Applied(Criterion(res_id="x"), 3),
        Applied(Criterion(), 4),
    ]
    one = Applications.of(applied, class_name="default", res_id="x")
    every = Applications.of(applied, class_name=None, res_id="x")
    assert [a.subject for a in one.meeting(Criterion())] == [3, 4]
    assert [a.subject for a in every.meeting(Criterion())] == [1, 3, 4]


def test_among_criteria_for_the_same_deployments_the_one_with_a_resource_id_wins_in_any_order() -> None:
    plain, named = Criterion(app_id="shop"), Criterion(app_id="shop", res_id="x")
    for order in ((plain, named), (named, plain)):
        index = Applications(Applied(criterion, criterion) for criterion in order)
        assert [a.subject for a in index.beats(plain, plain)] == [named]
        assert list(index.beats(named, named)) == []
