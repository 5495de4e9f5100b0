"""Whatever the orchestrator refuses for the body alone is a finding of `validate`, at the field's place.

Each case is run through `validate`, and posted to the embedded orchestrator, which shares no code
with the client, which proves that the case is real.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from reconciler.cli.program import program
from reconciler.emulator import Choices, Emulator
from reconciler.emulator.choices import UnknownFields
from reconciler.errors import ExitCode
from reconciler.settings import Limits
from reconciler.source.yaml_text import parse_yaml
from tests.scenarios.refused_bodies import CASES, GOOD, Document, Refused, rsa

FILE = "0.yaml"
COLLECTIONS = {
    "Runner": "/orgs/acme/runners",
    "Definition": "/orgs/acme/resources/defs",
    "Agent": "/orgs/acme/agents",
    "SecretStore": "/orgs/acme/secretstores",
    "Key": "/orgs/acme/agents",
}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer practice"}
    with (
        Emulator(organizations=["acme"], choices=Choices(unknown_fields=UnknownFields.REFUSE)) as emulator,
        httpx.Client(transport=emulator.transport(), base_url="http://emulator", headers=headers) as made,
    ):
        yield made


def body(document: Document) -> Any:
    """The body that is sent for the document."""
    name, spec = document["metadata"]["id"], document.get("spec", {})
    match document["kind"]:
        case "Definition":
            return {"id": name, **document["entity"]}
        case "Agent":
            return {"id": name, "public_key": rsa(4096), **spec}
        case "Key":
            return {"id": spec["for"]["agent"], "public_key": spec["publicKey"]}
        case "SecretStore":
            blocks = {key: value for key, value in spec.items() if key != "orchestrator"}
            registration = dict(spec["orchestrator"])
            if "auth" in registration:
                blocks = {key: {**value, "auth": registration["auth"]} for key, value in blocks.items()}
            return {"id": name, "primary": registration["primary"], **blocks}
        case _:
            return {"id": name, **spec}


def validated(folder: Path, document: Document) -> tuple[int, list[dict[str, Any]]]:
    # JSON is YAML; one line for each member makes the places of fields distinct
    (folder / FILE).write_text(json.dumps(document, indent=1))
    result = CliRunner().invoke(
        program, ["-C", str(folder), "validate", "-o", "json"], prog_name="reconciler"
    )
    return result.exit_code, json.loads(result.stdout)["findings"]


def places(document: Document, path: tuple[str | int, ...]) -> set[tuple[int, int]]:
    """Places of the field's key and value, or of the mapping that lacks it."""
    (parsed,) = parse_yaml(json.dumps(document, indent=1).encode(), FILE, Limits()).documents
    origins = (parsed.positions.origin(parsed.value, path), parsed.positions.key_origin(parsed.value, path))
    return {(origin.line, origin.column) for origin in origins}


@pytest.mark.parametrize("name", GOOD)
def test_a_valid_document_has_no_finding_and_is_accepted(
    client: httpx.Client, tmp_path: Path, name: str
) -> None:
    code, findings = validated(tmp_path, GOOD[name])
    assert code == ExitCode.DONE, findings
    assert client.post(COLLECTIONS[GOOD[name]["kind"]], json=body(GOOD[name])).is_success


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_the_orchestrator_refuses_is_an_error_at_its_field(
    client: httpx.Client, tmp_path: Path, case: Refused
) -> None:
    document = case.document()
    answer = client.post(COLLECTIONS[document["kind"]], json=body(document))
    assert answer.status_code in (400, 422), answer.text
    code, findings = validated(tmp_path, document)
    assert code == ExitCode.INVALID, findings
    errors = [finding for finding in findings if finding["severity"] == "error"]
    assert len(errors) == case.errors, errors
    place = errors[0]
    assert (place["line"], place["column"]) in places(document, case.field), (errors, case.field)
