"""What every request shares: store, clock, faults, log, and the rules of this emulator."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from reconciler.emulator.choices import Choices
from reconciler.emulator.clock import Clock
from reconciler.emulator.dataplane.polls import Polls
from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.faults import Faults
from reconciler.emulator.journal import RequestLog
from reconciler.emulator.store import Store
from reconciler.emulator.v1.collections import OPENED
from reconciler.emulator.v1.opening import open_organization
from reconciler.emulator.v2.collections import ORGANIZATIONS


@dataclass
class Setting:
    """The parts of one emulator.

    `tokens` maps known tokens to names, None takes any token. `read_only` names callers
    who may not write. `any_organization` lets v1 open an organization at its first use;
    otherwise it must be registered.
    """

    store: Store
    clock: Clock
    faults: Faults
    log: RequestLog
    polls: Polls
    choices: Choices
    tokens: Mapping[str, str] | None
    read_only: Collection[str]
    any_organization: bool
    max_body_bytes: int

    def open_v1(self, call: Call) -> None:
        """Make sure that the organization of a v1 request has its built-in objects.

        404 for an organization that is not registered, when that matters. A transaction
        of its own: the request itself may only read.
        """
        if call.state.get(OPENED, call.organization):
            return
        if not self.any_organization and call.state.get(ORGANIZATIONS, call.organization) is None:
            raise ApiError(404, f"organization {call.organization} not found")
        with self.store.transaction() as state:
            open_organization(replace(call, state=state))
