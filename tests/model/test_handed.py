"""What a file contains in place of a secret."""

import pytest

from reconciler.model.canonical import definition_secrets, with_values
from reconciler.model.desired import handed_in
from reconciler.model.handed import (
    filled_in,
    is_tagged,
    nothing_at_hand,
    source_of,
    tagged_values,
    wrong_with,
)
from reconciler.model.json import Json, JsonObject
from reconciler.model.resource_definition import Entity
from reconciler.model.secret import Expression, Handed, Literal, Reference, Secret
from reconciler.model.secret_source import (
    ClusterSecret,
    EnvironmentVariable,
    NotAtHand,
    SecretFile,
    Source,
)
from tests.building import definition, state

ENV: JsonObject = {"!env": "DB_PASSWORD"}
FILE: JsonObject = {"!file": "../secrets/db"}
IN_CLUSTER: JsonObject = {
    "!secret": {"cluster": "eu-1", "namespace": "db", "name": "login", "key": "password"}
}


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (ENV, EnvironmentVariable("DB_PASSWORD")),
        (FILE, SecretFile("../secrets/db")),
        (IN_CLUSTER, ClusterSecret("eu-1", "db", "login", "password")),
    ],
)
def test_a_tag_names_where_the_value_comes_from(value: JsonObject, source: Source) -> None:
    assert is_tagged(value)
    assert wrong_with(value) == ""
    assert source_of(value) == source


@pytest.mark.parametrize(
    "value",
    [
        {"!env": "NOT-A-NAME"},
        {"!env": "1ST"},
        {"!env": ""},
        {"!env": 5},
        {"!env": ["A"]},
        {"!file": ""},
        {"!file": "a\nb"},
        {"!file": {}},
        {"!secret": "login"},
        {"!secret": {"cluster": "eu-1"}},
        {"!secret": {"cluster": "eu-1", "namespace": "db", "name": "login", "key": ""}},
        {"!secret": {"cluster": "eu-1", "namespace": "db", "name": "login", "key": "k", "more": "x"}},
    ],
)
def test_a_malformed_tag_is_reported_and_names_nothing(value: JsonObject) -> None:
    assert is_tagged(value)
    assert wrong_with(value)
    assert source_of(value) is None


@pytest.mark.parametrize("value", [None, "!env X", {}, {"env": "X"}, {"!env": "X", "more": "y"}, ["!env"]])
def test_everything_else_is_not_a_tag(value: Json) -> None:
    assert not is_tagged(value)
    assert source_of(value) is None


def test_tags_are_found_wherever_they_are() -> None:
    document: JsonObject = {"a": [1, ENV], "b": {"c": FILE}, "d": "x"}
    assert list(tagged_values(document)) == [(("a", 1), ENV), (("b", "c"), FILE)]
    assert filled_in(document, str) == {
        "a": [1, "environment variable DB_PASSWORD"],
        "b": {"c": "file ../secrets/db"},
        "d": "x",
    }


def entity(**inputs: object) -> Entity:
    return Entity.model_validate(
        {"name": "n", "type": "s3", "driver_type": "humanitec/echo", "driver_inputs": inputs}
    )


def test_tags_replace_secrets_in_every_secret_position_of_a_definition() -> None:
    assert definition_secrets(entity(secrets={"a": ENV, "b": {"c": [FILE]}})) == {
        "/a": Handed(EnvironmentVariable("DB_PASSWORD")),
        "/b/c/0": Handed(SecretFile("../secrets/db")),
    }
    references = {"a": ENV, "b": {"value": FILE}, "c": {"store": "s", "ref": "r"}, "d": {"value": "${x}"}}
    assert definition_secrets(entity(secret_refs=references)) == {
        "/a": Handed(EnvironmentVariable("DB_PASSWORD")),
        "/b": Handed(SecretFile("../secrets/db")),
        "/c": Reference("s", "r"),
        "/d": Expression("${x}"),
    }
    assert with_values({"a": ENV, "b": {"value": FILE}, "c": [{"d": ENV}]}) == {
        "a": {"value": ENV},
        "b": {"value": FILE},
        "c": [{"d": {"value": ENV}}],
    }


def test_values_replace_tags_in_what_is_sent() -> None:
    leaves = {"/a": Handed(EnvironmentVariable("A")), "/b": Handed(EnvironmentVariable("B"))}
    payload = Secret({"secrets": {"a": {"!env": "A"}, "b": {"!env": "B"}}})
    bare = definition("db", secrets=leaves)
    bare = type(bare)(bare.key, bare.document, secrets=leaves, payload=payload)
    whole = handed_in(state(bare), lambda source: Secret(f"value of {source}")).resources[bare.key]
    assert whole.secrets["/a"] == Literal(
        Secret("value of environment variable A"), source=EnvironmentVariable("A")
    )
    assert whole.payload == Secret(
        {"secrets": {"a": "value of environment variable A", "b": "value of environment variable B"}}
    )
    assert "value of" not in repr(whole)


def test_an_object_that_lacks_one_value_cannot_be_sent() -> None:
    def only_a(source: Source) -> Secret | NotAtHand:
        return Secret("x") if source == EnvironmentVariable("A") else NotAtHand("B is not set")

    leaves = {"/a": Handed(EnvironmentVariable("A")), "/b": Handed(EnvironmentVariable("B"))}
    bare = definition("db", secrets=leaves)
    found = handed_in(state(bare), only_a).resources[bare.key]
    assert isinstance(found.secrets["/a"], Literal)
    assert found.secrets["/b"] == Handed(EnvironmentVariable("B"), "B is not set")
    assert found.payload is None


def test_a_pass_without_values_says_so() -> None:
    assert nothing_at_hand(EnvironmentVariable("A")).reason == "environment variable A is not looked up here"
