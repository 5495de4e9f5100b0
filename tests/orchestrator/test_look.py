"""What reading live state may claim: completeness only if everything was read, absence only if it is proven."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.errors import OrchestratorError, UnauthorizedError, UnavailableError
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.orchestrator.client import Endpoint, Hints, Orchestrator
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import agent, definition, key, key_of, rule, runner

V1 = {Kind.AGENT, Kind.KEY, Kind.DEFINITION, Kind.CRITERION}
V2 = {Kind.RUNNER, Kind.RUNNER_RULE}


def test_an_empty_organization_that_exists_is_complete(orchestrator: Orchestrator) -> None:
    found = orchestrator.look(Hints())
    assert found.state.complete == V1 | V2
    assert [key for key, resource in found.state.resources.items() if not resource.is_built_in] == []
    assert found.failures == {}
    assert found.unproven == frozenset()


def test_only_configured_apis_are_read(connect: Connect) -> None:
    assert connect(v2=None).look(Hints()).state.complete == V1
    assert connect(v1=None).look(Hints()).state.complete == V2


def test_an_unknown_organization_is_a_failure_in_v1_and_unproven_in_v2(connect: Connect) -> None:
    """v2 answers with an empty list for it, which must never be mistaken for an empty organization."""
    found = connect(place=organization("typo")).look(Hints())
    assert found.state.complete == frozenset()
    assert set(found.failures) == {Kind.AGENT, Kind.KEY, Kind.DEFINITION}
    assert "organization typo is not known" in str(found.failures[Kind.DEFINITION])
    assert found.unproven == V2


def test_a_missing_proof_is_not_a_failure(connect: Connect) -> None:
    found = connect(place=organization("typo"), v1=None).look(Hints())
    assert found.failures == {}
    assert found.unproven == V2


def test_a_proof_that_could_not_be_read_is_a_failure(emulator: Emulator, connect: Connect) -> None:
    emulator.faults.add(FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, path="env-types", count=None))
    found = connect(v1=None).look(Hints())
    assert found.state.complete == frozenset()
    assert set(found.failures) == V2


def test_a_runner_proves_the_organization_without_further_requests(
    emulator: Emulator, connect: Connect
) -> None:
    client = connect(v1=None)
    client.create(runner())
    emulator.log.clear()
    assert client.look(Hints()).state.complete == V2
    assert [entry.path for entry in emulator.log.entries() if "env-types" in entry.path] == []


LISTS = {
    "/resources/defs": {Kind.DEFINITION},
    "/agents$": {Kind.AGENT, Kind.KEY},
    "/keys$": {Kind.KEY},
    "/runners$": {Kind.RUNNER},
    "/runners/r1$": {Kind.RUNNER},
    "/runner-rules$": {Kind.RUNNER_RULE},
}


@pytest.mark.parametrize(("path", "kinds"), LISTS.items())
@pytest.mark.parametrize("fault", [FaultKind.ERROR_BEFORE_EFFECT, FaultKind.TRUNCATED_BODY])
def test_a_list_that_failed_is_not_evidence_and_does_not_affect_the_others(
    emulator: Emulator, orchestrator: Orchestrator, path: str, kinds: set[Kind], fault: FaultKind
) -> None:
    populate(orchestrator)
    emulator.faults.add(FaultRule(kind=fault, path=path, count=None))
    found = orchestrator.look(Hints(agents=frozenset({"eu-1"})))
    assert set(found.failures) == kinds
    assert found.state.complete == (V1 | V2) - kinds - (
        {Kind.CRITERION} if Kind.DEFINITION in kinds else set()
    )
    assert all(isinstance(error, UnavailableError) for error in found.failures.values())


def test_a_refused_token_fails_every_kind(connect: Connect) -> None:
    refusal = httpx.Response(401, json={"error": "x", "message": "Unauthorized"})
    found = connect(transport=httpx.MockTransport(lambda _: refusal)).look(Hints())
    assert found.state.complete == frozenset()
    assert {type(error) for error in found.failures.values()} == {UnauthorizedError}


def test_keys_are_read_only_of_agents_that_matter(emulator: Emulator, orchestrator: Orchestrator) -> None:
    orchestrator.create(agent("eu-1"), first_key=key("eu-1", 1))
    orchestrator.create(agent("us-1"), first_key=key("us-1", 2))
    emulator.log.clear()
    found = orchestrator.look(Hints(agents=frozenset({"us-1", "gone"})))
    assert [resource.key for resource in found.state.of(Kind.KEY)] == [key("us-1", 2).key]
    assert [entry.path for entry in emulator.log.entries() if entry.path.endswith("/keys")] == [
        "/orgs/acme/agents/us-1/keys"
    ]


def test_a_runner_with_an_unchanged_time_stamp_is_not_read(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    first, second = orchestrator.create(runner("r1")), orchestrator.create(runner("r2"))
    hints = Hints(runners={"r1": (first.updated_at, first), "r2": (second.updated_at, second)})
    emulator.clock.advance(seconds=60)
    changed = orchestrator.update(second, runner("r2", description="new"), secrets_changed=False)
    emulator.log.clear()
    found = orchestrator.look(hints)
    assert found.state.of(Kind.RUNNER) == [first, changed]
    assert [entry.path for entry in emulator.log.entries() if "/runners/" in entry.path] == [
        "/orgs/acme/runners/r2"
    ]


def test_a_hint_without_a_time_stamp_is_ignored(orchestrator: Orchestrator) -> None:
    live = orchestrator.create(runner())
    invented = replace(live, document={**live.document, "description": "invented"}, updated_at="")
    found = orchestrator.look(Hints(runners={"r1": ("", invented)}))
    assert found.state.of(Kind.RUNNER) == [live]


def test_a_runner_deleted_between_list_and_read_is_absent(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    orchestrator.create(runner("r1"))
    gone = orchestrator.create(runner("r2"))
    emulator.faults.add(FaultRule(kind=FaultKind.STALE_LIST, path="/runners$", count=1))
    orchestrator.delete(gone)
    found = orchestrator.look(Hints())
    assert [resource.key.id for resource in found.state.of(Kind.RUNNER)] == ["r1"]
    assert Kind.RUNNER in found.state.complete


def test_a_runner_that_stays_in_the_list_and_cannot_be_read_is_not_absent(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    gone = orchestrator.create(runner("r1"))
    emulator.faults.add(FaultRule(kind=FaultKind.STALE_LIST, path="/runners$", count=None))
    orchestrator.delete(gone)
    found = orchestrator.look(Hints())
    assert Kind.RUNNER not in found.state.complete


def test_reading_an_unchanged_organization_needs_few_requests(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    """One list for any number of definitions; only the pages of the list for runners that did not change."""
    emulator.seed({"organization": "acme", "generate": {"definitions": 550, "runners": 250}})
    first = orchestrator.look(Hints())
    hints = Hints(
        runners={live.key.id: (live.updated_at, live) for live in first.state.of(Kind.RUNNER)},
    )
    emulator.log.clear()
    second = orchestrator.look(hints)
    assert second == first
    assert len(second.state.of(Kind.RUNNER)) == 250
    assert len(emulator.log.entries()) == 1 + 1 + 3 + 1


def test_built_in_definitions_are_marked_and_deleted_ones_left_out(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    gone = orchestrator.create(definition())
    orchestrator.delete(gone)
    found = orchestrator.look(Hints())
    assert gone.key not in found.state.resources
    assert all(resource.is_built_in for resource in found.state.of(Kind.DEFINITION))


def deleted_definition(request: httpx.Request) -> httpx.Response:
    body = {"id": "orders", "type": "s3", "driver_type": "x", "is_deleted": True}
    return httpx.Response(200, json=[body] if request.url.path.endswith("/defs") else body)


def test_a_definition_kept_for_history_is_absent(connect: Connect) -> None:
    client = connect(v2=None, transport=httpx.MockTransport(deleted_definition))
    assert client.get(definition().key) is None


def pages_of(pages: dict[str, dict[str, Any]]) -> httpx.MockTransport:
    """Answers for runners by page marker; other lists are empty."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/runners"):
            return httpx.Response(200, json=pages[request.url.params.get("page", "")])
        return httpx.Response(200, json={"items": []})

    return httpx.MockTransport(answer)


