"""How the refusal of another primary store says what it concerns."""

import pytest

from reconciler.model.stopping import Stopping
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.plan.reach import Reach

TO_DIRECT = ". It switches the whole organization from legacy to direct: "
SURE = tuple(Stopping("R81", f"Definition/{name}", "secret /password", "a.yaml:1") for name in "abcd")
UNSURE = Stopping("R95", "Definition/e", "its Agent", is_sure=False)


@pytest.mark.parametrize(
    ("reach", "said"),
    [
        (Reach(BUILT_IN_STORE, 1), TO_DIRECT + "1 cluster definition, all with an Operator"),
        (
            Reach(BUILT_IN_STORE, 3, ("eu", "")),
            TO_DIRECT + "3 cluster definitions, 2 of them not known to have an Operator (eu)",
        ),
        (
            Reach("", 0),
            ". It may switch the whole organization from legacy to direct: 0 cluster definitions, all with an Operator",
        ),
        (Reach("vault", 3, ("eu",)), ""),
    ],
)
def test_a_promotion_switches_only_an_organization_with_the_built_in_store(reach: Reach, said: str) -> None:
    assert reach.switch(is_promotion=True) == said


def test_a_store_that_steps_down_leaves_the_built_in_one() -> None:
    assert Reach("vault", 2).switch(is_promotion=False) == (
        ". It switches the whole organization from direct to legacy: 2 cluster definitions"
    )


def test_what_is_missing_and_what_stops_is_counted_with_the_first_names() -> None:
    reach = Reach(
        BUILT_IN_STORE,
        1,
        phase="install the chart",
        missing=("no Operator on eu", "no custom resource on eu"),
        stopping=(*SURE, UNSURE),
        unread=("definitions of acme",),
        unexamined=("shared values",),
    )
    assert reach.switch(is_promotion=True).removeprefix(
        TO_DIRECT + "1 cluster definition, all with an Operator"
    ) == (
        ". Next: install the chart; missing: no Operator on eu; no custom resource on eu"
        ". 4 things stop working (Definition/a, Definition/b, Definition/c and 1 more)"
        ". 1 thing may stop working (Definition/e). Not known: definitions of acme"
    )
    assert reach.details == (
        "missing: no Operator on eu",
        "missing: no custom resource on eu",
        "not known: definitions of acme",
        *(f"stops working: Definition/{name}: secret /password (a.yaml:1), R81" for name in "abcd"),
        "may stop working: Definition/e: its Agent (only live), R95",
        "not looked at: shared values",
    )
