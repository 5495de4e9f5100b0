"""The meaning of each answer, and what of it may be shown."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator
from reconciler.errors import (
    AbsentError,
    ConflictError,
    InUseError,
    LostAnswerError,
    OrchestratorError,
    RejectedError,
    UnauthorizedError,
)
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.model.secret import Secret
from reconciler.orchestrator.access import EnvironmentTransport
from reconciler.orchestrator.client import Endpoint, Orchestrator
from reconciler.orchestrator.http import path_of
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import KUBERNETES_RUNNER, PASSWORD, TOKEN, agent, definition, key_of, runner

STATUSES: dict[int, type[OrchestratorError]] = {
    400: RejectedError,
    401: UnauthorizedError,
    403: UnauthorizedError,
    404: AbsentError,
    405: RejectedError,
    407: UnauthorizedError,
    408: LostAnswerError,
    409: InUseError,
    413: RejectedError,
    422: RejectedError,
    500: LostAnswerError,
}


def answering(connect: Connect, status: int, **answer: Any) -> Orchestrator:
    return connect(transport=httpx.MockTransport(lambda _: httpx.Response(status, **answer)))


@pytest.mark.parametrize(("status", "error"), STATUSES.items())
def test_a_status_has_one_meaning(connect: Connect, status: int, error: type[OrchestratorError]) -> None:
    headers = {"X-Request-Id": "req-7"}
    body = {"error": "API-000", "message": "no luck"}
    client = answering(connect, status, json=body, headers=headers)
    with pytest.raises(OrchestratorError) as raised:
        client.delete(definition())
    assert type(raised.value) is error
    assert raised.value.status == status
    assert raised.value.request_id == "req-7"
    assert str(raised.value) == f"DELETE /orgs/acme/resources/defs/orders: {status}: no luck"


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b'{"message": 5}'])
def test_an_error_without_a_message_is_reported_by_its_status(connect: Connect, content: bytes) -> None:
    client = answering(connect, 409, content=content)
    with pytest.raises(InUseError, match=r"^DELETE /orgs/acme/resources/defs/orders: 409"):
        client.delete(definition())


def test_the_permissions_a_token_lacks_are_named(connect: Connect) -> None:
    checks = [{"resource": "organization:acme", "permission": "runner_write"}]
    body = {"error": "HTTP-403", "message": "Forbidden", "details": {"failed_checks": checks}}
    with pytest.raises(UnauthorizedError) as raised:
        answering(connect, 403, json=body).create(runner())
    assert raised.value.advice == "the token lacks runner_write"


@pytest.mark.parametrize(
    "details", [None, [], {}, {"failed_checks": "x"}, {"failed_checks": [5, {"permission": "\x1b[2J"}]}]
)
def test_a_403_without_named_permissions_says_what_it_means(connect: Connect, details: object) -> None:
    body = {"error": "HTTP-403", "message": "Forbidden", "details": details}
    with pytest.raises(UnauthorizedError) as raised:
        answering(connect, 403, json=body).create(runner())
    assert raised.value.advice == "the token is valid, but does not permit this"


def test_a_number_that_json_cannot_express_is_refused_without_a_request(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    """YAML has `.nan` and `.inf`."""
    with pytest.raises(RejectedError, match="not finite; nothing was sent"):
        orchestrator.create(definition(driver_inputs={"values": {"ratio": float("nan")}}))
    assert emulator.log.entries() == []


def test_a_redirection_is_not_followed(connect: Connect) -> None:
    asked: list[str] = []

    def elsewhere(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})

    with pytest.raises(
        OrchestratorError, match="redirects to another address, to which the token is not sent"
    ):
        connect(transport=httpx.MockTransport(elsewhere)).delete(definition())
    assert asked == ["emulator"]


@pytest.mark.parametrize(
    "content",
    [
        b"<html>404 Not Found</html>",
        json.dumps({"error": "HTTP-404", "message": "no matching operation was found"}).encode(),
        json.dumps({"error": "HTTP-404", "message": "method not allowed"}).encode(),
    ],
)
def test_a_404_about_the_address_does_not_prove_absence(connect: Connect, content: bytes) -> None:
    client = answering(connect, 404, content=content)
    with pytest.raises(OrchestratorError, match="this is not an address of the API") as raised:
        client.get(key_of(Kind.RUNNER, "r1"))
    assert not isinstance(raised.value, AbsentError)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "still in use: 1 active resource would change: shop/prod/db0 (to no definition)"),
        (
            7,
            "still in use: 7 active resources would change: "
            + ", ".join(f"shop/prod/db{number} (to no definition)" for number in range(5))
            + " and 2 more",
        ),
    ],
)
def test_active_resources_that_refuse_a_delete_are_summarised(
    connect: Connect, count: int, expected: str
) -> None:
    changes = [
        {"app_id": "shop", "env_id": "prod", "res_id": f"db{number}", "from_def": "a", "to_def": ""}
        for number in range(count)
    ]
    with pytest.raises(InUseError) as raised:
        answering(connect, 409, json=changes).delete(definition())
    assert str(raised.value).endswith(f": 409: {expected}")
    assert len(raised.value.rematches) == count
    assert not raised.value.is_transient


@pytest.mark.parametrize("changes", [[], [3], [{"app_id": 3}], [{"to_def": "a\nb"}]])
def test_a_list_of_changes_in_an_unknown_form_still_means_that_the_object_is_in_use(
    connect: Connect, changes: list[Any]
) -> None:
    with pytest.raises(InUseError) as raised:
        answering(connect, 409, json=changes).delete(definition())
    assert "\n" not in str(raised.value)


def test_a_refused_change_that_is_not_a_delete_is_a_conflict(connect: Connect) -> None:
    with pytest.raises(ConflictError):
        answering(connect, 409, json={"message": "taken"}).create(definition())


def test_a_refusal_that_echoes_the_body_shows_no_credential(orchestrator: Orchestrator) -> None:
    """v2 repeats the object that contains a mistake (v2 reference 3.2); the emulator leaks in the same way."""
    broken = runner(
        configuration={**KUBERNETES_RUNNER, "cluster": {"auth": {"service_account_token": PASSWORD}}}
    )
    with pytest.raises(RejectedError) as raised:
        orchestrator.create(broken)
    assert "cluster_data" in str(raised.value)
    assert_tells_nothing(raised.value)


def test_numbers_lists_and_lines_of_a_secret_are_recognised(connect: Connect) -> None:
    secret = {
        "pins": [48151623],
        "key": "-----BEGIN KEY-----\nMC4CAQAwBQYDK2Vw\n-----END KEY-----",
        "on": True,
    }
    desired = definition(driver_inputs={"secrets": {"file": secret}})
    for echo in ("got 48151623", "got MC4CAQAwBQYDK2Vw"):
        with pytest.raises(RejectedError, match="repeats a secret"):
            answering(connect, 400, json={"message": echo}).create(desired)


ECHOES: dict[str, Callable[[], str]] = {
    "in the line": lambda: f"bad value {PASSWORD}",
    "quoted": lambda: json.dumps({"token": PASSWORD}),
    "below": lambda: f"bad value\nSchema:\n  {{}}\n\nValue:\n  {PASSWORD}",
    "on one line": lambda: f"bad value Schema: {{}} Value: {PASSWORD}",
    "behind other breaks": lambda: f"bad value\r{PASSWORD}\x0b{PASSWORD}\u2028{PASSWORD}",
    "the token": lambda: f"token {TOKEN} is not known",
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("status", [400, 409, 429, 500])
def test_no_message_repeats_what_was_sent(connect: Connect, status: int, echo: Callable[[], str]) -> None:
    client = answering(connect, status, json={"error": "x", "message": echo()})
    for desired in (
        runner(configuration=KUBERNETES_RUNNER),
        definition(driver_inputs={"secrets": {"password": PASSWORD}}),
    ):
        with pytest.raises(OrchestratorError) as raised:
            client.create(desired)
        assert_tells_nothing(raised.value)


def test_only_printable_characters_of_bounded_length_are_quoted(connect: Connect) -> None:
    words = "\x1b[31mred\x00 \u202e" + "x" * 1000
    with pytest.raises(RejectedError) as raised:
        answering(connect, 400, json={"message": words}).delete(definition())
    shown = str(raised.value)
    assert shown.isprintable()
    assert len(shown) < 360


def test_the_repr_of_an_object_with_a_token_hides_it(orchestrator: Orchestrator) -> None:
    endpoint = Endpoint("http://emulator", Secret(TOKEN))
    assert TOKEN not in repr(endpoint) + repr(orchestrator)


@pytest.mark.parametrize(
    ("answer", "member"),
    [
        ([], "the definition"),
        ({"id": "orders"}, "`type`"),
        ({"id": "orders", "type": "s3", "driver_type": 5}, "`driver_type`"),
        ({"id": "orders", "type": "s3", "driver_type": "x", "driver_inputs": []}, "`driver_inputs`"),
        ({"id": "orders", "type": "s3", "driver_type": "x", "driver_inputs": {"values": 1}}, "`values`"),
        ({"id": "orders", "type": "s3", "driver_type": "x", "criteria": [{"env_type": 5}]}, "`env_type`"),
        ({"id": "orders", "type": "s3", "driver_type": "x", "criteria": ["x"]}, r"criteria\[0\]"),
        ({"id": "orders", "type": "s3", "driver_type": "x", "provision": {"a": 1}}, "provision.a"),
        ({"id": "orders", "type": "s3", "driver_type": "x", "is_default": "no"}, "`is_default`"),
        ({"type": "s3", "driver_type": "x"}, "`id`"),
    ],
)
def test_an_answer_of_another_form_is_reported_by_its_member(
    connect: Connect, answer: object, member: str
) -> None:
    with pytest.raises(OrchestratorError, match=f"the answer cannot be used: .*{member}"):
        answering(connect, 200, json=answer).get(definition().key)
    with pytest.raises(LostAnswerError, match=f"done, but the answer cannot be used: .*{member}"):
        answering(connect, 200, json=answer).create(definition())


def test_unknown_members_of_an_answer_are_tolerated(connect: Connect) -> None:
    answer = {
        "id": "orders",
        "name": "orders",
        "type": "postgres",
        "driver_type": "humanitec/echo",
        "driver_inputs": {"values": None, "secrets": {"a": "path"}, "novelty": 1},
        "criteria": [{"id": "c1", "class": "default", "novelty": 1}],
        "novelty": {},
    }
    live = answering(connect, 200, json=answer).get(definition().key)
    assert live is not None
    assert live.document == definition().document
    assert live.secrets == {}
    assert live.handle == {"": "c1"}


def test_an_endless_answer_is_abandoned(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.orchestrator.http._LARGEST_ANSWER_BYTES", 1000)
    client = answering(connect, 200, content=b" " * 2000)
    with pytest.raises(OrchestratorError, match="larger than 1000 bytes"):
        client.get(definition().key)
    with pytest.raises(LostAnswerError, match="larger than 1000 bytes"):
        client.create(definition())


def test_only_a_part_of_a_long_error_page_is_read(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.orchestrator.http._LARGEST_ERROR_BYTES", 1000)
    with pytest.raises(RejectedError, match="400"):
        answering(connect, 400, content=b"x" * 2000).delete(definition())


def test_an_id_never_becomes_a_path(emulator: Emulator, orchestrator: Orchestrator) -> None:
    assert path_of(("orgs", "a/b c?#%")) == "/orgs/a%2Fb%20c%3F%23%25"
    with pytest.raises(AbsentError):
        orchestrator.delete(agent("x/../eu-1"))
    for part in ("", ".", ".."):
        with pytest.raises(RejectedError, match="nothing was sent"):
            orchestrator.delete(agent(part))
    assert [entry.path for entry in emulator.log.entries()] == ["/orgs/acme/agents/x%2F..%2Feu-1"]


def test_an_organization_that_v1_does_not_know_is_an_error_and_not_an_empty_list(connect: Connect) -> None:
    client = connect(place=organization("typo"))
    with pytest.raises(OrchestratorError, match="organization typo is not known at emulator"):
        client.get(agent().key)


def test_a_url_without_a_scheme_is_explained(connect: Connect) -> None:
    client = connect(
        v1=Endpoint("api.example", None), transport=EnvironmentTransport("api.example", connections=1)
    )
    with pytest.raises(OrchestratorError, match="cannot be sent"):
        client.get(definition().key)


def assert_tells_nothing(error: BaseException) -> None:
    """Check the message, the advice and everything the error is chained to."""
    current: BaseException | None = error
    while current is not None:
        shown = f"{current} {current!r} {getattr(current, 'advice', '')}"
        assert PASSWORD not in shown
        assert TOKEN not in shown
        current = current.__cause__
