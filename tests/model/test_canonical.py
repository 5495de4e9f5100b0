"""What is equal to the server is equal in canonical form."""

import pytest

from reconciler.model import canonical
from reconciler.model.json import Json, JsonObject, digest, pointer, steps
from reconciler.model.placeholder import resource_references
from reconciler.model.resource_definition import Criterion, DriverInputs, Entity
from reconciler.model.secret import Expression, Handed, Literal, Reference, Secret, Unreadable
from reconciler.model.secret_source import EnvironmentVariable, SecretFile
from tests.building import PUBLIC_KEY


def entity(**members: object) -> Entity:
    return Entity.model_validate({"name": "n", "type": "s3", "driver_type": "humanitec/echo", **members})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({}, {"provision": {}}, id="empty provision"),
        pytest.param({}, {"driver_inputs": {}}, id="empty inputs"),
        pytest.param({}, {"driver_inputs": {"values": {}, "secret_refs": {}}}, id="empty members"),
        pytest.param({}, {"driver_account": ""}, id="empty account"),
        pytest.param({}, {"in_place_driver_change": False}, id="default flag"),
        pytest.param(
            {"provision": {"ingress": {}}},
            {"provision": {"ingress": {"is_dependent": False, "params": {}}}},
            id="provision defaults",
        ),
        pytest.param({"provision": {"ingress": None}}, {"provision": {"ingress": {}}}, id="provision null"),
    ],
)
def test_what_the_server_drops_or_fills_in_is_not_a_difference(one: JsonObject, other: JsonObject) -> None:
    assert canonical.definition_document(entity(**one)) == canonical.definition_document(entity(**other))


def test_secrets_and_secret_refs_share_the_same_positions() -> None:
    as_secrets = canonical.definition_secrets(
        entity(driver_inputs={"secrets": {"a": {"b": "${context.app.id}"}, "c": "plain"}})
    )
    as_refs = canonical.definition_secrets(
        entity(
            driver_inputs={
                "secret_refs": {"a": {"b": {"value": "${context.app.id}"}}, "c": {"value": "plain"}}
            }
        )
    )
    assert as_secrets == as_refs == {"/a/b": Expression("${context.app.id}"), "/c": Literal(Secret("plain"))}


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ({"store": "s", "ref": "r"}, Reference("s", "r")),
        ({"store": "s", "ref": "r", "version": "3", "value": None}, Reference("s", "r", "3")),
        ({"store": None, "ref": None}, None),
        ({}, None),
    ],
)
def test_reference_leaves(leaf: Json, expected: object) -> None:
    found = canonical.definition_secrets(Entity(type="t", driver_type="d", driver_inputs=inputs(leaf)))
    assert found.get("/k") == expected


def inputs(leaf: Json) -> DriverInputs:
    return DriverInputs(secret_refs={"k": leaf})


def test_a_string_that_mixes_a_placeholder_with_more_counts_as_secret() -> None:
    found = canonical.definition_secrets(
        entity(driver_inputs={"secrets": {"k": "hunter2-${context.app.id}"}})
    )
    assert "hunter2" not in repr(found)


def test_criteria_are_compared_with_their_default_class() -> None:
    assert (
        Criterion(res_id="x").selector()
        == Criterion.model_validate({"res_id": "x", "class": "default"}).selector()
    )
    assert Criterion(res_id="").selector() == Criterion().selector() == ""


def test_runner_defaults_and_dropped_members() -> None:
    job: JsonObject = {"namespace": "j", "service_account": "s"}
    sent: JsonObject = {
        "type": "kubernetes-gke",
        "job": {**job, "pod_template": {}},
        "cluster": {"name": "c"},
    }
    back: JsonObject = {**sent, "cluster": {"name": "c", "internal_ip": False}}
    assert canonical.runner_configuration(sent) == canonical.runner_configuration(back)
    assert canonical.runner_configuration(sent)[0]["job"] == {**job, "pod_template": {}}
    ecs: JsonObject = {
        "type": "serverless-ecs",
        "job": {"region": "r", "environment": {}, "security_groups": []},
    }
    assert canonical.runner_configuration(ecs)[0]["job"] == {"region": "r"}


def test_runner_credentials_are_removed() -> None:
    auth: JsonObject = {"service_account_token": "hunter2", "client_key_data": "SECRET"}
    document, secrets = canonical.runner_configuration(
        {"type": "kubernetes", "cluster": {"cluster_data": {"server": "s"}, "auth": auth}}
    )
    assert document["cluster"] == {"cluster_data": {"server": "s"}}
    assert secrets == {
        "/cluster/auth/service_account_token": Literal(Secret("hunter2")),
        "/cluster/auth/client_key_data": Unreadable(),
    }


def test_credentials_of_a_runner_that_are_handed_in_keep_their_source() -> None:
    _, secrets = canonical.runner_configuration(
        {"type": "kubernetes", "cluster": {"auth": {"client_key_data": {"!env": "KEY"}}}}
    )
    assert secrets == {"/cluster/auth/client_key_data": Handed(EnvironmentVariable("KEY"))}


