"""Connections of the agent tunnel: admission, monitoring, and disconnection.

An agent is admitted if the key that signed its token is registered and currently accepted
in every organization that the token names; one refusal refuses all. A connection lasts
as long as this is true: deleting the key or the agent ends it at once (keeping it open
would hide the mistake of removing a key before its successor works).

No network here; `tunnel_door` handles the websocket. Nothing is ever stored.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from reconciler.emulator.choices import Choices
from reconciler.emulator.clock import Clock, milliseconds
from reconciler.emulator.public_keys import rsa_public_key
from reconciler.emulator.store import Store, Transaction
from reconciler.emulator.v1.agent_keys import is_accepted
from reconciler.emulator.v1.collections import AGENT_KEYS
from reconciler.emulator.v1.tunnel_token import Claim, UnacceptableTokenError, read, verify

KEPT_REFUSALS = 1_000
"""Beyond this number older refusals are dropped."""


class RefusedTunnelError(Exception):
    """An agent is refused; `fingerprint` is the key it named, or empty.

    The text is for the owner of the emulator. An agent only gets a 401.
    """

    def __init__(self, reason: str, fingerprint: str = "") -> None:
        super().__init__(reason)
        self.fingerprint = fingerprint


@dataclass(frozen=True)
class Connection:
    """One open tunnel: `agents` maps each organization to the agent that the key identifies there."""

    number: int
    fingerprint: str
    agents: Mapping[str, str]
    connection_id: str
    connected_at: str
    end: Callable[[str], None] = field(repr=False, compare=False)
    """Ends the connection from any thread, telling the agent why."""

    def document(self) -> dict[str, Any]:
        """The connection as JSON values."""
        return {
            "number": self.number,
            "fingerprint": self.fingerprint,
            "agents": dict(self.agents),
            "connection_id": self.connection_id,
            "connected_at": self.connected_at,
        }


@dataclass(frozen=True)
class Refusal:
    """One attempt that got a 401, with its reason."""

    time: str
    fingerprint: str
    reason: str

    def document(self) -> dict[str, Any]:
        """The refusal as JSON values."""
        return asdict(self)


class Tunnels:
    """The open tunnels of one emulator; thread-safe."""

    def __init__(self, store: Store, clock: Clock, choices: Choices) -> None:
        self._store = store
        self._clock = clock
        self._choices = choices
        self._lock = threading.RLock()
        self._number = 0
        self._open: dict[int, Connection] = {}
        self._refusals: deque[Refusal] = deque(maxlen=KEPT_REFUSALS)
        store.watch(self._end_unaccepted, AGENT_KEYS)
        clock.watch(self._end_unaccepted)

    def admit(self, token: str, end: Callable[[str], None]) -> Connection:
        """Admit an agent, or raise RefusedTunnelError.

        `end` is called, from any thread, when the connection has to be closed. A connection of
        the same agents with the same connection id is replaced; those without an id
        coexist, because replicas need not have one.
        """
        now = self._clock.now()
        # One lock around look-up and entry, because a key deleted in between would stay connected.
        with self._store.lock, self._lock:
            try:
                claim, agents = self._proven(token, now)
            except RefusedTunnelError as error:
                self._refusals.append(Refusal(milliseconds(now), error.fingerprint, str(error)))
                raise
            self._number += 1
            entered = Connection(
                self._number, claim.fingerprint, agents, claim.connection_id, milliseconds(now), end
            )
            for other in list(self._open.values()):
                if claim.connection_id and (other.agents, other.connection_id) == (
                    agents,
                    claim.connection_id,
                ):
                    self._end(other, "replaced by a newer connection of this connection id")
            self._open[entered.number] = entered
            return entered

    def leave(self, connection: Connection) -> None:
        """Remove a connection; idempotent."""
        with self._lock:
            self._open.pop(connection.number, None)

    def connections(self) -> list[Connection]:
        """The open tunnels, oldest first."""
        self._end_unaccepted()
        with self._lock:
            return list(self._open.values())

    def refusals(self) -> list[Refusal]:
        """The attempts that got a 401 since the last reset, oldest first."""
        with self._lock:
            return list(self._refusals)

    def drop(self, number: int) -> bool:
        """End one connection as a failing network would; False if there is none with this number."""
        with self._lock:
            connection = self._open.get(number)
            if connection is None:
                return False
            self._end(connection, "dropped through the control plane")
            return True

    def clear(self) -> None:
        """End every connection and clear the refusals."""
        with self._lock:
            for connection in list(self._open.values()):
                self._end(connection, "the emulator was reset")
            self._refusals.clear()

    def _proven(self, token: str, now: datetime) -> tuple[Claim, dict[str, str]]:
        try:
            claim = read(token)
        except UnacceptableTokenError as error:
            raise RefusedTunnelError(str(error)) from error
        state = Transaction(self._store)
        agents = {}
        for organization in claim.organizations:
            held = list(state.find(AGENT_KEYS, "fingerprint", organization, claim.fingerprint))
            if not held:
                raise RefusedTunnelError(f"the key is not registered in {organization}", claim.fingerprint)
            if len(held) > 1:
                raise RefusedTunnelError(
                    f"the key belongs to several agents of {organization}", claim.fingerprint
                )
            key, stored = held[0]
            try:
                verify(token, rsa_public_key(stored["public_key"]), now)
            except UnacceptableTokenError as error:
                raise RefusedTunnelError(str(error), claim.fingerprint) from error
            if not is_accepted(stored, now, self._choices):
                raise RefusedTunnelError(
                    f"the key is not authorized in {organization} now", claim.fingerprint
                )
            agents[organization] = key[1]
        return claim, agents

    def _end_unaccepted(self) -> None:
        now = self._clock.now()
        with self._store.lock, self._lock:
            state = Transaction(self._store)
            for connection in list(self._open.values()):
                for organization, agent in connection.agents.items():
                    stored = state.get(AGENT_KEYS, organization, agent, connection.fingerprint)
                    if stored is None or not is_accepted(stored, now, self._choices):
                        self._end(connection, f"the key is no longer accepted in {organization}")
                        break

    def _end(self, connection: Connection, reason: str) -> None:
        self.leave(connection)
        connection.end(reason)
