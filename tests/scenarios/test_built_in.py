"""Built-in definitions give up their criteria where the settings say so, and get exactly those back."""

from pathlib import Path

import httpx
import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.model.finding import Finding
from reconciler.passes.result import PassResult, Verdict
from reconciler.settings import RuleSetting, Settings
from tests.scenarios.world import BUILT_IN_DNS, URL, World, actions, add_criterion, definition_yaml, the_plan

PRODUCTION = {"env_type": "production", "class": "default"}
USED = {
    "def_id": BUILT_IN_DNS, "type": "dns", "app_id": "shop", "env_id": "dev", "env_type": "development",
    "res_id": "shared.dns",
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A catch-all of type `dns` is declared, and the built-in definition holds its criterion."""
    made = World.make(tmp_path)
    made.write("dns.yaml", definition_yaml("own-dns", type_="dns", criteria="[{}]"))
    made.write("bucket.yaml", definition_yaml("bucket", criteria="[{app_id: shop}]"))
    return made


def built_in(world: World, name: str = BUILT_IN_DNS) -> object:
    live = world.live()
    assert isinstance(live, dict)
    return live["built_in"][name]


def spoken(result: PassResult) -> list[Finding]:
    return [found for found in result.all_findings if found.rule[0] == "P" or found.rule == "R08"]


def seen_without_server_ids(world: World) -> dict[str, object]:
    """The built-in definition as a whole, without its criteria."""
    headers = {"Authorization": "Bearer t"}
    with httpx.Client(transport=world.emulator.transport(), base_url=URL, headers=headers) as client:
        found = client.get(f"/orgs/acme/resources/defs/{BUILT_IN_DNS}").json()
    return {name: value for name, value in found.items() if name != "criteria"}


def test_one_finding_names_the_remedy_if_a_built_in_definition_is_in_the_way(world: World) -> None:
    result = world.apply()
    assert result.exit_code() is ExitCode.INVALID
    assert not world.effects()
    [found] = spoken(result)
    assert found.rule == "R08"
    assert f"`{BUILT_IN_DNS}`" in found.message
    assert f"List `{BUILT_IN_DNS}` under `builtIn.disabled` of the target" in found.advice
    assert found.origin.file == "dns.yaml"


def test_the_plan_reports_the_conflict_if_the_rule_is_switched_off(world: World) -> None:
    off = RuleSetting(severity="off", reason="to see what the plan says")
    world.settings = world.settings.model_copy(update={"rules": {**world.settings.rules, "R08": off}})
    [found] = spoken(world.plan())
    assert found.rule == "P02"
    assert f"list `{BUILT_IN_DNS}` under `builtIn.disabled` of the target" in found.advice


def test_a_criterion_held_by_an_unmanaged_definition_is_one_finding_too(world: World) -> None:
    world.remove("dns.yaml")
    body = {"id": "theirs", "name": "theirs", "type": "s3", "driver_type": "humanitec/echo"}
    headers = {"Authorization": "Bearer t"}
    with httpx.Client(transport=world.emulator.transport(), base_url=URL, headers=headers) as client:
        assert client.post("/orgs/acme/resources/defs", json=body).status_code == 200
    add_criterion(world, "theirs", {"app_id": "shop"})
    assert [found.rule for found in spoken(world.plan())] == ["P02"]


def test_criteria_are_removed_before_their_replacement_is_added_and_restored_after_it_is_gone(
    world: World,
) -> None:
    before, rest = built_in(world), seen_without_server_ids(world)
    world.disable(BUILT_IN_DNS)
    planned = world.plan()
    assert spoken(planned) == []
    order = actions(planned)
    assert order.index(f"delete Criterion/{BUILT_IN_DNS}[]") < order.index("create Definition/own-dns")
    assert world.apply().exit_code() is ExitCode.DONE
    assert built_in(world) == []
    assert world.store.read("acme").built_in == {BUILT_IN_DNS: {"": {"class": "default"}}}
    assert world.apply().verdict is Verdict.EMPTY
    world.disable()
    world.remove("dns.yaml")
    order = actions(world.plan())
    assert order.index("delete Definition/own-dns") < order.index(f"create Criterion/{BUILT_IN_DNS}[]")
    assert world.apply().exit_code() is ExitCode.DONE
    assert built_in(world) == before
    assert seen_without_server_ids(world) == rest
    assert world.store.read("acme").built_in == {}
    assert world.apply().verdict is Verdict.EMPTY


def test_the_definition_itself_is_never_owned(world: World) -> None:
    world.disable(BUILT_IN_DNS)
    world.apply()
    assert BUILT_IN_DNS not in {key.id for key in world.store.read("acme").entries}
    world.remove("dns.yaml")
    world.remove("bucket.yaml")
    world.write("other.yaml", definition_yaml("other"))
    world.apply()
    assert ("deleted", f"definitions/acme/{BUILT_IN_DNS}") not in world.effects()


def test_criteria_added_by_hand_in_the_meantime_are_removed_and_restored_as_well(world: World) -> None:
    world.disable(BUILT_IN_DNS)
    world.apply()
    add_criterion(world, BUILT_IN_DNS, PRODUCTION)
    assert actions(world.plan()) == [f"delete Criterion/{BUILT_IN_DNS}[env_type=production]"]
    world.apply()
    assert built_in(world) == []
    world.disable()
    world.remove("dns.yaml")
    world.apply()
    assert built_in(world) == [{"class": "default"}, PRODUCTION]


def test_one_that_was_emptied_by_hand_stays_empty(world: World) -> None:
    headers = {"Authorization": "Bearer t"}
    with httpx.Client(transport=world.emulator.transport(), base_url=URL, headers=headers) as client:
        emptied = client.put(f"/orgs/acme/resources/defs/{BUILT_IN_DNS}/criteria", json=[])
        assert emptied.status_code == 200
    world.disable(BUILT_IN_DNS)
    assert world.apply().exit_code() is ExitCode.DONE
    world.disable()
    world.remove("dns.yaml")
    world.apply()
    assert built_in(world) == []


def test_a_criterion_restored_by_hand_is_not_restored_twice(world: World) -> None:
    world.disable(BUILT_IN_DNS)
    world.apply()
    world.remove("dns.yaml")
    world.apply()
    add_criterion(world, BUILT_IN_DNS, {})
    world.disable()
    assert world.apply().verdict is Verdict.EMPTY
    assert world.store.read("acme").built_in == {}


@pytest.mark.parametrize("renamed", [False, True])
def test_a_criterion_that_is_still_held_elsewhere_cannot_be_restored(world: World, *, renamed: bool) -> None:
    world.disable(BUILT_IN_DNS)
    world.apply()
    world.disable()
    name = "own-dns"
    if renamed:
        name = "own-dns-2"
        world.write("dns.yaml", definition_yaml(name, type_="dns", criteria="[{}]"))
    world.emulator.log.clear()
    result = world.apply()
    assert result.exit_code() is ExitCode.INVALID
    assert not world.effects()
    [found] = spoken(result)
    assert (found.rule, found.origin.file) == ("P02", "reconciler.yaml")
    assert f"Definition/{BUILT_IN_DNS} is to get back" in found.message
    assert f"Definition/{name}" in found.message
    assert f"list `{BUILT_IN_DNS}` under `builtIn.disabled` again" in found.advice


def test_one_in_use_is_held_until_its_move_is_approved(world: World) -> None:
    world.disable(BUILT_IN_DNS)
    world.emulator.seed({"organization": "acme", "active_resources": [USED]})
    planned = world.plan()
    assert planned.exit_code() is ExitCode.REFUSED
    assert spoken(planned) == []
    [refusal] = the_plan(planned).refusals
    assert refusal.approvals == (f"in-use=Definition/{BUILT_IN_DNS}",)
    assert world.apply().exit_code() is ExitCode.REFUSED
    assert built_in(world) == [{"class": "default"}]
    assert ("created", "definitions/acme/bucket") in world.effects()
    assert world.apply(*refusal.approvals).exit_code() is ExitCode.DONE
    assert built_in(world) == []


@pytest.mark.parametrize(
    ("name", "said", "advice"),
    [
        ("default-humanitec-dsn", "does not exist in acme", f"did you mean `{BUILT_IN_DNS}`?"),
        ("something-else", "does not exist in acme", "built in are: default-humanitec-base-env, "),
        ("bucket", "is not built in in acme", "remove it from the list"),
    ],
)
def test_an_id_that_is_not_built_in_is_a_finding(world: World, name: str, said: str, advice: str) -> None:
    world.disable(BUILT_IN_DNS)
    world.apply()
    world.disable(BUILT_IN_DNS, name)
    result = world.apply()
    assert result.exit_code() is ExitCode.INVALID
    [found] = spoken(result)
    assert (found.rule, found.origin.file) == ("P08", "reconciler.yaml")
    assert f"`{name}`, which {said}" in found.message
    assert found.advice.startswith(advice)


def test_one_that_is_declared_is_still_refused(world: World) -> None:
    world.write("built-in.yaml", definition_yaml(BUILT_IN_DNS, type_="dns"))
    world.remove("dns.yaml")
    world.disable(BUILT_IN_DNS)
    result = world.apply()
    assert [found.rule for found in spoken(result)] == ["P03"]
    assert not world.effects()


def test_selecting_a_replacement_also_selects_the_criteria_it_replaces(world: World) -> None:
    world.disable(BUILT_IN_DNS, "default-humanitec-ingress")
    chosen = frozenset({"Definition/own-dns"})
    assert actions(world.plan(only=chosen)) == [
        f"delete Criterion/{BUILT_IN_DNS}[]",
        "create Definition/own-dns",
    ]


def test_criteria_without_a_replacement_are_removed_too_and_last(world: World) -> None:
    """Pruned last: a successor by another criterion has to exist first."""
    world.write("dns.yaml", definition_yaml("own-dns", type_="dns", criteria="[{app_id: shop}]"))
    world.disable(BUILT_IN_DNS)
    assert actions(world.plan())[-1] == f"delete Criterion/{BUILT_IN_DNS}[]"
    refusal = FaultRule(
        kind=FaultKind.ERROR_BEFORE_EFFECT, count=None, verb="POST", path=r".*/resources/defs"
    )
    world.emulator.faults.add(refusal)
    assert world.apply().exit_code() is ExitCode.PARTIAL
    assert built_in(world) == [{"class": "default"}]


def test_without_a_record_no_criteria_may_be_removed() -> None:
    target = {"organization": "acme", "builtIn": {"disabled": [BUILT_IN_DNS]}}
    with pytest.raises(ValueError, match=r"`builtIn\.disabled`, but `inventory\.none` keeps no record"):
        Settings.model_validate({"version": 1, "targets": {"acme": target}, "inventory": {"none": True}})


def test_a_record_of_another_organization_restores_nothing(world: World) -> None:
    """What was removed there says nothing about the definition with the same id here."""
    world.remove("bucket.yaml")
    world.remove("dns.yaml")
    world.write("notes.txt", "no definition at all")
    world.disable(BUILT_IN_DNS)
    world.apply()
    assert not world.store.read("acme").entries
    moved = world.settings.targets["acme"].model_copy(update={"organization": "beta"})
    world.settings = world.settings.model_copy(update={"targets": {"acme": moved}})
    result = world.plan()
    assert result.exit_code() is ExitCode.UNREADABLE
    assert "the ownership record belongs to organization acme" in result.targets[0].error
