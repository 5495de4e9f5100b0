"""Secret stores: registered, changed, compared, owned and deleted like everything else, credentials unseen."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.diff.change import SecretDifference
from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Status, TargetPlan
from reconciler.views.json import render as as_json
from reconciler.views.text import render as as_text
from tests.scenarios.world import (
    STORE,
    URL,
    World,
    actions,
    agent_public_key,
    agent_yaml,
    definition_yaml,
    key_yaml,
    store_yaml,
    the_plan,
)

VALUE = "canary-of-a-credential"
AUTH = "{token: !env VAULT_TOKEN, role: !env VAULT_ROLE}"
REFERENCE = "{secret_refs: {password: {store: platform, ref: orders/password}}}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path)
    world.environment.update(VAULT_TOKEN=VALUE, VAULT_ROLE=f"{VALUE}-role")
    return world


def by_hand(world: World, verb: str, path: str, body: object = None) -> httpx.Response:
    """Somebody clicks, and is refused perhaps."""
    headers = {"Authorization": "Bearer t"}
    base = f"{URL}/orgs/acme"
    with httpx.Client(transport=world.emulator.transport(), base_url=base, headers=headers) as client:
        return client.request(verb, path, json=body)


def live_store(world: World, name: str = "platform") -> Any:
    answer = by_hand(world, "GET", f"/secretstores/{name}")
    return answer.json() if answer.status_code == 200 else None


def primary(world: World) -> list[str]:
    stores: Any = by_hand(world, "GET", "/secretstores").json()
    return [store["id"] for store in stores if store["primary"]]


def applied(world: World, *accepted: str) -> PassResult:
    """An apply after which nothing is left to do."""
    result = world.apply(*accepted)
    assert result.verdict is Verdict.APPLIED, as_text(result)
    assert actions(world.plan(*accepted)) == []
    return result


def refused(plan: TargetPlan) -> list[tuple[str, tuple[str, ...]]]:
    return [(refusal.guard, tuple(map(str, refusal.keys))) for refusal in plan.refusals]


BLOCKS = {
    "awssm": ("{region: eu-central-1}", "{access_key_id: !env VAULT_TOKEN, secret_access_key: !env VAULT_ROLE}"),
    "azurekv": ("{tenant_id: t, url: https://kv.test}",
        "{client_id: {env: VAULT_ROLE}, client_secret: !env VAULT_TOKEN}"),
    "gcpsm": ("{project_id: acme}", "{secret_access_key: {file: ../key.json}}"),
    "vault": ("{url: https://vault.test, path: platform}", AUTH),
}  # fmt: skip


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("has_auth", [True, False])
def test_a_store_of_each_kind_is_registered_and_then_there_is_nothing_to_do(
    world: World, kind: str, *, has_auth: bool
) -> None:
    (world.root.parent / "key.json").write_text(VALUE)
    block, auth = BLOCKS[kind]
    world.write("store.yaml", store_yaml("platform", kind, block, auth=auth if has_auth else ""))
    assert actions(world.plan()) == ["create SecretStore/platform"]
    result = applied(world)
    assert live_store(world)["primary"] is False
    assert VALUE not in as_text(result) + as_json(result) + repr(result)
    assert the_plan(world.plan()).unexamined == ()


def test_fields_and_credentials_are_updated_in_one_request(world: World) -> None:
    world.write("store.yaml", store_yaml("platform", block="{url: https://old.test, path: p}", auth=AUTH))
    applied(world)
    world.environment["VAULT_TOKEN"] = f"{VALUE}-2"
    world.write("store.yaml", store_yaml("platform", block="{url: https://new.test}", auth=AUTH))
    (action,) = the_plan(world.plan()).actions
    assert {(field.path, field.secret) for field in action.subject.fields} == {
        (("vault", "url"), None),
        (("vault", "path"), None),
        (("auth", "token"), SecretDifference.CHANGED),
    }
    assert not action.subject.is_drift
    world.emulator.log.clear()
    applied(world)
    assert [e.verb for e in world.emulator.log.entries() if e.verb != "GET"] == ["PATCH"]
    assert live_store(world)["vault"] == {"url": "https://new.test", "path": ""}


def test_credentials_that_leave_the_file_are_unset(world: World) -> None:
    """What plain text is written to shows whether the orchestrator still has credentials."""
    world.write("store.yaml", store_yaml("platform", auth=AUTH, is_primary=True))
    applied(world, "primary-store=SecretStore/platform")
    plain = {
        "name": "x",
        "type": "s3",
        "driver_type": "humanitec/echo",
        "driver_inputs": {"secrets": {"a": "plain"}},
    }
    assert by_hand(world, "POST", "/resources/defs", {"id": "before", **plain}).status_code == 200
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    (action,) = the_plan(world.plan()).actions
    assert {field.secret for field in action.subject.fields} == {SecretDifference.REMOVED}
    applied(world)
    assert by_hand(world, "POST", "/resources/defs", {"id": "after", **plain}).status_code == 400


def test_without_the_credentials_at_hand_a_plan_says_so_and_an_apply_sends_nothing(world: World) -> None:
    world.environment.clear()
    world.write("store.yaml", store_yaml("platform", auth=AUTH))
    result = world.apply()
    assert [outcome.status for outcome in result.outcomes] == [Status.FAILED]
    assert live_store(world) is None
    world.environment.update(VAULT_TOKEN=VALUE, VAULT_ROLE=VALUE)
    applied(world)
    world.environment.clear()
    quiet = world.plan()
    assert quiet.verdict is Verdict.EMPTY
    assert len(the_plan(quiet).unexamined) == 2


def test_a_store_changed_by_hand_drifts_and_one_written_by_hand_gets_its_credentials_again(
    world: World,
) -> None:
    world.write("store.yaml", store_yaml("platform", auth=AUTH))
    applied(world)
    world.emulator.clock.advance(seconds=60)
    by_hand(world, "PATCH", "/secretstores/platform", {"vault": {"url": "https://moved.test"}})
    (action,) = the_plan(world.plan()).actions
    assert action.subject.is_drift
    applied(world)
    world.emulator.clock.advance(seconds=60)
    rotated = {"vault": {**live_store(world)["vault"], "auth": {"token": "of somebody"}}}
    by_hand(world, "PATCH", "/secretstores/platform", rotated)
    (action,) = the_plan(world.plan()).actions
    assert {field.secret for field in action.subject.fields} == {SecretDifference.FOREIGN_WRITE}
    applied(world)


def test_a_store_that_nobody_owns_is_adopted_when_equal_and_contested_when_not(world: World) -> None:
    by_hand(
        world, "POST", "/secretstores", {"id": "equal", "primary": False, "gcpsm": {"project_id": "acme"}}
    )
    by_hand(world, "POST", "/secretstores", {"id": "other", "primary": False, "gcpsm": {"project_id": "x"}})
    world.write("equal.yaml", store_yaml("equal", "gcpsm", "{project_id: acme}"))
    world.write("other.yaml", store_yaml("other", "gcpsm", "{project_id: acme}"))
    assert actions(world.plan()) == ["adopt SecretStore/equal"]
    assert [str(change.key) for change in the_plan(world.plan()).contested] == ["SecretStore/other"]
    world.apply("contested=SecretStore/other")
    assert live_store(world, "other")["gcpsm"] == {"project_id": "acme"}


def test_only_owned_stores_are_deleted(world: World) -> None:
    world.write("store.yaml", store_yaml("platform"))
    world.write("keep.yaml", definition_yaml("keep"))
    applied(world)
    world.remove("store.yaml")
    assert actions(world.plan()) == ["delete SecretStore/platform"]
    applied(world)
    assert live_store(world) is None
    assert live_store(world, STORE) is not None


def test_a_store_on_clusters_alone_is_not_registered(world: World) -> None:
    document = store_yaml("platform", registration="").replace(
        "spec:\n", "spec:\n  clusters: [{cluster: eu-1, auth: {}}]\n"
    )
    world.write("store.yaml", document)
    result = world.plan()
    assert actions(result) == []
    assert result.checked_only == (("SecretStore custom resource", 1),)


def test_another_primary_store_is_held_until_it_is_named(world: World) -> None:
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    world.write("db.yaml", definition_yaml("orders", inputs=REFERENCE))
    assert refused(the_plan(world.plan())) == [("primary-store", ("SecretStore/platform",))]
    held = world.apply()
    assert held.exit_code() is ExitCode.REFUSED
    assert primary(world) == [STORE]
    assert by_hand(world, "GET", "/resources/defs/orders").status_code == 404
    applied(world, "primary-store=SecretStore/platform")
    assert primary(world) == ["platform"]


def test_the_next_primary_store_comes_before_the_old_one_goes(world: World) -> None:
    """In between, the built-in store would be primary: every application would be deployed in legacy mode."""
    world.write("a.yaml", store_yaml("aa", is_primary=True))
    applied(world, "primary-store=SecretStore/aa")
    world.write("a.yaml", store_yaml("aa"))
    world.write("b.yaml", store_yaml("bb", is_primary=True))
    assert refused(the_plan(world.plan())) == [("primary-store", ("SecretStore/bb",))]
    assert actions(world.plan("primary-store=SecretStore/bb")) == [
        "create SecretStore/bb",
        "update SecretStore/aa",
    ]
    applied(world, "primary-store=SecretStore/bb")
    assert primary(world) == ["bb"]


def test_stepping_down_to_the_built_in_store_is_held_as_well(world: World) -> None:
    world.write("a.yaml", store_yaml("aa", is_primary=True))
    applied(world, "primary-store=SecretStore/aa")
    world.write("a.yaml", store_yaml("aa"))
    assert refused(the_plan(world.plan())) == [("primary-store", ("SecretStore/aa",))]
    world.remove("a.yaml")
    world.write("keep.yaml", definition_yaml("keep"))
    assert refused(the_plan(world.plan())) == [("primary-store", ("SecretStore/aa",))]


def test_the_organization_may_leave_legacy_mode_and_use_references_in_one_apply(world: World) -> None:
    by_hand(world, "DELETE", f"/secretstores/{STORE}")
    assert primary(world) == ["humanitec"]
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    world.write("db.yaml", definition_yaml("orders", inputs=REFERENCE))
    result = world.plan()
    assert {finding.rule for finding in result.findings} >= {"R63"}
    assert "R80" not in {finding.rule for finding in result.findings}
    assert actions(world.plan()) == ["create SecretStore/platform", "create Definition/orders"]
    applied(world, "primary-store=SecretStore/platform")


CLUSTER = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: {id}}}
entity:
  name: {id}
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-eks
  driver_inputs: {{values: {{name: a, region: b}}}}
  criteria: [{{env_type: {id}}}]
"""


