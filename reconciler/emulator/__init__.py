"""A practice orchestrator: both APIs of the Platform Orchestrator, for tests, demos and CI.

    with Emulator(organizations=["acme"]) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")

    from reconciler.emulator.web.server import running, serve
    with running(emulator) as url: ...          # the same emulator on a loopback port
    serve(port=8480, state_file=path)           # for people and containers; blocks

Handles: `app` (ASGI), `seed(...)`, `deploy(...)`, `reset()`, `faults.add(FaultRule(...))`,
`log.entries()`, `clock.advance(seconds=...)`, `tunnels.connections()`, `jobs.queue({...})`.
The same over HTTP under `/_emulator`.

Where things are: `web` takes requests through (`server` and `transport` are its doors, `control`
its control plane, `tunnel_door` the agents' tunnel), `v1`, `v2` and `dataplane` hold the
operations (`operations` lists them), `faults` and `fault_effects` are the misbehaviour, `store` and
`state_file` the state, `seed` what is planted into it.

Shares no code with the rest of `reconciler`, on purpose: the client's mistakes need
something to disagree with. Facts come from the two API references; choices where those
leave room are listed in docs/emulator.md.
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
