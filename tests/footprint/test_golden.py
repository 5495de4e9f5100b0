"""Footprints as files, and the laws that hold for all of them.

`python -m tests.footprint.golden_files` writes the files of `golden/`; read what changes.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.model.json import JsonObject
from reconciler.model.kind import FACTS
from reconciler.model.kubernetes_object import (
    INSTALLATION_ANNOTATION,
    INSTANCE_LABEL,
    key_of,
    kind_of,
    text_of,
)
from reconciler.model.place import cluster
from reconciler.vendor.quantity import canonical
from tests.control_plane.plane import ControlPlane
from tests.footprint.combinations import COMBINATIONS
from tests.footprint.documents import footprints
from tests.footprint.golden_files import GOLDEN, golden_files

PLURALS = {kind: facts.resource for kind, facts in FACTS.items()}


def objects(name: str) -> list[JsonObject]:
    return [body for one in footprints(*COMBINATIONS[name]) for body in one.objects]


def walk(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from walk(inner)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_footprint_is_that_of_its_file(name: str) -> None:
    assert all(one.refusal == "" for one in footprints(*COMBINATIONS[name]))
    assert golden_files()[f"{name}.json"] == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


def test_every_file_belongs_to_a_combination() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == set(golden_files())


@pytest.mark.parametrize("name", COMBINATIONS)
def test_every_object_is_known_named_and_owned(name: str) -> None:
    found = objects(name)
    keys = [key_of(body, cluster("x")) for body in found]
    for body in found:
        assert text_of(body, "labels", INSTANCE_LABEL) == "prod"
        assert text_of(body, "labels", "app.kubernetes.io/managed-by") == "reconciler"
        is_namespace = body["kind"] == "Namespace"
        assert bool(text_of(body, "annotations", INSTALLATION_ANNOTATION)) is not is_namespace
    own = [key for key, body in zip(keys, found, strict=True) if body["kind"] != "Namespace"]
    assert len(own) == len(set(own))


@pytest.mark.parametrize("name", COMBINATIONS)
def test_namespaces_come_before_what_is_in_them(name: str) -> None:
    made: set[str] = set()
    for body in objects(name):
        metadata = body["metadata"]
        assert isinstance(metadata, dict)
        if body["kind"] == "Namespace":
            made.add(str(metadata["name"]))
        else:
            assert metadata["namespace"] in made


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_footprint_contains_no_secret_no_null_and_only_canonical_amounts(name: str) -> None:
    for value in walk(objects(name)):
        assert value is not None
        assert "PRIVATE KEY-----" not in str(value)
        if isinstance(value, dict):
            assert value.get("kind") != "Secret"
            for members in (value.get("requests"), value.get("limits")):
                assert all(canonical(amount) == amount for amount in (members or {}).values())


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_workload_is_the_deployment_and_selects_its_pods(name: str) -> None:
    for one in footprints(*COMBINATIONS[name]):
        workload = one.workload
        assert workload is not None
        (deployment,) = (body for body in one.objects if body["kind"] == "Deployment")
        spec: Any = deployment["spec"]
        assert (workload.namespace, workload.name) == (
            deployment["metadata"]["namespace"],  # type: ignore[index, call-overload]  # an object
            deployment["metadata"]["name"],  # type: ignore[index, call-overload]  # an object
        )
        assert spec["selector"]["matchLabels"] == workload.selector
        assert workload.selector.items() <= spec["template"]["metadata"]["labels"].items()
        assert [c["name"] for c in spec["template"]["spec"]["containers"]] == [workload.container]
        assert {secret.namespace for secret in one.secrets} == {workload.namespace}


@pytest.mark.xdist_group("control_plane")
@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_real_api_server_accepts_every_field(name: str, control_plane: ControlPlane) -> None:
    """Server-side apply with strict validation returns every field as it was sent: nothing to compare differs.

    Every namespace has the label that warns of pods that the Pod Security Standard `restricted` refuses.
    """
    for sent in objects(name):
        body = json.loads(json.dumps(sent).replace('"jobs"', f'"jobs-{name}"'))
        metadata = body["metadata"]
        kind = kind_of(body)
        assert kind is not None
        renamed = f"{metadata.get('namespace', '')}-{name}"[:63].strip("-")
        if body["kind"] == "Namespace":
            metadata["name"] = f"{metadata['name']}-{name}"[:63].strip("-")
            metadata["labels"]["pod-security.kubernetes.io/warn"] = "restricted"
        else:
            metadata["namespace"] = renamed
        api = "api" if body["apiVersion"] == "v1" else "apis"
        space = f"/namespaces/{renamed}" if FACTS[kind].is_namespaced else ""
        answer = control_plane.client.patch(
            f"/{api}/{body['apiVersion']}{space}/{PLURALS[kind]}/{metadata['name']}",
            params={"fieldManager": "reconciler", "fieldValidation": "Strict"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            content=json.dumps(body),
        )
        assert answer.is_success, answer.text
        assert contains(answer.json(), body)
        assert "Warning" not in answer.headers


def contains(live: Any, sent: Any) -> bool:
    """Whether everything that was sent is in what is live, with the same values."""
    if isinstance(sent, dict):
        return isinstance(live, dict) and all(contains(live.get(name), value) for name, value in sent.items())
    if isinstance(sent, list):
        return isinstance(live, list) and len(live) == len(sent) and all(map(contains, live, sent))
    return bool(live == sent)