def test_the_refusal_says_what_the_switch_concerns(tmp_path: Path) -> None:
    """R63 on the action: from the built-in store and back to it, and nothing of it between external ones."""
    clusters = {"shop": {"operator": True}, "far": {"operator": False}}
    world = World.make(tmp_path, clusters=clusters)
    by_hand(world, "DELETE", f"/secretstores/{STORE}")
    for name in ("shop", "far"):
        world.write(f"{name}.yaml", CLUSTER.format(id=name))
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    (refusal,) = the_plan(world.plan()).refusals
    assert refusal.message.startswith(
        "the primary secret store is humanitec; SecretStore/platform would become it"
    )
    assert (
        "It switches the whole organization from legacy to direct: 2 cluster definitions, "
        "1 of them not known to have an Operator (far). Next: the store is registered; missing: "
        "store platform is not registered; cluster far: it has no Operator"
    ) in refusal.message
    assert "Not known: cluster shop: no document declares its Operator" in refusal.message
    assert "missing: cluster far: it has no Operator" in refusal.details
    assert refusal.details[-1].startswith("not looked at: secret shared values")
    assert world.apply().exit_code() is ExitCode.REFUSED
    assert primary(world) == ["humanitec"]
    world.apply("primary-store=SecretStore/platform")
    assert primary(world) == ["platform"]
    world.remove("far.yaml")
    world.apply()
    world.write("second.yaml", store_yaml("second", is_primary=True))
    world.write("store.yaml", store_yaml("platform"))
    (refusal,) = the_plan(world.plan()).refusals
    assert "switches the whole organization" not in refusal.message
    world.remove("second.yaml")
    (refusal,) = the_plan(world.plan()).refusals
    assert refusal.message.endswith("from direct to legacy: 1 cluster definition")


