"""The emulator as one object: both APIs, one store, and the handles on it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from reconciler.emulator.choices import Choices
from reconciler.emulator.clock import Clock
from reconciler.emulator.dataplane.jobs import Jobs
from reconciler.emulator.failure import ApiError
from reconciler.emulator.faults import Faults
from reconciler.emulator.operations import OPERATIONS
from reconciler.emulator.organization import ORGANIZATIONS
from reconciler.emulator.polls import Polls
from reconciler.emulator.request_log import RequestLog
from reconciler.emulator.seed import Seeder
from reconciler.emulator.setting import Setting
from reconciler.emulator.store import Store, Transaction
from reconciler.emulator.v1.collections import V1_COLLECTIONS
from reconciler.emulator.v1.resource_types import check_type_name
from reconciler.emulator.v1.tunnel import Tunnels
from reconciler.emulator.v2.collections import CREDENTIALS, V2_COLLECTIONS
from reconciler.emulator.web.application import application
from reconciler.emulator.web.control import control_routes
from reconciler.emulator.web.tunnel_door import tunnel_routes
from reconciler.emulator.wire import Document

if TYPE_CHECKING:
    from reconciler.emulator.web.transport import EmulatorTransport

DEFAULT_MAX_BODY_BYTES = 8 * 1024 * 1024
"""Largest request body; far above any real definition."""


class Emulator:
    """A practice orchestrator.

    `state_file` is one SQLite file, locked exclusively; without it the state ends with the
    object. `organizations` are registered at start; if none is given or stored, v1
    opens any organization on its first use. `tokens` maps known tokens to names; None
    accepts any token. `read_only` lists names of callers whose writes are refused with 403;
    a sender identified by `From` is named by its UUID. `clock` returns an aware datetime.

    Raises StateFileError if the file cannot be used, ApiError for an invalid id of an
    organization or a resource type. Usable as a context manager.
    """

    def __init__(
        self,
        state_file: Path | None = None,
        organizations: Sequence[str] = (),
        *,
        tokens: Mapping[str, str] | None = None,
        read_only: Collection[str] = (),
        clock: Callable[[], datetime] | None = None,
        choices: Choices | None = None,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    ) -> None:
        chosen = choices or Choices()
        for name in chosen.resource_types:
            check_type_name(name)
        self._organizations = tuple(organizations)
        self._store = Store((ORGANIZATIONS, *V1_COLLECTIONS, *V2_COLLECTIONS), state_file)
        self.clock = Clock(clock)
        self.faults = Faults(self._store)
        self.log = RequestLog(self.clock)
        self.tunnels = Tunnels(self._store, self.clock, chosen)
        self._setting = setting = Setting(
            store=self._store,
            clock=self.clock,
            faults=self.faults,
            log=self.log,
            polls=Polls(),
            choices=chosen,
            tokens=tokens,
            read_only=frozenset(read_only),
            any_organization=not organizations and not self._store.holds(ORGANIZATIONS),
            max_body_bytes=max_body_bytes,
        )
        self._seeder = Seeder(setting, OPERATIONS)
        try:
            self._seeder.register(self._organizations)
            self._seeder.add_types()
        except ApiError:
            self._store.close()
            raise
        self.jobs = Jobs(setting)
        self.clock.watch(lambda: setting.polls.expire(self.clock.now()))
        others = [*control_routes(self), *tunnel_routes(setting, self.tunnels)]
        self.app = application(setting, OPERATIONS, others)

    def transport(self) -> "EmulatorTransport":
        """An httpx transport that reaches this emulator without a network."""
        # Imported here because only this door needs httpx.
        from reconciler.emulator.web.transport import EmulatorTransport  # noqa: PLC0415 - as above

        return EmulatorTransport(self.app)

    def seed(self, seed: Mapping[str, Any]) -> dict[str, int]:
        """Add state without the API; see `Seeder.plant` for the members."""
        return self._seeder.plant(seed)

    def deploy(self, organization: str, project: str, env: str) -> Document:
        """Perform the first deployment of an environment: bind it to the runner chosen by the rules.

        Raises ApiError 404 for an unknown environment, 409 if no rule matches.
        """
        return self._seeder.deploy(organization, project, env)

    def credentials(self, organization: str, runner: str) -> Document | None:
        """Credentials stored for a `kubernetes` runner: `version` and `auth`; None if there are none."""
        with self._store.lock:
            return Transaction(self._store).get(CREDENTIALS, organization, runner)

    def reset(self, *, organizations: Sequence[str] | None = None) -> None:
        """Clear state, log, faults and clock offset, and register organizations again.

        None registers those given at the start. Open tunnels end. Raises ApiError 400 for an
        invalid id; then nothing is cleared.
        """
        names = self._organizations if organizations is None else organizations
        with self._store.lock:
            self._seeder.start_over(names)
            self._setting.any_organization = not names
            self.tunnels.clear()
            self.end_polls()
            self.log.clear()
            self.faults.clear()
            self.clock.offset = timedelta()

    def end_polls(self) -> None:
        """Answer every agent that waits for a message with 204."""
        self._setting.polls.release()

    def close(self) -> None:
        """Release the state file. The emulator cannot be used afterwards."""
        self.end_polls()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