ENDLESS = {
    "a page that names itself": {"": {"items": [], "next_page_token": "a"}, "a": {"next_page_token": "a"}},
    "pages in a circle": {
        "": {"items": [], "next_page_token": "a"},
        "a": {"items": [], "next_page_token": "b"},
        "b": {"items": [], "next_page_token": "a"},
    },
    "no items": {"": {}},
    "items of no shape": {"": {"items": [5]}},
    "a runner without an id": {"": {"items": [{"updated_at": "x"}]}},
    "a marker that is no text": {"": {"items": [], "next_page_token": 5}},
}


@pytest.mark.parametrize("pages", ENDLESS.values(), ids=ENDLESS)
def test_a_list_that_is_not_read_to_the_end_is_incomplete(
    connect: Connect, pages: dict[str, dict[str, Any]]
) -> None:
    pages = {marker: {"items": [], **page} if marker == "a" else page for marker, page in pages.items()}
    found = connect(v1=None, transport=pages_of(pages)).look(Hints())
    assert Kind.RUNNER not in found.state.complete
    assert isinstance(found.failures[Kind.RUNNER], OrchestratorError)


def test_a_list_of_endless_pages_is_abandoned(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.orchestrator.paging._MOST_PAGES", 7)
    asked: list[str] = []

    def another_page(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/runners"):
            return httpx.Response(200, json={"items": []})
        asked.append(request.url.params.get("page", ""))
        return httpx.Response(200, json={"items": [], "next_page_token": str(len(asked))})

    found = connect(v1=None, transport=httpx.MockTransport(another_page)).look(Hints())
    assert Kind.RUNNER not in found.state.complete
    assert str(found.failures[Kind.RUNNER]).endswith("the list does not end after 7 pages")
    assert len(asked) == 7


def test_a_list_that_names_an_object_twice_is_incomplete(connect: Connect) -> None:
    body = {"id": "orders", "type": "s3", "driver_type": "x"}
    answers = {"/orgs/acme/agents": [], "/orgs/acme/resources/defs": [body, body]}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answers[request.url.path]))
    found = connect(v2=None, transport=transport).look(Hints())
    assert "twice" in str(found.failures[Kind.DEFINITION])
    assert found.state.complete == {Kind.AGENT, Kind.KEY}