def test_references_wait_for_the_primary_store_even_where_they_name_another_one(world: World) -> None:
    """Only an external primary store makes references work, so they must not come without it."""
    other = {"id": "other", "primary": False, "gcpsm": {"project_id": "acme"}}
    by_hand(world, "POST", "/secretstores", other)
    by_hand(world, "DELETE", f"/secretstores/{STORE}")
    world.write("store.yaml", store_yaml("platform", is_primary=True))
    world.write("db.yaml", definition_yaml("orders", inputs=REFERENCE.replace("platform", "other")))
    assert world.apply().exit_code() is ExitCode.REFUSED
    assert by_hand(world, "GET", "/resources/defs/orders").status_code == 404
    applied(world, "primary-store=SecretStore/platform")


def test_a_declared_definition_may_not_name_a_store_that_the_plan_deletes(world: World) -> None:
    world.write("store.yaml", store_yaml("platform"))
    world.write("db.yaml", definition_yaml("orders", inputs=REFERENCE))
    applied(world)
    world.remove("store.yaml")
    assert {finding.rule for finding in world.plan("store-in-use=SecretStore/platform").errors} == {"R77"}


def test_a_definition_comes_after_the_store_it_names_and_goes_before_it(world: World) -> None:
    world.write("store.yaml", store_yaml("platform"))
    world.write("a.yaml", definition_yaml("user", inputs=REFERENCE))
    assert actions(world.plan()) == ["create SecretStore/platform", "create Definition/user"]
    world.emulator.faults.add(
        FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, path="/secretstores$", verb="POST", count=None)
    )
    failed = world.apply()
    assert {str(o.action.key): o.status for o in failed.outcomes} == {
        "SecretStore/platform": Status.FAILED,
        "Definition/user": Status.BLOCKED,
    }
    world.emulator.faults.clear()
    applied(world)
    world.remove("store.yaml")
    world.remove("a.yaml")
    world.write("keep.yaml", definition_yaml("keep"))
    found = actions(world.plan())
    assert found.index("delete Definition/user") < found.index("delete SecretStore/platform")
    applied(world)


