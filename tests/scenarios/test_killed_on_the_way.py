"""An apply of secrets, of things in use, of built-in definitions or of shared keys is killed at each request."""

from functools import partial
from pathlib import Path

import pytest

from reconciler.diff.change import SecretDifference
from reconciler.emulator import FaultKind, FaultRule
from reconciler.passes.result import Verdict
from reconciler.views import text
from tests.scenarios.killed import Transition, killed_at_each_request
from tests.scenarios.test_ownership import by_hand
from tests.scenarios.test_whole_plan import dns_given_back
from tests.scenarios.world import (
    BUILT_IN_DNS,
    Killed,
    KillSwitch,
    World,
    actions,
    add_criterion,
    agent_public_key,
    agent_yaml,
    definition_yaml,
    key_yaml,
    the_plan,
)

SECRETS = ("canary-one", "canary-two", "canary-three")
KEYS = [agent_public_key(), agent_public_key()]
BOTH = ("acme", "beta")
RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {{id: jobs}}
spec:
  description: {description}
  runner_configuration:
    type: kubernetes
    job: {{namespace: jobs, service_account: job}}
    cluster:
      cluster_data: {{certificate_authority_data: Y2E=, server: https://cluster.test}}
      auth:
        service_account_token: !env TOKEN
  state_storage_configuration: {{type: kubernetes, namespace: jobs}}
"""
BY_ENV = "{secrets: {password: !env TOKEN}}"
BY_FILE = "{secrets: {password: !file ../password}}"


def hand_in(world: World, number: int) -> None:
    world.environment["TOKEN"] = SECRETS[number]
    (world.root.parent / "password").write_text(f"{SECRETS[number]}\n")


def no_secret(world: World) -> None:
    hand_in(world, 0)
    world.write("plain.yaml", definition_yaml("plain"))


def with_secrets(world: World, number: int = 0, *, criteria: str = "[]", type_: str = "s3") -> None:
    hand_in(world, number)
    world.write("by-env.yaml", definition_yaml("by-env", criteria=criteria, type_=type_, inputs=BY_ENV))
    world.write("by-file.yaml", definition_yaml("by-file", inputs=BY_FILE))
    world.write("runner.yaml", RUNNER.format(description=f"runner {number}"))


def secrets_gone(world: World) -> None:
    world.write("by-env.yaml", definition_yaml("by-env"))
    world.write("by-file.yaml", definition_yaml("by-file", inputs="{secrets: {other: !file ../password}}"))


def use(world: World, *definitions: str) -> None:
    for number, name in enumerate(definitions):
        used = {"def_id": name, "app_id": "shop", "env_id": "dev", "env_type": "development"}
        world.emulator.seed(
            {"organization": "acme", "active_resources": [{**used, "res_id": f"shared.{number}"}]}
        )


def in_use(world: World) -> None:
    world.write("old.yaml", definition_yaml("old", criteria="[{env_type: development}]"))
    world.write("giver.yaml", definition_yaml("giver", criteria="[{env_type: development, class: big}]"))
    world.write("taker.yaml", definition_yaml("taker"))


def old_gone(world: World) -> None:
    use(world, "old")
    world.remove("old.yaml")


def criterion_moved(world: World) -> None:
    use(world, "old")
    world.write("old.yaml", definition_yaml("old"))
    world.write("taker.yaml", definition_yaml("taker", criteria="[{env_type: development}]"))


def successor(world: World) -> None:
    use(world, "old")
    world.remove("old.yaml")
    world.write("new.yaml", definition_yaml("new", criteria="[{env_type: development}]"))


def dns_used(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    add_criterion(world, BUILT_IN_DNS, {"env_type": "production", "class": "internal"})
    add_criterion(world, BUILT_IN_DNS, {"app_id": "shop"})


def dns_taken(world: World) -> None:
    world.write(
        "dns.yaml", definition_yaml("own-dns", type_="dns", criteria="[{}, {app_id: shop}, {res_id: mine}]")
    )
    world.disable(BUILT_IN_DNS)


def dns_taken_before(world: World) -> None:
    dns_used(world)
    dns_taken(world)


def dns_in_use_taken(world: World) -> None:
    active = {
        "def_id": BUILT_IN_DNS, "type": "dns", "app_id": "shop", "env_id": "dev", "env_type": "development",
        "res_id": "shared.dns",
    }  # fmt: skip
    world.emulator.seed({"organization": "acme", "active_resources": [active]})
    dns_taken(world)


def shared(world: World, *numbers: int, agent: str = "eu") -> None:
    world.write("orgs/acme/agent.yaml", agent_yaml(agent, organizations="[acme, beta]"))
    for number in (0, 1):
        name = f"orgs/acme/key-{number}.yaml"
        if number in numbers:
            world.write(name, key_yaml(f"key-{number}", agent, KEYS[number]))
        elif (world.root / name).exists():
            world.remove(name)


def one_organization_less(world: World) -> None:
    shared(world, 0)
    world.write("orgs/acme/agent.yaml", agent_yaml("eu", organizations="[acme]"))
    world.write("orgs/beta/bucket.yaml", definition_yaml("bucket"))


TRANSITIONS = {
    "secrets are handed in for the first time": Transition(no_secret, with_secrets, secrets=SECRETS),
    "secrets handed in have other values": Transition(
        with_secrets, partial(with_secrets, number=1), secrets=SECRETS
    ),
    "secrets are not wanted any more, or elsewhere": Transition(with_secrets, secrets_gone, secrets=SECRETS),
    "a definition with a secret is replaced": Transition(
        partial(with_secrets, criteria="[{env_type: development}]"),
        partial(with_secrets, number=1, criteria="[{env_type: production}]", type_="dns"),
        accepted=("replace=Definition/by-env",),
        secrets=SECRETS,
    ),
    "a definition in use is deleted": Transition(in_use, old_gone, accepted=("in-use=Definition/old",)),
    "a criterion in use moves": Transition(in_use, criterion_moved, accepted=("in-use=Definition/old",)),
    "a definition in use gets a successor": Transition(
        in_use, successor, accepted=("in-use=Definition/old",)
    ),
    "a built-in definition is emptied": Transition(dns_used, dns_taken),
    "a built-in definition in use is emptied": Transition(
        dns_used, dns_in_use_taken, accepted=(f"in-use=Definition/{BUILT_IN_DNS}",)
    ),
    "a built-in definition is restored": Transition(dns_taken_before, dns_given_back),
    "a shared key is replaced": Transition(
        lambda world: shared(world, 0), lambda world: shared(world, 1), organizations=BOTH
    ),
    "one of two shared keys goes": Transition(
        lambda world: shared(world, 0, 1), lambda world: shared(world, 1), organizations=BOTH
    ),
    "an agent with a shared key is renamed": Transition(
        lambda world: shared(world, 0),
        lambda world: shared(world, 0, agent="eu-2"),
        organizations=BOTH,
        accepted=("last-key=Agent/eu",),
    ),
    "an agent leaves one of its organizations": Transition(
        lambda world: shared(world, 0),
        one_organization_less,
        organizations=BOTH,
        accepted=("last-key=beta:Agent/eu",),
    ),
}


LONG = (
    "a shared key is replaced",
    "one of two shared keys goes",
    "an agent with a shared key is renamed",
    "an agent leaves one of its organizations",
)
"""Transitions of many requests."""


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [pytest.param(1, marks=pytest.mark.whole), 8])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.whole) if name in LONG else name for name in TRANSITIONS]
)
def test_killed_at_any_request_the_next_apply_ends_right_and_says_what_it_did(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, concurrency: int
) -> None:
    killed_at_each_request(tmp_path, TRANSITIONS[name], concurrency, caplog)


def kill(world: World, at: int, *accepted: str, after_effect: bool = True) -> None:
    world.switch = KillSwitch(at, after_effect=after_effect)
    with pytest.raises(Killed):
        world.apply(*accepted)
    world.switch = None


def test_a_value_that_a_killed_apply_sent_and_that_is_taken_back_is_sent_again(tmp_path: Path) -> None:
    """The record still has the digest of the old value, and the orchestrator has the new one."""
    world = World.make(tmp_path, apply={"concurrency": 1})
    with_secrets(world)
    world.apply()
    hand_in(world, 1)
    kill(world, 3)
    hand_in(world, 0)
    planned = the_plan(world.plan())
    assert [str(action.key) for action in planned.actions] == [
        "Runner/jobs", "Definition/by-env", "Definition/by-file",
    ]  # fmt: skip
    assert {field.secret for action in planned.actions for field in action.subject.fields} == {
        SecretDifference.FOREIGN_WRITE
    }
    assert world.apply().verdict is Verdict.APPLIED
    assert world.plan().verdict is Verdict.EMPTY


def test_a_value_that_is_missing_after_a_kill_is_not_taken_to_have_arrived(tmp_path: Path) -> None:
    world = World.make(tmp_path, apply={"concurrency": 1})
    with_secrets(world)
    kill(world, 1)
    world.environment.clear()
    (tmp_path / "password").unlink()
    result = world.apply()
    said = " ".join(text.render(result).split())
    assert "environment variable TOKEN is not set" in said
    hand_in(world, 0)
    planned = the_plan(world.plan())
    sent = {str(action.key): [field.note for field in action.subject.fields] for action in planned.actions}
    assert sent.pop("Runner/jobs") == [SecretDifference.CHANGED]
    assert sorted(sent) == ["Definition/by-env", "Definition/by-file"]
    assert world.apply().verdict is Verdict.APPLIED
    assert world.plan().verdict is Verdict.EMPTY


@pytest.mark.parametrize("policy", ["correct", "report"])
def test_what_a_killed_apply_deleted_was_not_deleted_by_others(tmp_path: Path, policy: str) -> None:
    """Declared again it is created, whatever the policy says about drift."""
    world = World.make(tmp_path, apply={"concurrency": 1}, policy={"default": {"drift": policy}})
    in_use(world)
    world.apply()
    world.remove("giver.yaml")
    kill(world, 1)
    world.write("giver.yaml", definition_yaml("giver", criteria="[{env_type: development, class: big}]"))
    result = world.plan()
    assert actions(result) == ["create Definition/giver"]
    assert "outside Git" not in text.render(result)


def test_what_others_delete_after_a_delete_of_ours_was_refused_is_said_to_be_theirs(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    in_use(world)
    world.apply()
    forbidden = FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, status=403, count=None, verb="DELETE")
    identifier = world.emulator.faults.add(forbidden)
    world.remove("giver.yaml")
    world.apply()
    world.emulator.faults.remove(identifier)
    world.write("giver.yaml", definition_yaml("giver", criteria="[{env_type: development, class: big}]"))
    by_hand(world, "DELETE", "/resources/defs/giver")
    assert "deleted outside Git since the last apply" in text.render(world.plan())


def test_what_others_delete_after_a_killed_delete_was_taken_back_is_said_to_be_theirs(tmp_path: Path) -> None:
    world = World.make(tmp_path, apply={"concurrency": 1})
    in_use(world)
    world.apply()
    world.remove("giver.yaml")
    kill(world, 1, after_effect=False)
    world.write("giver.yaml", definition_yaml("giver", criteria="[{env_type: development, class: big}]"))
    assert world.apply().verdict is Verdict.EMPTY
    by_hand(world, "DELETE", "/resources/defs/giver")
    assert "deleted outside Git since the last apply" in text.render(world.plan())


def test_a_secret_that_a_killed_apply_removed_leaves_no_digest(tmp_path: Path) -> None:
    """With one left, a later deletion by others would be said to come with a change of the file."""
    world = World.make(tmp_path, apply={"concurrency": 1})
    with_secrets(world)
    world.apply()
    world.write("by-env.yaml", definition_yaml("by-env"))
    kill(world, 1)
    world.apply()
    by_hand(world, "DELETE", "/resources/defs/by-env")
    said = text.render(world.plan())
    assert "deleted outside Git since the last apply" in said
    assert "its file changed since" not in said
