"""The tokens by which agents prove themselves at the poll (v2 section 9.2)."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from reconciler.emulator import Choices, Emulator
from tests.emulator.agent_tokens import RFC_8032_SEED, AgentKey, part, text
from tests.emulator.conftest import HEADERS, START

Make = Callable[..., dict[str, Any]]

KEY = AgentKey(bytes([1]) * 32)
"""The pair whose public half the `runner` fixture registers."""
NEW_KEY = AgentKey(bytes([2]) * 32)
RFC_KEY = AgentKey(bytes.fromhex(RFC_8032_SEED))

FIRST_GENERATION = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9"
    ".eyJhbGciOiJFZERTQSIsImtpZCI6IjIxZmUzMWRmYTE1NGEyNjE2MjZiZjg1NDA0NmZkMjI3MWI3YmVkNGI2YWJlNDVhYTU4ODc3Z"
    "WY0N2Y5NzIxYjkiLCJvcmdfaWQiOiJteS1vcmciLCJydW5uZXJfaWQiOiJteS1ydW5uZXIiLCJ0eXAiOiJKV1QifQ"
    ".WnHqFTBrWCgYMXsrh1VDk74_myr9qci33brhYCkseQWE0rXXDA6AWh0bF3jH2-eHnPPDpvSAxhzTbjtECTkvDw"
)
THIRD_GENERATION = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6IjIxZmUzMWRmYTE1NGEyNjE2MjZiZjg1NDA0NmZkMjI3MWI3YmVkNGI2YWJ"
    "lNDVhYTU4ODc3ZWY0N2Y5NzIxYjkifQ"
    ".eyJhdWQiOiJwbGF0Zm9ybS1vcmNoZXN0cmF0b3ItcnVubmVyLWdhdGV3YXkiLCJvcmdfaWQiOiJteS1vcmciLCJydW5uZXJfaWQiOi"
    "JteS1ydW5uZXIiLCJpYXQiOjE3ODY0NDI0MDAsImV4cCI6MTc4NjQ0MjcwMH0"
    ".KzhTop06j3wVfMNHrGp-H4TVPsKCcW00h1Q_w1Vz-3eORyCaQvkEhzeQiBDmVW9_vu4W3UrDQID7mcaz5wzeBw"
)
SIGNED_AT = datetime.fromtimestamp(1786442400, UTC)
VECTOR = {"alg": "EdDSA", "kid": RFC_KEY.kid, "org_id": "my-org", "runner_id": "my-runner", "typ": "JWT"}
GATEWAY_VECTOR = {
    "aud": "platform-orchestrator-runner-gateway",
    "org_id": "my-org",
    "runner_id": "my-runner",
    "iat": 1786442400,
    "exp": 1786442700,
}
REFUSED = "failed to validate JWT token"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator whose polls do not wait."""
    choices = Choices(poll_seconds=0)
    with Emulator(organizations=["acme", "my-org"], clock=lambda: START, choices=choices) as made:
        yield made


@pytest.fixture(autouse=True)
def registered(client: httpx.Client, runner: Make) -> None:
    assert client.post("/orgs/acme/runners", json=runner()).status_code == 201


def poll(client: httpx.Client, authorization: str | None, place: str = "acme/runner-one") -> httpx.Response:
    organization, _, runner_id = place.partition("/")
    headers = {} if authorization is None else {"Authorization": authorization}
    path = f"/orgs/{organization}/remote-runners/{runner_id}/actions/poll-requests"
    # A separate client: that of the fixture always sends a credential.
    request = httpx.Request("POST", f"http://emulator{path}", headers=headers)
    return client.send(request)


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 401, answer.text
    assert answer.json()["error"] == "HTTP-401"
    return str(answer.json()["message"])


@pytest.fixture
def vector_runner(client: httpx.Client, runner: Make) -> str:
    configuration = {**runner()["runner_configuration"], "key": RFC_KEY.pem}
    body = runner("my-runner", runner_configuration=configuration)
    assert client.post("/orgs/my-org/runners", json=body).status_code == 201
    return "my-org/my-runner"


def test_the_published_token_of_the_first_generation_is_accepted(
    client: httpx.Client, vector_runner: str
) -> None:
    assert RFC_KEY.token(VECTOR) == FIRST_GENERATION

    assert poll(client, f"JWT {FIRST_GENERATION}", vector_runner).status_code == 204


