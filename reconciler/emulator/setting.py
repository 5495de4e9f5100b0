"""Shared parts of all requests: store, clock, faults, log, and the settings of this emulator."""

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

    `tokens` maps known tokens to names; None accepts any token. `read_only` names callers
    that cannot write. With `any_organization` v1 opens an organization on its first use;
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
