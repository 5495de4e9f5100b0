"""The agent tunnel: who is admitted, who is refused and why, and when a connection ends."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from reconciler.emulator import (
    Choices,
    Emulator,
    ExpiredKeys,
    FaultKind,
    FaultRule,
    SharedKey,
    sign_token,
)
from reconciler.emulator.v1.tunnel import RefusedTunnelError
from reconciler.emulator.web.server import running
from tests.emulator.conftest import HEADERS, START

AGENTS = "/orgs/acme/agents"
Make = Callable[..., Any]


@dataclass(frozen=True)
class Pair:
    """A key pair and the fingerprint of its public half, computed independently of the code under test."""

    private: RSAPrivateKey
    private_pem: str
    public_pem: str
    fingerprint: str

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        headers = {"kid": self.fingerprint, **header}
        return jwt.encode(claims, self.private, "RS256", headers)


@cache
def _pair(number: int) -> Pair:
    private = generate_private_key(65537, 4096)
    public = private.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Pair(
        private,
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        hashlib.sha256(der).hexdigest(),
    )


@pytest.fixture
def one() -> Pair:
    return _pair(1)


@pytest.fixture
def two() -> Pair:
    return _pair(2)


@dataclass
class Place:
    """An emulator on a port, a client of its API, and agents that connect to it."""

    emulator: Emulator
    client: httpx.Client
    url: str

    def token(self, pair: Pair, *organizations: str, connection_id: str = "") -> str:
        return sign_token(
            pair.private_pem,
            organizations or ["acme"],
            now=self.emulator.clock.now(),
            connection_id=connection_id,
        )

    def connect(self, token: str) -> ClientConnection:
        headers = {"Authorization": f"Bearer {token}"}
        return connect(f"{self.url.replace('http', 'ws')}/tunnel", additional_headers=headers, proxy=None)

    def refusal(self, token: str) -> tuple[int, Any, str]:
        """Status, error body, and the reason that only the control plane shows."""
        with pytest.raises(InvalidStatus) as caught, self.connect(token):
            pass
        answer = caught.value.response
        return answer.status_code, json.loads(answer.body), self.emulator.tunnels.refusals()[-1].reason

    def register(self, pair: Pair, agent: str = "eu-1", organization: str = "acme") -> None:
        path = f"/orgs/{organization}/agents"
        body = {"id": agent, "public_key": pair.public_pem}
        self.client.post(path, json=body).raise_for_status()


def _serving(emulator: Emulator) -> Iterator[Place]:
    with (
        running(emulator) as url,
        httpx.Client(base_url=url, headers=HEADERS, trust_env=False) as client,
    ):
        yield Place(emulator, client, url)


@pytest.fixture
def place() -> Iterator[Place]:
    with Emulator(organizations=["acme", "globex"], clock=lambda: START) as emulator:
        yield from _serving(emulator)


@pytest.fixture
def lax_place() -> Iterator[Place]:
    """A place that allows shared keys and refuses expired ones."""
    choices = Choices(shared_key=SharedKey.ACCEPT, expired_keys=ExpiredKeys.REFUSE)
    with Emulator(organizations=["acme"], clock=lambda: START, choices=choices) as emulator:
        yield from _serving(emulator)


@dataclass
class Lobby:
    """The same admission without a port: one registered agent, and tokens to check."""

    emulator: Emulator
    pair: Pair

    def register(self) -> None:
        body = {"organization": "acme", "agents": [{"id": "eu-1", "public_key": self.pair.public_pem}]}
        self.emulator.seed(body)

    def claims(self, **members: Any) -> dict[str, Any]:
        now = int(self.emulator.clock.now().timestamp())
        return {"aud": "agent-tunnel", "orgs": ["acme"], "iat": now, "exp": now + 60, **members}

    def admits(self, token: str) -> bool:
        try:
            connection = self.emulator.tunnels.admit(token, lambda _: None)
        except RefusedTunnelError:
            return False
        return connection in self.emulator.tunnels.connections()


@pytest.fixture
def lobby(emulator: Emulator, one: Pair) -> Lobby:
    return Lobby(emulator, one)


def _end(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        socket.recv(timeout=5)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()


def test_an_agent_with_a_registered_key_is_connected_and_known_by_its_fingerprint(
    place: Place, one: Pair
) -> None:
    place.register(one)

    with place.connect(place.token(one, connection_id="pod-7")):
        (seen,) = place.emulator.tunnels.connections()
        shown = place.client.get("/_emulator/tunnels").json()

    assert (seen.fingerprint, seen.agents, seen.connection_id) == (one.fingerprint, {"acme": "eu-1"}, "pod-7")
    assert shown["refusals"] == []
    assert shown["connections"] == [
        {
            "number": seen.number,
            "fingerprint": one.fingerprint,
            "agents": {"acme": "eu-1"},
            "connection_id": "pod-7",
            "connected_at": "2026-03-01T08:00:00.000Z",
        }
    ]


def test_an_agent_that_leaves_is_no_longer_listed(place: Place, one: Pair) -> None:
    place.register(one)
    with place.connect(place.token(one)):
        pass
    # The server removes it in its own thread; each request lets that thread run.
    looks = (place.client.get("/_emulator/tunnels").json()["connections"] for _ in range(100))

    assert [] in looks


def test_what_an_agent_sends_is_ignored_and_the_tunnel_stays_open(place: Place, one: Pair) -> None:
    place.register(one)

    with place.connect(place.token(one)) as socket:
        socket.send("text")
        socket.send(b"\x00\xff")
        assert socket.ping().wait(timeout=5)
        assert len(place.emulator.tunnels.connections()) == 1


def test_invalid_text_ends_the_tunnel_without_a_traceback(
    place: Place, one: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    place.register(one)

    with place.connect(place.token(one)) as socket:
        socket.send(b"\xff\xfe", text=True)
        code, _ = _end(socket)

    assert code == 1007
    assert not [record for record in caplog.records if record.exc_info]


def test_a_refusal_is_401_with_the_error_body_and_only_the_control_plane_shows_the_reason(
    place: Place, one: Pair
) -> None:
    status, body, reason = place.refusal(place.token(one))

    assert (status, body) == (401, {"error": "API-401", "message": "unauthorized"})
    assert reason == "the key is not registered in acme"
    assert place.client.get("/_emulator/tunnels").json()["refusals"] == [
        {"time": "2026-03-01T08:00:00.000Z", "fingerprint": one.fingerprint, "reason": reason}
    ]


def test_connecting_and_being_refused_are_in_the_log(place: Place, one: Pair, two: Pair) -> None:
    place.register(one)
    with place.connect(place.token(one)):
        pass
    place.refusal(place.token(two))
    place.refusal("nonsense")

    entries = [entry for entry in place.emulator.log.entries() if entry.path == "/tunnel"]

    assert [(entry.verb, entry.status, entry.effect, entry.who, entry.object) for entry in entries] == [
        ("GET", 101, "none", "agent acme/eu-1", f"tunnels/{one.fingerprint}"),
        ("GET", 401, "none", "anonymous", f"tunnels/{two.fingerprint}"),
        ("GET", 401, "none", "anonymous", "tunnels"),
    ]


def test_a_second_key_opens_the_tunnel_as_well(place: Place, one: Pair, two: Pair) -> None:
    place.register(one)
    place.client.post(f"{AGENTS}/eu-1/keys", json={"public_key": two.public_pem})

    with place.connect(place.token(one)), place.connect(place.token(two)):
        seen = [connection.fingerprint for connection in place.emulator.tunnels.connections()]

    assert seen == [one.fingerprint, two.fingerprint]


def test_a_key_registered_under_an_odd_label_opens_the_tunnel(place: Place, one: Pair) -> None:
    odd = one.public_pem.replace("PUBLIC KEY", "RSA PUBLIC KEY")
    place.client.post(AGENTS, json={"id": "eu-1", "public_key": odd}).raise_for_status()

    with place.connect(place.token(one)):
        assert len(place.emulator.tunnels.connections()) == 1


def test_a_key_opens_the_tunnel_once_it_is_authorized(place: Place, one: Pair) -> None:
    place.emulator.faults.add(FaultRule(FaultKind.SLOW_KEY_AUTHORIZATION, seconds=60))
    place.register(one)

    status, _, reason = place.refusal(place.token(one))
    place.emulator.clock.advance(seconds=60)
    with place.connect(place.token(one)):
        connected = len(place.emulator.tunnels.connections())

    assert (status, reason, connected) == (401, "the key is not authorized in acme now", 1)


def test_an_expired_key_is_accepted_unless_configured_otherwise(place: Place, one: Pair) -> None:
    place.register(one)
    place.emulator.clock.advance(seconds=3 * 366 * 86_400)

    with place.connect(place.token(one)):
        assert len(place.emulator.tunnels.connections()) == 1


def test_an_expired_key_is_refused_and_ends_its_connections_if_configured(
    lax_place: Place, one: Pair
) -> None:
    place = lax_place
    place.register(one)
    with place.connect(place.token(one)) as socket:
        place.emulator.clock.offset = datetime.fromisoformat("2028-03-01T07:59:59.999+00:00") - START
        assert len(place.emulator.tunnels.connections()) == 1
        place.emulator.clock.offset = datetime.fromisoformat("2028-03-01T08:00:00+00:00") - START
        end = _end(socket)

    assert end == (1008, "the key is no longer accepted in acme")
    assert place.refusal(place.token(one))[0] == 401
    assert place.client.get(f"{AGENTS}/eu-1/keys").json()[0]["is_authorized"] is False


@pytest.mark.parametrize("path", [f"{AGENTS}/eu-1/keys/KEY", f"{AGENTS}/eu-1"])
def test_deleting_the_key_or_the_agent_ends_the_connection_at_once(
    place: Place, one: Pair, path: str
) -> None:
    place.register(one)

    with place.connect(place.token(one)) as socket:
        place.client.delete(path.replace("KEY", one.fingerprint)).raise_for_status()
        listed = place.emulator.tunnels.connections()
        end = _end(socket)

    assert listed == []
    assert end == (1008, "the key is no longer accepted in acme")
    assert place.refusal(place.token(one))[0] == 401


def test_deleting_another_key_does_not_affect_the_connection(place: Place, one: Pair, two: Pair) -> None:
    place.register(one)
    place.client.post(f"{AGENTS}/eu-1/keys", json={"public_key": two.public_pem})

    with place.connect(place.token(two)) as socket:
        place.client.delete(f"{AGENTS}/eu-1/keys/{one.fingerprint}").raise_for_status()
        assert socket.ping().wait(timeout=5)
        assert len(place.emulator.tunnels.connections()) == 1


def test_a_deletion_that_fails_ends_nothing(place: Place, one: Pair) -> None:
    place.register(one)
    place.emulator.faults.add(FaultRule(FaultKind.ERROR_BEFORE_EFFECT, verb="DELETE"))

    with place.connect(place.token(one)):
        assert place.client.delete(f"{AGENTS}/eu-1").status_code == 503
        assert len(place.emulator.tunnels.connections()) == 1


def test_a_reset_ends_every_connection(place: Place, one: Pair) -> None:
    place.register(one)

    with place.connect(place.token(one)) as socket:
        place.client.post("/_emulator/reset").raise_for_status()
        assert _end(socket)[0] == 1008

    assert place.client.get("/_emulator/tunnels").json() == {"connections": [], "refusals": []}


def test_a_connection_can_be_dropped_through_the_control_plane(place: Place, one: Pair) -> None:
    place.register(one)

    with place.connect(place.token(one)) as socket:
        assert place.client.delete("/_emulator/tunnels/1").status_code == 204
        assert _end(socket)[0] == 1008
        assert place.client.delete("/_emulator/tunnels/1").status_code == 404
    with place.connect(place.token(one)):
        assert [connection.number for connection in place.emulator.tunnels.connections()] == [2]


def test_replicas_are_connected_in_parallel_and_a_returning_one_replaces_itself(
    place: Place, one: Pair
) -> None:
    place.register(one)

    with (
        place.connect(place.token(one, connection_id="pod-1")) as first,
        place.connect(place.token(one, connection_id="pod-2")),
        place.connect(place.token(one)),
        place.connect(place.token(one)),
        place.connect(place.token(one, connection_id="pod-1")),
    ):
        names = [connection.connection_id for connection in place.emulator.tunnels.connections()]
        end = _end(first)

    assert names == ["pod-2", "", "", "pod-1"]
    assert end == (1008, "replaced by a newer connection of this connection id")


def test_an_agent_refused_by_one_organization_is_refused_by_all(place: Place, one: Pair) -> None:
    place.register(one)

    status, _, reason = place.refusal(place.token(one, "acme", "globex"))
    place.register(one, "other-name", "globex")
    with place.connect(place.token(one, "acme", "globex")) as socket:
        (seen,) = place.emulator.tunnels.connections()
        place.client.delete(f"/orgs/globex/agents/other-name/keys/{one.fingerprint}")
        end = _end(socket)

    assert (status, reason) == (401, "the key is not registered in globex")
    assert seen.agents == {"acme": "eu-1", "globex": "other-name"}
    assert end == (1008, "the key is no longer accepted in globex")


def test_a_key_of_two_agents_identifies_neither(lax_place: Place, one: Pair) -> None:
    lax_place.register(one, "eu-1")
    lax_place.register(one, "eu-2")

    assert lax_place.refusal(lax_place.token(one))[::2] == (401, "the key belongs to several agents of acme")


@pytest.mark.parametrize(("seconds", "enters"), [(-31, False), (-30, True), (329, True), (330, False)])
def test_a_token_is_valid_by_the_clock_of_the_emulator_with_half_a_minute_of_skew(
    lobby: Lobby, one: Pair, seconds: float, *, enters: bool
) -> None:
    token = sign_token(one.private_pem, ["acme"], now=START)
    lobby.emulator.clock.advance(seconds=seconds)
    lobby.register()

    assert lobby.admits(token) is enters


def test_a_false_kid_does_not_help(lobby: Lobby, two: Pair) -> None:
    lobby.register()

    assert not lobby.admits(two.sign(lobby.claims(), kid=lobby.pair.fingerprint))
    assert lobby.emulator.tunnels.refusals()[-1].reason == (
        "the token's signature was not made with the key that its kid names"
    )


def test_tokens_without_a_real_signature_are_refused(lobby: Lobby, one: Pair) -> None:
    lobby.register()
    claims, header = lobby.claims(), {"typ": "JWT", "kid": one.fingerprint}
    none = f"{_unsigned({'alg': 'none', **header}, claims)}."
    body = _unsigned({"alg": "HS256", **header}, claims)
    mac = hmac.digest(one.public_pem.encode(), body.encode(), "sha256")
    shared = f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    real = one.sign(claims)
    head, _, signature = real.split(".")
    other = _unsigned({"alg": "RS256", **header}, {**claims, "orgs": ["acme", "globex"]}).split(".")[1]
    forged = (none, shared, f"{head}.{other}.{signature}", real[: real.rindex(".") + 1])

    assert [lobby.admits(token) for token in forged] == [False] * 4
    assert lobby.admits(real)


@pytest.mark.parametrize(
    "members",
    [
        {"aud": "elsewhere"},
        {"aud": ["agent-tunnel"]},
        {"aud": None},
        {"orgs": None},
        {"orgs": []},
        {"orgs": "acme"},
        {"orgs": ["acme", "acme"]},
        {"orgs": [1]},
        {"orgs": ["acme\x00"]},
        {"orgs": [f"o{number}" for number in range(51)]},
        {"connection_id": 7},
        {"connection_id": "x" * 254},
        {"connection_id": "a\nb"},
        {"exp": None},
        {"iat": None},
        {"exp": 4_000_000_000},
        {"exp": 1e300},
        {"iat": True},
        {"iat": "now"},
        {"sub": "eu-1"},
    ],
    ids=lambda members: str(members)[:40],
)
def test_claims_of_another_form_are_refused(lobby: Lobby, one: Pair, members: dict[str, Any]) -> None:
    lobby.register()
    claims = {name: value for name, value in lobby.claims(**members).items() if value is not None}
    body = _unsigned({"alg": "RS256", "typ": "JWT", "kid": one.fingerprint}, claims)
    signature = jwt.get_algorithm_by_name("RS256").sign(body.encode(), one.private)

    assert not lobby.admits(f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    "header", [{"kid": "x"}, {"kid": ""}, {"jku": "http://x"}, {"typ": "at+jwt"}, {"crit": ["exp"]}], ids=str
)
def test_headers_of_another_form_are_refused(lobby: Lobby, one: Pair, header: dict[str, Any]) -> None:
    lobby.register()

    assert not lobby.admits(one.sign(lobby.claims(), **header))


def _hostile_tokens() -> dict[str, str]:
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 2_800).decode()
    head = base64.urlsafe_b64encode(b'{"alg": "RS256"}').decode().rstrip("=")
    return {
        "empty": "",
        "no JWT": "a.b",
        "dots": "." * 500,
        "long": "a" * 7_900,
        "not ASCII": "ä.b.c",
        "deep header": f"{deep}.e30.x",
        "deep claims": f"{head}.{deep}.e30",
        "a list": f"{base64.urlsafe_b64encode(b'[]').decode()}.e30.x",
        "bad UTF-8": f"{base64.urlsafe_b64encode(bytes([255, 254])).decode()}.e30.x",
        "huge number": f"{base64.urlsafe_b64encode(b'1' * 5_000).decode()}.e30.x",
    }


def test_hostile_tokens_are_refused_like_any_other(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    statuses = {name: place.refusal(token)[0] for name, token in _hostile_tokens().items()}

    assert statuses == dict.fromkeys(_hostile_tokens(), 401)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def test_upgrades_with_too_large_headers_are_answered_with_400(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"{place.url.replace('http', 'ws')}/tunnel"
    for headers in ({"X-Long": "x" * 8_100}, {f"X-{number}": "x" for number in range(120)}):
        with pytest.raises(InvalidStatus) as caught:
            connect(url, additional_headers=headers, proxy=None)
        assert caught.value.response.status_code == 400
    assert not [record for record in caplog.records if record.exc_info]


def test_a_request_without_upgrade_is_told_to_upgrade(client: httpx.Client) -> None:
    answer = client.get("/tunnel")

    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
    assert client.post("/tunnel").status_code == 404


def test_other_paths_have_no_websocket(place: Place) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{place.url.replace('http', 'ws')}/orgs/acme/agents", proxy=None)

    assert caught.value.response.status_code == 403


def test_fault_rules_apply_to_agents_before_their_token_is_checked(place: Place, one: Pair) -> None:
    place.register(one)
    place.emulator.faults.add(FaultRule(FaultKind.TOO_MANY_REQUESTS, path="^/tunnel$", retry_after=9))
    place.emulator.faults.add(FaultRule(FaultKind.CUT_BEFORE_EFFECT, path="^/tunnel$", after=1))

    with pytest.raises(InvalidStatus) as caught:
        place.connect(place.token(one))
    answer = caught.value.response
    with pytest.raises((InvalidMessage, InvalidHandshake, EOFError)):
        place.connect(place.token(one))
    with place.connect(place.token(one)):
        connected = len(place.emulator.tunnels.connections())

    assert (answer.status_code, answer.headers["Retry-After"], connected) == (429, "9", 1)
    statuses = [entry.status for entry in place.emulator.log.entries() if entry.path == "/tunnel"]
    assert statuses == [429, 0, 101]


def test_a_server_that_stops_disconnects_its_agents(one: Pair) -> None:
    with Emulator(organizations=["acme"], clock=lambda: START) as emulator:
        serving = _serving(emulator)
        place = next(serving)
        place.register(one)
        with place.connect(place.token(one)) as socket:
            next(serving, None)
            code, _ = _end(socket)

        assert code == 1012
        assert emulator.tunnels.connections() == []


def test_only_rsa_keys_sign_tokens() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    with pytest.raises(ValueError, match="RSA"):
        sign_token(pem, ["acme"], now=START + timedelta())