def test_the_published_token_of_the_gateway_is_accepted_until_it_expires(
    emulator: Emulator, client: httpx.Client, vector_runner: str
) -> None:
    header = {"alg": "EdDSA", "typ": "JWT", "kid": RFC_KEY.kid}
    assert RFC_KEY.token(GATEWAY_VECTOR, header) == THIRD_GENERATION

    emulator.clock.offset = SIGNED_AT - START
    assert poll(client, f"Bearer {THIRD_GENERATION}", vector_runner).status_code == 204
    emulator.clock.advance(seconds=299)
    assert poll(client, f"Bearer {THIRD_GENERATION}", vector_runner).status_code == 204
    emulator.clock.advance(seconds=1)
    assert refusal(poll(client, f"Bearer {THIRD_GENERATION}", vector_runner)) == REFUSED


@pytest.mark.parametrize("scheme", ["JWT", "Bearer"])
def test_both_schemes_are_accepted_and_the_log_names_the_agent(
    emulator: Emulator, client: httpx.Client, scheme: str
) -> None:
    assert poll(client, f"{scheme} {KEY.token()}").status_code == 204

    assert emulator.log.entries()[-1].who == "agent of runner-one"


def test_a_missing_header_is_reported_to_the_agent(client: httpx.Client) -> None:
    assert refusal(poll(client, None)) == "missing Authorization header"


@pytest.mark.parametrize("header", ["Basic abc", "JWT", "JWT ", "", "JWT a b", "jwt x", "token"])
def test_another_scheme_or_form_is_an_invalid_header(client: httpx.Client, header: str) -> None:
    assert refusal(poll(client, header)) == "invalid Authorization header"


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "a.b.c.d", "..", f"{part({})}.{part({})}."])
def test_what_is_not_a_token_is_refused(client: httpx.Client, token: str) -> None:
    assert refusal(poll(client, f"JWT {token}")) == REFUSED


def test_an_extremely_nested_header_is_refused(client: httpx.Client) -> None:
    deep = text(b'{"alg":' + b"[" * 12_000)

    assert refusal(poll(client, f"JWT {deep}.{part({})}.{text(bytes(64))}")) == REFUSED


def test_extremely_nested_claims_are_refused(client: httpx.Client) -> None:
    content = f"{part({'alg': 'EdDSA', 'typ': 'JWT'})}.{text(b'[' * 12_000)}"
    token = f"{content}.{text(KEY.private.sign(content.encode()))}"

    assert refusal(poll(client, f"JWT {token}")) == REFUSED


def test_the_key_of_another_runner_is_refused(client: httpx.Client) -> None:
    assert refusal(poll(client, f"JWT {NEW_KEY.token()}")) == REFUSED


def test_a_changed_claim_breaks_the_signature(client: httpx.Client) -> None:
    header, _, signature = KEY.token().split(".")

    changed = f"{header}.{part({'org_id': 'acme', 'runner_id': 'other'})}.{signature}"

    assert refusal(poll(client, f"JWT {changed}")) == REFUSED


def test_unsigned_tokens_are_refused(client: httpx.Client) -> None:
    unsigned = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part({'runner_id': 'runner-one'})}."

    assert refusal(poll(client, f"JWT {unsigned}")) == REFUSED


@pytest.mark.parametrize("secret", [KEY.pem.encode(), KEY.pem.strip().encode()])
def test_the_public_key_is_not_a_shared_secret(client: httpx.Client, secret: bytes) -> None:
    """A check that trusts the token's algorithm could be deceived with public data."""
    content = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'runner_id': 'runner-one'})}"
    forged = f"{content}.{text(hmac.new(secret, content.encode(), hashlib.sha256).digest())}"

    assert refusal(poll(client, f"JWT {forged}")) == REFUSED


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "eddsa", "Ed25519", None, 7])
def test_a_valid_signature_with_the_name_of_another_algorithm_is_refused(
    client: httpx.Client, algorithm: Any
) -> None:
    token = KEY.token(header={"alg": algorithm, "typ": "JWT"})

    assert refusal(poll(client, f"JWT {token}")) == REFUSED


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"org_id": "other", "runner_id": "other", "kid": "other", "alg": "other", "typ": "other"},
        {"aud": "anything", "iss": "anyone", "sub": 7, "jti": 7, "iat": 9_999_999_999},
        {"exp": None, "nbf": None},
    ],
    ids=["none", "of another runner", "registered ones", "null times"],
)
def test_claims_are_not_compared_with_the_path(client: httpx.Client, claims: dict[str, Any]) -> None:
    """The service checks only the signature, so a client must not rely on more."""
    assert poll(client, f"JWT {KEY.token(claims)}").status_code == 204


