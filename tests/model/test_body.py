"""What an orchestrator refuses in a document although each field is valid by itself."""

import pytest

from reconciler.model.body import BodyProblem, nul_problems
from reconciler.model.body_check import body_problems
from reconciler.model.json import Json, Path
from reconciler.model.pod_template import template_problems
from reconciler.vendor import orchestrator_v2 as v2


def of_store(vault: Json, **auth: Json) -> list[BodyProblem]:
    spec: Json = {"vault": vault, "orchestrator": {"auth": auth}}
    return list(body_problems("SecretStore", {"spec": spec}))


def test_a_nul_character_is_found_in_values_and_in_names_at_any_depth() -> None:
    found = list(nul_problems({"a": "x\0", "b": [{"c\0": "d"}, 1, None, "e"], "f": {"g": ["\0"]}}))
    paths: list[Path] = [("a",), ("b", 0, "c\0"), ("f", "g", 0)]
    assert [problem.path for problem in found] == paths
    assert "name" in found[1].message


def test_a_field_of_a_store_is_text() -> None:
    assert of_store({"url": "https://vault.test", "path": None}) == []
    (found,) = of_store({"url": 8200})
    assert (found.path, found.wanted) == (("spec", "vault", "url"), "a string")


@pytest.mark.parametrize("source", [{"env": "A"}, {"file": "a"}, {"!env": "A"}, "literal"])
def test_one_source_of_a_credential_is_right_and_a_literal_is_left_to_a_rule(source: Json) -> None:
    assert of_store({}, token=source) == []


@pytest.mark.parametrize("source", [{}, {"env": "A", "file": "a"}, {"env": ""}, {"env": ["A"]}])
def test_a_credential_with_none_or_several_sources_is_refused_with_the_forms(source: Json) -> None:
    (found,) = of_store({}, token=source)
    assert found.path == ("spec", "orchestrator", "auth", "token")
    assert "!env NAME" in found.advice


def test_the_state_of_a_runner_is_kept_where_its_type_allows() -> None:
    spec: Json = {
        "runner_configuration": {"type": "serverless-ecs", "job": {}},
        "state_storage_configuration": {"type": "kubernetes"},
    }
    (found,) = body_problems("Runner", {"spec": spec})
    assert found.path == ("spec", "state_storage_configuration", "type")
    assert "for a runner of type `serverless-ecs`" in found.message


def test_variables_that_the_orchestrator_sets_are_refused_in_a_task_of_ecs() -> None:
    reserved = min(v2.RESERVED_VARIABLES)
    job: Json = {"environment": {reserved: "x", v2.SENSITIVE_VARIABLE: "x"}, "secrets": {reserved: "arn"}}
    spec: Json = {"runner_configuration": {"type": "serverless-ecs", "job": job}}
    paths = {problem.path[-2:] for problem in body_problems("Runner", {"spec": spec})}
    assert {
        ("environment", reserved),
        ("environment", v2.SENSITIVE_VARIABLE),
        ("secrets", reserved),
    } <= paths


def test_the_container_of_the_runner_has_a_name_and_leaves_reserved_variables_alone() -> None:
    runner, reserved = min(v2.RUNNER_CONTAINERS), min(v2.RESERVED_VARIABLES)
    variables: Json = [
        {"name": reserved, "value": "x"},
        {"name": v2.SENSITIVE_VARIABLE, "value": "x"},
        {"name": v2.SENSITIVE_VARIABLE, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "MINE", "value": "x"},
    ]
    containers: Json = [{"image": "x"}, {"name": ""}, {"name": runner, "env": variables}, "text"]
    found = list(template_problems({"spec": {"containers": containers}}, ()))
    at: Path = ("spec", "containers")
    assert [problem.path for problem in found if problem.is_missing] == [(*at, 0, "name")]
    assert (*at, 1, "name") in {problem.path for problem in found if problem.message == "must not be empty"}
    assert {problem.path for problem in found if problem.path[2:4] == (2, "env")} >= {
        (*at, 2, "env", 0, "name"),
        (*at, 2, "env", 1, "name"),
    }
    assert [problem.wanted for problem in found if problem.path == (*at, 3)] == ["a mapping"]
