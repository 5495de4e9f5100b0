"""A key is withdrawn anywhere only when its successor is accepted everywhere."""

from dataclasses import replace

from reconciler.diff.compare import compare
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.place import Place, organization
from reconciler.model.state import Resource, State
from reconciler.plan.action import TargetPlan
from reconciler.plan.barrier import Organization
from reconciler.plan.build import Basis, build
from reconciler.settings import Policy, Safety
from tests.building import ALL_KINDS, agent, agent_key, owning

ACME, BETA = organization("acme"), organization("beta")


def moved(resource: Resource, place: Place, **status: str) -> Resource:
    key = ResourceKey(place, resource.key.kind, resource.key.id)
    return replace(resource, key=key, status=status)


def holding(place: Place, *fingerprints: str, authorized: str = "true") -> State:
    found = [moved(agent("eu"), place)]
    found += [moved(agent_key("eu", one), place, is_authorized=authorized) for one in fingerprints]
    return State({resource.key: resource for resource in found}, ALL_KINDS)


def basis(place: Place, desired: State, live: State) -> Basis:
    inventory = owning(*live.resources.values())
    diff = compare(desired, live, inventory)
    return Basis(TargetName(place.name), place, desired, live, inventory, diff, Policy(), Safety())


def organizations(*bases: Basis) -> list[Organization]:
    return [Organization(b.place, b.desired, b.live, frozenset({"eu"})) for b in bases]


def lines(plans: tuple[TargetPlan, ...]) -> list[str]:
    return [
        f"{action.verb} {action.key} in {action.key.place}" for found in plans for action in found.allowed
    ]


def test_a_withdrawal_requires_the_successor_in_the_other_organization() -> None:
    both = [basis(place, holding(place, "bb"), holding(place, "aa")) for place in (ACME, BETA)]
    plans = build(both, organizations=organizations(*both))
    assert lines(plans) == [
        "create Key/eu/bb in acme", "delete Key/eu/aa in acme",
        "create Key/eu/bb in beta", "delete Key/eu/aa in beta",
    ]  # fmt: skip
    created = {action.id for found in plans for action in found.actions if action.verb == "create"}
    for withdrawal in (action for found in plans for action in found.actions if action.verb == "delete"):
        assert created <= withdrawal.requires
        assert {key.place for key in withdrawal.awaits} == {ACME, BETA}


def test_an_organization_that_could_not_be_read_holds_the_withdrawal() -> None:
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    unread = Organization(BETA, holding(BETA, "bb"), None, frozenset({"eu"}))
    (found,) = build([here], organizations=[*organizations(here), unread])
    assert not found.allowed
    assert "beta also knows agent eu and was not read" in next(iter(found.held.values())).reason


def test_an_organization_that_is_left_out_holds_the_withdrawal() -> None:
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    left_out = Organization(BETA, holding(BETA, "bb"), None, frozenset({"eu"}), is_selected=False)
    (found,) = build([here], organizations=[*organizations(here), left_out])
    assert not found.allowed
    assert "is not part of this run" in next(iter(found.held.values())).reason


def test_an_organization_without_a_successor_holds_the_withdrawal() -> None:
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    there = basis(BETA, holding(BETA, "aa"), holding(BETA, "aa"))
    found, _ = build([here, there], organizations=organizations(here, there))
    assert not found.allowed
    assert "no other key of agent eu is declared" in next(iter(found.held.values())).reason


def test_a_successor_that_is_not_authorized_holds_the_withdrawal() -> None:
    live = holding(ACME, "aa", "bb", authorized="false")
    here = basis(ACME, holding(ACME, "bb"), live)
    (found,) = build([here], organizations=organizations(here))
    assert not found.allowed
    assert found.waiting
    assert "Key/eu/bb is not authorized yet in acme" in next(iter(found.held.values())).reason


def test_an_organization_that_never_had_the_key_does_not_matter() -> None:
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    there = basis(BETA, holding(BETA, "cc"), holding(BETA, "cc"))
    found, _ = build([here, there], organizations=organizations(here, there))
    assert lines((found,)) == ["delete Key/eu/aa in acme"]


def test_a_registration_of_others_with_the_same_key_holds_the_withdrawal() -> None:
    """The agent would lose that organization when it runs with the successor."""
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    theirs = Organization(BETA, State({}, ALL_KINDS), holding(BETA, "aa"), frozenset())
    (found,) = build([here], organizations=[*organizations(here), theirs])
    assert not found.allowed
    assert "in each of acme, beta" in next(iter(found.held.values())).reason


def test_a_recorded_key_that_the_plan_checks_orders_the_withdrawal() -> None:
    """An apply that was killed withdrew it there: once that is certain, the next may go."""
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    there = basis(BETA, holding(BETA, "bb"), holding(BETA, "bb"))
    there = replace(there, inventory=owning(*holding(BETA, "aa", "bb").resources.values()))
    there = replace(there, diff=compare(there.desired, there.live, there.inventory))
    both = [
        replace(one, recorded=frozenset(key.id for key in of.inventory.entries))
        for one, of in zip(organizations(here, there), (here, there), strict=True)
    ]
    acme, beta = build([here, there], organizations=both)
    assert lines((acme, beta)) == ["delete Key/eu/aa in acme", "forget Key/eu/aa in beta"]
    assert acme.actions[0].requires == {beta.actions[0].id}


def test_agents_of_other_names_do_not_matter() -> None:
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    other = Organization(BETA, holding(BETA), None, frozenset({"us"}))
    (found,) = build([here], organizations=[*organizations(here), other])
    assert lines((found,)) == ["delete Key/eu/aa in acme"]


def test_a_different_successor_in_each_organization_holds_both_withdrawals() -> None:
    """An agent runs with one private key: neither successor works everywhere."""
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    there = basis(BETA, holding(BETA, "cc"), holding(BETA, "aa", "cc"))
    for found in build([here, there], organizations=organizations(here, there)):
        assert not found.allowed
        assert "in each of acme, beta" in next(iter(found.held.values())).reason


def test_a_recorded_key_that_a_list_does_not_show_holds_the_withdrawal() -> None:
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    there = Organization(
        BETA, holding(BETA, "bb"), holding(BETA), frozenset({"eu"}), recorded=frozenset({"eu/aa"})
    )
    (found,) = build([here], organizations=[*organizations(here), there])
    assert not found.allowed
    assert "the key is recorded in beta but is not listed there" in next(iter(found.held.values())).reason


def test_an_organization_whose_record_cannot_be_read_may_have_any_agent() -> None:
    here = basis(ACME, holding(ACME, "bb"), holding(ACME, "aa", "bb"))
    unknown = Organization(BETA, holding(BETA), None, None)
    (found,) = build([here], organizations=[*organizations(here), unknown])
    assert "beta may know agent eu and was not read" in next(iter(found.held.values())).reason


def test_a_cycle_in_one_organization_stops_the_others_too() -> None:
    """Without an order nothing keeps a key until its successor exists."""

    def of(place: Place, *resources: Resource) -> State:
        found = [moved(resource, place) for resource in resources]
        return State({resource.key: resource for resource in found}, ALL_KINDS)

    stuck = basis(
        ACME,
        of(ACME, agent("a"), agent_key("a", "22"), agent("b"), agent_key("b", "11")),
        of(ACME, agent("a"), agent_key("a", "11"), agent("b"), agent_key("b", "22")),
    )
    other = basis(BETA, holding(BETA, "bb"), holding(BETA, "aa"))
    for found in build([stuck, other], organizations=organizations(stuck, other)):
        assert {problem.rule for problem in found.problems} == {"P07"}
        assert not found.allowed
