"""What every request shares: store, clock, faults, log, and the rules of this emulator."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.emulator.choices import Choices
from reconciler.emulator.clock import Clock
from reconciler.emulator.faults import Faults
from reconciler.emulator.polls import Polls
from reconciler.emulator.request_log import RequestLog
from reconciler.emulator.store import Store


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
