"""Which files are read: YAML, and JSON that may be a document; others that look like one are noted and kept."""

import pytest

from reconciler.model.declaration import Declarations
from reconciler.model.finding import Finding
from reconciler.source.ending import as_yaml
from tests.rules.tree import declare_files

DEFINITION = b"""\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: bbb}
entity: {type: s3, driver_type: humanitec/echo}
"""
JSON = (
    b'{"apiVersion": "entity.humanitec.io/v1b1", "kind": "Definition", "metadata": {"id": "aaa"}, '
    b'"entity": {"name": "x", "type": "s3", "driver_type": "humanitec/echo"}}'
)
ACCOUNT = (
    b"apiVersion: entity.humanitec.io/v1b1\nkind: Account\nmetadata: {id: a}\nentity: {name: A, type: t}\n"
)


def declared(name: str, content: bytes) -> Declarations:
    return declare_files({name: content})


def ids(declarations: Declarations | None) -> list[str]:
    assert declarations is not None
    return [definition.document.metadata.id for definition in declarations.definitions]


@pytest.mark.parametrize("name", ["a.json", "deep/a.JSON"])
def test_a_json_document_is_read_with_its_places(name: str) -> None:
    found = declared(name, JSON)
    assert (ids(found), found.unread, found.findings) == (["aaa"], (), ())
    (wrong,) = declared(name, JSON.replace(b'"s3"', b"5")).findings
    assert (wrong.rule, wrong.origin.file, wrong.origin.line) == ("F06", name, 1)
    assert JSON[wrong.origin.column - 1 :].startswith(b'"s3"')


@pytest.mark.parametrize(
    "change",
    [
        pytest.param((b"entity.humanitec", b"entity.humanitec"), id="as it is"),
        pytest.param((b": ", b":"), id="without spaces"),
        pytest.param((b", ", b",\n\t"), id="indented by tabs"),
        pytest.param((b'"x"', b'"\\ud83d\\ude00 \\/ \\u00e9"'), id="escapes of JSON"),
        pytest.param((b"{", b"\xef\xbb\xbf{"), id="byte order mark"),
    ],
)
def test_json_is_read_however_it_is_written(change: tuple[bytes, bytes]) -> None:
    assert ids(declared("a.json", JSON.replace(*change, 1))) == ["aaa"]


def test_characters_beyond_the_first_plane_arrive_whole() -> None:
    (found,) = declared("a.json", JSON.replace(b'"x"', b'"\\ud83d\\ude00\\ud83d\\ude01"')).definitions
    assert found.document.entity.name == "\U0001f600\U0001f601"
    assert as_yaml(rb'"\\ud83d\\ude00"') == rb'"\\ud83d\\ude00"'


@pytest.mark.parametrize(
    ("content", "unread"),
    [
        (b'{"name": "package", "version": "1.0.0"}', ""),
        (b'// comments\n{"a": 1}', ""),
        (b"[" * 500, ""),
        (b"\xff\xfe", ""),
        (b'{"apiVersion": "v1", "kind": "List" ', "JSON that cannot be read"),
        (b'{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}', ""),
    ],
)
def test_json_of_other_programs_is_not_an_error(content: bytes, unread: str) -> None:
    found = declared("a.json", content)
    assert found.findings == ()
    assert [reason.partition(":")[0] for _, reason in found.unread] == ([unread] if unread else [])


@pytest.mark.parametrize("content", [JSON[:-2], JSON.replace(b"io/v1b1", b"io\\/v1b1")[:-2]])
def test_json_with_a_document_that_cannot_be_parsed_is_an_error(content: bytes) -> None:
    assert [finding.rule for finding in declared("a.json", content).findings] == ["F02"]


@pytest.mark.parametrize(
    "name", ["b.yaml.txt", "b.yaml ", "b.txt", "b", "b.yaml.bak", "b.yml~", "b.YAML.disabled", "b.json5"]
)
def test_a_document_with_another_ending_is_noted_and_kept_separately(name: str) -> None:
    found = declared(name, DEFINITION)
    assert ids(found) == []
    assert ids(found.set_aside) == ["bbb"]
    ((path, reason),) = found.unread
    assert path == name
    assert reason.startswith("looks like a document for reconciler, but its name does not end")


def test_one_that_is_not_valid_or_cannot_be_parsed_is_noted_as_well() -> None:
    found = declared("b.yaml.txt", DEFINITION.replace(b"type: s3", b"tpye: s3"))
    assert found.findings == ()
    assert found.set_aside is not None
    assert [rejected.kind for rejected in found.set_aside.rejected] == ["Definition"]
    ((_, reason),) = declared("b.yaml.tmpl", b"{{- if .x }}\n" + DEFINITION).unread
    assert reason.endswith("it cannot be parsed")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", b"# Example\n\n```yaml\n" + DEFINITION + b"```\n"),
        ("apply.sh", b"#!/bin/sh\ncat <<EOF | humctl apply -f -\n" + DEFINITION + b"EOF\n"),
        ("test.py", b'TEXT = """\n' + DEFINITION + b'"""\n'),
        ("notes.txt", b"reconciler/ and entity.humanitec.io/v1b1 are our groups\n"),
        ("other.txt", b"apiVersion: v1\nkind: ConfigMap\n"),
    ],
)
def test_texts_that_only_mention_documents_are_left_alone(name: str, content: bytes) -> None:
    found = declared(name, content)
    assert (found.unread, found.findings, found.set_aside) == ((), (), None)


def test_other_kinds_of_the_definitions_api_are_left_alone() -> None:
    found = declared(
        "a.yaml", ACCOUNT + b"---\n" + DEFINITION + b"---\n" + ACCOUNT.replace(b"Account", b"ResourceType")
    )
    assert found.findings == ()
    assert ids(found) == ["bbb"]
    assert [document.raw["kind"] for document in found.left_alone] == ["Account", "ResourceType"]


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (ACCOUNT.replace(b"Account", b"Definitoin"), "did you mean `Definition`?"),
        (ACCOUNT.replace(b"Account", b"Acount"), "did you mean `Account`?"),
        (
            ACCOUNT.replace(b"entity.humanitec.io/v1b1", b"reconciler/v1alpha1"),
            "kinds of `reconciler/v1alpha1`",
        ),
    ],
)
def test_an_unknown_kind_is_still_an_error(content: bytes, advice: str) -> None:
    (found,) = declared("a.yaml", content).findings
    assert found.rule == "F07"
    assert found.advice.startswith(advice)


def test_other_kinds_of_the_definitions_api_in_a_list_are_left_alone() -> None:
    items = b"- " + ACCOUNT.replace(b"\n", b"\n  ").rstrip() + b"\n"
    assert declared("a.yaml", items).findings == ()


def misplaced(text: bytes) -> Finding:
    (found,) = declared("a.yaml", text).findings
    return found


def test_a_field_in_the_wrong_mapping_is_reported_with_the_right_one() -> None:
    found = misplaced(DEFINITION + b"criteria: [{app_id: x}]\n")
    assert (found.rule, found.origin.line, found.advice) == ("F05", 5, "it belongs in `entity`")
    assert misplaced(DEFINITION.replace(b"type: s3", b"type: s3, id: x")).advice == "it belongs in `metadata`"
    assert misplaced(DEFINITION.replace(b"type: s3", b"type: s3, secret_refs: {}")).advice == (
        "it belongs in `entity.driver_inputs`"
    )
    # `type` alone does not say which one is meant
    assert misplaced(DEFINITION + b"typ: s3\n").advice.startswith("known fields:")