NOW = START.timestamp()


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"exp": NOW + 1}, 204),
        ({"exp": NOW}, 401),
        ({"exp": NOW - 1}, 401),
        ({"exp": NOW + 0.5}, 204),
        ({"exp": 0}, 401),
        ({"exp": str(NOW + 60)}, 401),
        ({"exp": True}, 401),
        ({"exp": float("nan")}, 401),
        ({"nbf": NOW}, 204),
        ({"nbf": NOW + 1}, 401),
        ({"nbf": "now"}, 401),
        ({"nbf": True}, 401),
    ],
    ids=str,
)
def test_times_are_checked_if_present_and_without_any_skew(
    client: httpx.Client, claims: dict[str, Any], status: int
) -> None:
    assert poll(client, f"JWT {KEY.token(claims)}").status_code == status


def test_times_follow_the_emulators_clock(emulator: Emulator, client: httpx.Client) -> None:
    token = KEY.token({"exp": NOW + 3600})
    emulator.clock.advance(seconds=3600)

    assert refusal(poll(client, f"JWT {token}")) == REFUSED
    emulator.clock.advance(seconds=-1)
    assert poll(client, f"JWT {token}").status_code == 204


def test_the_algorithm_is_checked_before_the_runner(client: httpx.Client) -> None:
    token = KEY.token(header={"alg": "HS256", "typ": "JWT"})

    assert refusal(poll(client, f"JWT {token}", "acme/nobody")) == REFUSED


@pytest.mark.parametrize("place", ["acme/nobody", "my-org/runner-one", "nowhere/runner-one"])
def test_an_unknown_runner_is_a_401_that_says_so(client: httpx.Client, place: str) -> None:
    assert refusal(poll(client, f"JWT {KEY.token()}", place)) == f"{REFUSED}: runner not found"


def test_a_runner_of_another_type_does_not_poll(client: httpx.Client, runner: Make) -> None:
    configuration = {
        "type": "kubernetes-eks",
        "job": {"namespace": "jobs", "service_account": "job"},
        "cluster": {
            "name": "c",
            "region": "eu-west-1",
            "auth": {"role_arn": "arn:aws:iam::123456789012:role/runner"},
        },
    }
    client.post("/orgs/acme/runners", json=runner("eks", runner_configuration=configuration))

    message = refusal(poll(client, f"JWT {KEY.token()}", "acme/eks"))

    assert message == (
        f"{REFUSED}: unexpected runner type kubernetes-eks expected runner type is kubernetes-agent"
    )


def test_a_new_key_is_accepted_at_the_next_poll_and_the_old_one_refused(client: httpx.Client) -> None:
    change = {"runner_configuration": {"type": "kubernetes-agent", "key": NEW_KEY.pem}}
    assert refusal(poll(client, f"JWT {NEW_KEY.token()}")) == REFUSED

    assert client.patch("/orgs/acme/runners/runner-one", json=change).status_code == 200

    assert refusal(poll(client, f"JWT {KEY.token()}")) == REFUSED
    assert poll(client, f"JWT {NEW_KEY.token()}").status_code == 204


def test_a_deleted_runners_agent_is_locked_out(client: httpx.Client) -> None:
    client.delete("/orgs/acme/runners/runner-one")

    assert refusal(poll(client, f"JWT {KEY.token()}")) == f"{REFUSED}: runner not found"


def test_runners_that_share_a_key_accept_each_others_tokens(client: httpx.Client, runner: Make) -> None:
    client.post("/orgs/acme/runners", json=runner("runner-two"))

    assert poll(client, f"JWT {KEY.token()}", "acme/runner-two").status_code == 204


def test_an_agents_token_is_valid_for_nothing_else_if_tokens_are_listed(runner: Make) -> None:
    with Emulator(organizations=["acme"], tokens={"practice": "ci"}, choices=Choices(poll_seconds=0)) as made:
        client = httpx.Client(transport=made.transport(), base_url="http://emulator")
        client.post("/orgs/acme/runners", json=runner(), headers=HEADERS)
        bearer = {"Authorization": f"Bearer {KEY.token()}"}

        assert client.get("/orgs/acme/runners", headers=bearer).status_code == 401
        assert poll(client, bearer["Authorization"]).status_code == 204


def test_no_token_is_in_the_log(emulator: Emulator, client: httpx.Client) -> None:
    poll(client, f"JWT {KEY.token()}")
    poll(client, f"JWT {NEW_KEY.token()}")

    logged = str([entry.document() for entry in emulator.log.entries()])
    assert KEY.token().split(".")[2] not in logged
    assert NEW_KEY.token().split(".")[2] not in logged
