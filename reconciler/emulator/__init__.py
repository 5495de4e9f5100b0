"""A practice orchestrator: both APIs of the Platform Orchestrator, for tests, demos and CI.

    with Emulator(organizations=["acme"]) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")

    from reconciler.emulator.web.server import running, serve
    with running(emulator) as url: ...          # the same emulator on a loopback port
    serve(port=8480, state_file=path)           # for people and containers; blocks

Handles: `app` (ASGI), `seed(...)`, `deploy(...)`, `reset()`, `faults.add(FaultRule(...))`,
`log.entries()`, `clock.advance(seconds=...)`, `tunnels.connections()`, `jobs.queue({...})`.
The same over HTTP under `/_emulator`.

Layout: `web` receives requests (`server` and `transport` are its doors, `control` the control
plane, `tunnel_door` the agents' tunnel), `v1`, `v2` and `dataplane` contain the operations
(`operations` lists them), `faults` and `fault_effects` the misbehaviour, `store` and
`state_file` the state, `seed` adds to it.

Deliberately shares no code with the rest of `reconciler`, so that a mistake in the client shows
up as a disagreement. Facts come from the two API references; docs/emulator.md lists the choices
made where those are silent.
"""

from reconciler.emulator.choices import (
    Choices,
    CriterionIds,
    ExpiredKeys,
    InUse,
    SharedKey,
    UnknownAccounts,
    UnknownFields,
    UnknownTypes,
)
from reconciler.emulator.emulator import Emulator
from reconciler.emulator.failure import ApiError, StateFileError
from reconciler.emulator.faults import FaultKind, FaultRule, InvalidFaultError
from reconciler.emulator.request_log import Effect, Entry
from reconciler.emulator.v1.tunnel import Connection, Refusal
from reconciler.emulator.v1.tunnel_token import sign_token

__all__ = [
    "ApiError",
    "Choices",
    "Connection",
    "CriterionIds",
    "Effect",
    "Emulator",
    "Entry",
    "ExpiredKeys",
    "FaultKind",
    "FaultRule",
    "InUse",
    "InvalidFaultError",
    "Refusal",
    "SharedKey",
    "StateFileError",
    "UnknownAccounts",
    "UnknownFields",
    "UnknownTypes",
    "sign_token",
]
