"""The files of a cluster's folder."""

import itertools
from typing import Any

import pytest
import yaml

from reconciler.footprint.kustomization import INDEX, file_name, folder
from tests.footprint.combinations import COMBINATIONS
from tests.footprint.documents import agent, footprints


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_files_are_the_objects_in_their_order(name: str) -> None:
    found = footprints(*COMBINATIONS[name])
    files = folder(found)
    index: Any = yaml.safe_load(files[INDEX])
    assert [*index["resources"], INDEX] == list(files)
    bodies: dict[str, Any] = {file_name(body): body for one in found for body in one.objects}
    assert {file: yaml.safe_load(files[file]) for file in index["resources"]} == bodies
    kinds = [bodies[file]["kind"] for file in index["resources"]]
    assert kinds == sorted(kinds, key=list(dict.fromkeys(kinds)).index)
    assert (kinds[0], kinds[-1]) == ("Namespace", "Deployment")


def test_the_names_of_files_are_steady() -> None:
    assert list(folder(footprints(agent("{cluster: eu-1, networkPolicy: true}")))) == [
        "00-namespace-humanitec-agent.yaml",
        "40-configmap-humanitec-agent.humanitec-agent-configmap-env.yaml",
        "50-networkpolicy-humanitec-agent.humanitec-agent.yaml",
        "60-deployment-humanitec-agent.humanitec-agent.yaml",
        "kustomization.yaml",
    ]


def test_names_of_files_do_not_collide() -> None:
    names = [
        file_name({"kind": "Role", "metadata": {"namespace": space, "name": name}})
        for space, name in itertools.product(("a", "a-b"), ("c", "b-c", "b.c"))
    ]
    assert len(set(names)) == len(names)


def test_what_flux_acts_on_is_in_the_folder_too() -> None:
    text = agent("{cluster: files, delivery: flux, chartVersion: 1.2.10, privateKey: {secretName: k}}")
    assert [name.partition("-")[0] for name in folder(footprints(text))] == [
        "00",
        "70",
        "80",
        "kustomization.yaml",
    ]


def test_without_objects_there_is_no_file() -> None:
    assert folder(()) == {}
    assert folder(footprints(agent("{host: docker}"))) == {}