def test_a_store_that_a_foreign_definition_names_is_not_deleted(world: World) -> None:
    """No refusal of the real orchestrator is documented, so the plan itself has to look."""
    world.write("store.yaml", store_yaml("platform"))
    world.write("keep.yaml", definition_yaml("keep"))
    applied(world)
    inputs = {"secret_refs": {"p": {"store": "platform", "ref": "p"}}}
    foreign = {
        "id": "foreign",
        "name": "f",
        "type": "s3",
        "driver_type": "humanitec/echo",
        "driver_inputs": inputs,
    }
    assert by_hand(world, "POST", "/resources/defs", foreign).status_code == 200
    world.remove("store.yaml")
    assert refused(the_plan(world.plan())) == [("store-in-use", ("SecretStore/platform",))]
    assert world.apply().exit_code() is ExitCode.REFUSED
    assert live_store(world) is not None


def test_a_store_is_not_deleted_while_definitions_cannot_be_read(world: World) -> None:
    world.write("store.yaml", store_yaml("platform"))
    world.write("agent.yaml", agent_yaml("eu").partition("  definition")[0])
    world.write("key.yaml", key_yaml("eu-1", "eu", agent_public_key()))
    applied(world)
    world.remove("store.yaml")
    world.emulator.faults.add(
        FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, path="/resources/defs$", count=None)
    )
    world.apply()
    assert live_store(world) is not None


def test_a_store_is_reached_through_an_agent_that_is_registered_first(world: World) -> None:
    world.write("store.yaml", store_yaml("platform", block="{url: https://vault.test, agent_id: eu}"))
    world.write("agent.yaml", agent_yaml("eu"))
    world.write("key.yaml", key_yaml("eu-1", "eu", agent_public_key()))
    world.emulator.faults.add(
        FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, path="/agents$", verb="POST", count=None)
    )
    outcomes = {str(o.action.key): o.status for o in world.apply().outcomes}
    assert outcomes["SecretStore/platform"] is Status.BLOCKED
    world.emulator.faults.clear()
    applied(world)
    for name in ("store.yaml", "agent.yaml", "key.yaml"):
        world.remove(name)
    world.write("keep.yaml", definition_yaml("keep"))
    found = actions(world.plan())
    assert found.index("delete SecretStore/platform") < found.index("delete Agent/eu")


def test_another_kind_of_store_means_delete_and_create(world: World) -> None:
    world.write("store.yaml", store_yaml("platform"))
    applied(world)
    world.write("store.yaml", store_yaml("platform", "gcpsm", "{project_id: acme}"))
    assert refused(the_plan(world.plan())) == [("replace", ("SecretStore/platform",))]
    applied(world, "replace=SecretStore/platform")
    assert live_store(world)["gcpsm"] == {"project_id": "acme"}


def test_the_built_in_store_is_never_adopted(world: World) -> None:
    world.write("store.yaml", store_yaml("humanitec"))
    assert {finding.rule for finding in world.plan().errors} == {"R06"}


def test_stores_are_not_listed_for_those_who_neither_declare_nor_own_one(world: World) -> None:
    world.write("runner-free.yaml", agent_yaml("eu").partition("  definition")[0])
    world.write("key.yaml", key_yaml("eu-1", "eu", agent_public_key()))
    world.plan()
    assert [e.path for e in world.emulator.log.entries() if "secretstores" in e.path] == []


def test_a_list_of_stores_that_cannot_be_read_is_no_evidence(world: World) -> None:
    world.write("store.yaml", store_yaml("platform"))
    applied(world)
    world.emulator.faults.add(
        FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, path="/secretstores$", count=None)
    )
    world.remove("store.yaml")
    world.write("keep.yaml", definition_yaml("keep"))
    result = world.apply()
    assert result.exit_code() is ExitCode.UNREADABLE
    world.emulator.faults.clear()
    assert live_store(world) is not None
