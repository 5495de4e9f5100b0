"""Installations on a cluster whose objects are files, for a GitOps tool to apply."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.model.json import JsonObject
from reconciler.model.place import Realm
from reconciler.passes.result import PassResult, TargetResult, Verdict
from reconciler.plan.action import Status, TargetPlan
from reconciler.settings import Settings
from reconciler.views.json import render as as_json
from reconciler.views.markdown import render as as_markdown
from reconciler.views.text import render as as_text
from reconciler.views.written import written_fields
from tests.scenarios.world import World, agent_public_key, key_yaml

DIRECTORY: dict[str, Any] = {"clusters": {"eu-1": {"directory": "rendered/eu-1"}}}
NAMES = ("Namespace/humanitec-agent", "ConfigMap/humanitec-agent/humanitec-agent-configmap-env")
CONFIG_FILE = "40-configmap-humanitec-agent.humanitec-agent-configmap-env.yaml"
WORKLOAD_FILE = "60-deployment-humanitec-agent.humanitec-agent.yaml"
WORKLOAD = "Deployment/humanitec-agent/humanitec-agent"


def agent(install: str = "{cluster: eu-1}", identifier: str = "eu-1") -> str:
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: {identifier}}}\nspec:\n"
        f"  description: an agent\n  install: {install}\n"
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World.make(tmp_path, **DIRECTORY)
    made.write("agent.yaml", agent())
    made.write("key.yaml", key_yaml("k", "eu-1", agent_public_key()))
    return made


def of_cluster(result: PassResult) -> TargetResult:
    (found,) = [one for one in result.targets if one.realm is Realm.CLUSTER]
    assert not found.error, found.error
    return found


def plan_of(result: PassResult) -> TargetPlan:
    assert not result.errors, result.errors
    found = of_cluster(result).plan
    assert found is not None
    assert not found.problems, found.problems
    return found


def actions(result: PassResult) -> list[str]:
    return [f"{action.verb} {action.key}" for action in plan_of(result).actions]


def folder(world: World) -> Path:
    return world.root / "rendered" / "eu-1"


def files(world: World) -> dict[str, str]:
    return {
        str(path.relative_to(folder(world))): path.read_text()
        for path in sorted(folder(world).rglob("*"))
        if path.is_file()
    }


def document(world: World, name: str) -> JsonObject:
    found: JsonObject = yaml.safe_load((folder(world) / name).read_text())
    return found


def test_a_declared_agent_becomes_files_after_its_registration(world: World) -> None:
    result = world.apply()
    assert result.verdict is Verdict.APPLIED
    assert [f"{o.action.verb} {o.action.key}" for o in of_cluster(result).outcomes] == [
        *(f"create {name}" for name in NAMES),
        f"create {WORKLOAD}",
    ]
    assert sorted(files(world)) == [
        ".reconciler.json",
        "00-namespace-humanitec-agent.yaml",
        CONFIG_FILE,
        WORKLOAD_FILE,
        "kustomization.yaml",
    ]
    data = document(world, CONFIG_FILE)["data"]
    assert data == {"ORGS": "acme"}


def every_view(result: PassResult) -> str:
    logged = " ".join(map(str, written_fields(result)))
    return as_text(result) + as_json(result) + as_markdown(result) + logged


def test_what_somebody_added_to_a_file_is_in_no_view(world: World) -> None:
    world.apply()
    path = folder(world) / CONFIG_FILE
    path.write_text(path.read_text().replace("ORGS: acme", "ORGS: acme\n  TOKEN: canary"))
    updated = world.plan()
    assert actions(updated) == [f"update {NAMES[1]}"]
    world.remove("agent.yaml")
    deleted = world.plan()
    assert f"delete {NAMES[1]}" in actions(deleted)
    for result in (updated, deleted):
        assert "data.TOKEN" in every_view(result)
        assert "canary" not in every_view(result)


def test_a_misspelt_cluster_is_reported_and_gets_nothing(world: World) -> None:
    world.write("agent.yaml", agent("{cluster: eu1}"))
    result = world.plan()
    (found,) = [finding for finding in result.all_findings if finding.rule == "F16"]
    assert "did you mean `eu-1`?" in found.advice
    assert actions(result) == []


def test_the_next_plan_is_empty_and_writes_nothing(world: World) -> None:
    world.apply()
    before = files(world)
    result = world.plan()
    assert result.verdict is Verdict.EMPTY
    assert actions(result) == []
    assert files(world) == before


def test_a_plan_writes_nothing(world: World) -> None:
    assert actions(world.plan()) == [*(f"create {name}" for name in NAMES), f"create {WORKLOAD}"]
    assert not folder(world).exists()


def test_a_changed_document_updates_its_file_alone(world: World) -> None:
    world.apply()
    before = files(world)
    world.write("agent.yaml", agent("{cluster: eu-1, replicas: 2}"))
    planned = world.plan()
    assert actions(planned) == [f"update {WORKLOAD}"]
    (change,) = [action.subject for action in plan_of(planned).actions]
    assert [(field.path, field.after) for field in change.fields] == [(("spec", "replicas"), 2)]
    assert not change.is_drift
    assert world.apply().verdict is Verdict.APPLIED
    changed = {name for name, text in files(world).items() if before[name] != text}
    assert changed == {".reconciler.json", WORKLOAD_FILE}


def test_a_file_changed_by_hand_is_drift_and_corrected(world: World) -> None:
    world.apply()
    before = files(world)
    path = folder(world) / CONFIG_FILE
    path.write_text(path.read_text().replace("acme", "other"))
    planned = world.plan()
    assert actions(planned) == [f"update {NAMES[1]}"]
    assert [action.subject.is_drift for action in plan_of(planned).actions] == [True]
    world.apply()
    assert files(world) == before


def test_a_removed_installation_is_pruned_in_reverse_order_once_it_is_approved(world: World) -> None:
    world.apply()
    world.write("agent.yaml", agent().replace("  install: {cluster: eu-1}\n", ""))
    refused = world.apply()
    refusals = plan_of(refused).refusals
    assert [one.guard for one in refusals] == ["empty-tree", "uninstall"]
    assert len(files(world)) == 5
    result = world.apply(*(value for one in refusals for value in one.approvals))
    assert [
        f"{o.action.verb} {o.action.key}" for o in of_cluster(result).outcomes if o.status is Status.DONE
    ] == [
        f"delete {WORKLOAD}",
        f"delete {NAMES[1]}",
        f"delete {NAMES[0]}",
    ]
    assert sorted(files(world)) == [".reconciler.json", "kustomization.yaml"]


def test_a_file_that_others_put_there_is_left_alone(world: World) -> None:
    theirs = folder(world) / CONFIG_FILE
    theirs.parent.mkdir(parents=True)
    theirs.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {ORGS: theirs}\n")
    result = world.apply()
    assert theirs.read_text().count("theirs") == 1
    assert [str(change.key) for change in plan_of(result).contested] == [NAMES[1]]


def test_rendered_files_are_no_documents(world: World) -> None:
    world.apply()
    result = world.plan()
    assert not [one for one in result.findings if one.origin.file.startswith("rendered")]
    assert result.source.file_count == 2


def test_an_error_in_the_files_of_the_target_leaves_the_cluster_as_it_is(world: World) -> None:
    world.apply()
    before = files(world)
    world.write("agent.yaml", agent("{cluster: eu-1, replicas: 2}"))
    world.write("broken.yaml", "apiVersion: reconciler/v1alpha1\nkind: Agent\nspec: [\n")
    world.apply()
    assert files(world) == before


def test_the_cluster_has_a_heading_of_its_own(world: World) -> None:
    text = as_text(world.plan())
    assert "Cluster eu-1" in text
    assert "+ 3 objects of Agent/eu-1" in text
    comment = as_markdown(world.plan())
    assert "create 3 objects of Agent/eu-1" in comment
    assert "has: " not in comment.partition("3 names")[0].rpartition("create 3 objects")[2]


def test_a_saved_plan_is_carried_out_and_is_stale_once_the_cluster_changed(world: World) -> None:
    result, saved = world.plan_and_save()
    assert saved is not None
    assert f"cluster:eu-1: create {WORKLOAD}" in saved.summary
    assert world.apply(bound=saved).verdict is Verdict.APPLIED
    world.write("agent.yaml", agent("{cluster: eu-1, replicas: 2}"))
    result, saved = world.plan_and_save()
    assert saved is not None, result
    path = folder(world) / CONFIG_FILE
    path.write_text(path.read_text().replace("acme", "other"))
    stale = world.apply(bound=saved)
    assert stale.verdict is Verdict.STALE
    assert "the live state of target cluster:eu-1" in stale.changed
    assert "replicas" not in files(world)[WORKLOAD_FILE]


def test_a_preview_shows_only_what_the_change_does_to_a_cluster(world: World, tmp_path: Path) -> None:
    world.apply()
    path = folder(world) / CONFIG_FILE
    path.write_text(path.read_text().replace("acme", "other"))
    base = tmp_path / "base"
    shutil.copytree(world.root, base, ignore=shutil.ignore_patterns("rendered"))
    world.write("agent.yaml", agent("{cluster: eu-1, replicas: 2}"))
    result = world.plan(base=base)
    assert result.preview is not None
    (own,) = [plan for plan in result.preview.own if plan.realm is Realm.CLUSTER]
    assert [f"{action.verb} {action.key}" for action in own.actions] == [f"update {WORKLOAD}"]
    assert result.preview.existing_count == 1


def test_one_object_of_a_cluster_can_be_selected(world: World) -> None:
    result = world.plan(only=frozenset(("ConfigMap/humanitec-agent/*",)))
    assert actions(result) == [f"create {NAMES[0]}", f"create {NAMES[1]}"]


def test_a_cluster_is_selected_by_its_name(world: World) -> None:
    world.apply()
    world.write("agent.yaml", agent("{cluster: eu-1, replicas: 2}"))
    result = world.apply(targets=frozenset(("cluster:eu-1",)))
    assert [one.target for one in result.targets] == ["cluster:eu-1"]
    assert result.verdict is Verdict.APPLIED
    world.write("agent.yaml", agent("{cluster: eu-1, replicas: 3}"))
    assert [one.target for one in world.apply(targets=frozenset(("acme",))).targets] == ["acme"]


def test_policy_and_protection_hold_for_clusters_too(world: World) -> None:
    world.apply()
    world.settings = Settings.model_validate(
        {
            **world.settings.model_dump(by_alias=True, exclude_unset=True),
            "policy": {"default": {"prune": "never"}},
        }
    )
    world.write("agent.yaml", agent().replace("  install: {cluster: eu-1}\n", ""))
    assert [str(change.key) for change in plan_of(world.plan()).kept] == [NAMES[1], WORKLOAD, NAMES[0]]


def test_equal_files_that_are_in_no_record_are_taken_over_before_they_count_as_kept(world: World) -> None:
    world.apply()
    before = files(world)
    (folder(world) / ".reconciler.json").unlink()
    assert len(actions(world.plan())) == 3
    assert world.apply().verdict is Verdict.APPLIED
    assert files(world) == before
    assert actions(world.plan()) == []