def test_the_identity_of_a_runner_in_a_cloud_is_no_credential() -> None:
    document, secrets = canonical.runner_configuration(
        {
            "type": "kubernetes-eks",
            "cluster": {"name": "c", "auth": {"role_arn": "arn", "session_name": None}},
        }
    )
    assert document["cluster"] == {"name": "c", "auth": {"role_arn": "arn"}}
    assert secrets == {}


def test_the_key_of_a_runner_is_compared_without_its_line_ends() -> None:
    key = PUBLIC_KEY.replace("\n", "\r\n")
    document, _ = canonical.runner_configuration({"type": "kubernetes-agent", "key": key})
    assert document["key"] == PUBLIC_KEY


@pytest.mark.parametrize("shape", [{"job": 1, "cluster": []}, {"cluster": {"auth": "x"}}])
def test_a_runner_of_an_unexpected_shape_is_passed_through(shape: JsonObject) -> None:
    assert canonical.runner_configuration({"type": "kubernetes", **shape}) == (
        {"type": "kubernetes", **shape},
        {},
    )


def test_an_empty_field_of_a_store_is_the_same_as_an_absent_one() -> None:
    given = canonical.store_document("vault", {"url": "u", "path": "", "agent_id": None}, is_primary=False)
    assert given == {"type": "vault", "primary": False, "vault": {"url": "u"}}
    assert canonical.store_document("other", {"url": "u"}, is_primary=False)["other"] == {}


def test_credentials_of_a_store_are_tags_whatever_their_spelling() -> None:
    auth: JsonObject = {"token": {"env": "A"}, "role_id": {"!file": "b"}, "secret_id": "c", "none": None}
    written, leaves = canonical.store_auth(auth)
    assert written == {"token": {"!env": "A"}, "role_id": {"!file": "b"}, "secret_id": "c"}
    assert leaves == {
        "/token": Handed(EnvironmentVariable("A")),
        "/role_id": Handed(SecretFile("b")),
        "/secret_id": Literal(Secret("c")),
    }
    assert canonical.store_auth(None) == ({}, {})


def test_secrets_are_found_in_lists_and_behind_tags() -> None:
    found = canonical.definition_secrets(
        entity(
            driver_inputs={
                "secrets": {"list": ["a", None, {"!env": "A"}]},
                "secret_refs": {"refs": [{"value": {"!env": "B"}}, {"!env": "C"}, "d", None]},
            }
        )
    )
    assert found == {
        "/list/0": Literal(Secret("a")),
        "/list/2": Handed(EnvironmentVariable("A")),
        "/refs/0": Handed(EnvironmentVariable("B")),
        "/refs/1": Handed(EnvironmentVariable("C")),
        "/refs/2": Literal(Secret("d")),
    }


def test_a_tag_in_place_of_a_leaf_is_sent_as_its_value() -> None:
    tag: JsonObject = {"!env": "A"}
    assert canonical.with_values({"a": tag, "b": [tag, {"store": "s", "ref": "r"}], "c": "text"}) == {
        "a": {"value": tag},
        "b": [{"value": tag}, {"store": "s", "ref": "r"}],
        "c": "text",
    }


def test_text_that_only_looks_like_a_key_is_left_as_it_is() -> None:
    broken = "-----BEGIN PUBLIC KEY-----\nA===\n-----END PUBLIC KEY-----\n"
    assert canonical.canonical_pem(broken) == broken


def test_keys_are_equal_whatever_their_line_ends() -> None:
    body = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    one = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----"
    assert canonical.canonical_pem(one) == canonical.canonical_pem(one.replace("\n", "\r\n") + "\n")
    assert canonical.canonical_pem("no key") == "no key"


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret!r}{secret!s}{Literal(secret)!r}"


def test_digests_do_not_depend_on_key_order() -> None:
    assert digest({"a": 1, "b": [True]}) == digest({"b": [True], "a": 1})


def test_pointers_round_trip() -> None:
    assert steps(pointer(("a/b", "c~d", 0))) == ("a/b", "c~d", "0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${resources['agent#agent'].outputs.url}", [("agent", None, "agent", ".outputs.url")]),
        ("${resources.agent.outputs.url}", [("agent", None, None, ".outputs.url")]),
        ('${resources["config.runner"].outputs.job}', [("config", "runner", None, ".outputs.job")]),
        (
            "${resources.config#tf-backend.outputs.region}",
            [("config", None, "tf-backend", ".outputs.region")],
        ),
        ("${resources['my-org/type'].values}", [("my-org/type", None, None, ".values")]),
        (r"$\{resources.agent.outputs.url}", []),
        ("${context.app.id}", []),
        ("${resources", []),
    ],
)
def test_resource_references(text: str, expected: list[tuple[str, str | None, str | None, str]]) -> None:
    """Forms seen in real definitions (v1 reference 4.11, 10.2)."""
    assert [(r.type, r.class_name, r.res_id, r.accessor) for r in resource_references(text)] == expected


def test_traversals_are_marked() -> None:
    (reference,) = resource_references("${resources['gcs.default<workload>aws-role'].outputs.arn}")
    assert reference.is_traversal
    assert reference.type == "gcs"