RULE = {"id": "i1", "runner_id": "r1", "project_id": "", "env_type_id": None}


@pytest.mark.parametrize(
    ("items", "words"),
    [([RULE, {**RULE, "id": "i2"}], "RunnerRule/*/* twice"), ([{"runner_id": "r1"}], "`id`: missing")],
)
def test_an_implausible_list_of_rules_is_incomplete(
    connect: Connect, items: list[dict[str, Any]], words: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"items": items if request.url.path.endswith("rules") else []})

    found = connect(v1=None, transport=httpx.MockTransport(answer)).look(Hints())
    assert words in str(found.failures[Kind.RUNNER_RULE])
    assert Kind.RUNNER_RULE not in found.state.complete


def test_bugs_are_raised_and_not_reported_as_failures_of_the_api(connect: Connect) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise AssertionError("a bug")

    with pytest.raises(AssertionError, match="a bug"):
        connect(transport=httpx.MockTransport(broken)).look(Hints())


def test_a_local_v2_without_a_token_names_the_local_user(connect: Connect) -> None:
    seen: list[httpx.Headers] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(404, json={"message": "runner not found"})

    transport = httpx.MockTransport(record)
    for url in ("http://localhost:8080/base/", "http://127.0.0.1", "https://api.example"):
        client = connect(v1=None, v2=Endpoint(url, None), transport=transport)
        assert client.get(key_of(Kind.RUNNER, "r1")) is None
    assert [headers.get("from") for headers in seen] == [
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000000",
        None,
    ]
    assert all("authorization" not in headers for headers in seen)


def test_requests_name_their_sender_and_keep_the_path_of_the_url(connect: Connect) -> None:
    seen: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404, json={"message": "not found"})

    client = connect(v1=Endpoint("https://host/base/", None), transport=httpx.MockTransport(record))
    assert client.get(definition().key) is None
    assert client.get(runner().key) is None
    assert str(seen[0].url) == "https://host/base/orgs/acme/resources/defs/orders"
    assert seen[0].headers["user-agent"].startswith("reconciler/")
    assert seen[0].headers["humanitec-user-agent"].startswith("app reconciler/")
    assert "from" not in seen[0].headers
    assert seen[1].headers["user-agent"].startswith("reconciler/")
    assert "humanitec-user-agent" not in seen[1].headers, "a header of v1"


def populate(client: Orchestrator) -> None:
    client.create(agent(), first_key=key())
    client.create(definition())
    client.create(runner())
    client.create(rule())
