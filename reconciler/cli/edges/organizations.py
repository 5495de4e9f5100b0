"""The organizations of a pass: a client for each target, or the embedded orchestrator.

Also decides whether the clients may write.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.edges.secrets import Endpoints, Secrets
from reconciler.cli.edges.settings import LOCAL, LOCAL_URL, FoundSettings
from reconciler.cli.request import Request
from reconciler.errors import SettingsError
from reconciler.inventory.private_file import replace_private
from reconciler.model.identity import TargetName
from reconciler.model.secret import Secret
from reconciler.passes.result import Purpose
from reconciler.settings import Target

if TYPE_CHECKING:  # httpx costs start-up time, which validate does not need to spend
    from reconciler.orchestrator.client import Orchestrator, Transport
    from reconciler.orchestrator.volume import Volume

_LOCAL_STATE = Path(".reconciler") / "emulator.db"
_LOCAL_ENV_TYPES = ("development", "staging", "production")
"""Every real organization has some; without them, an empty v2 list would not prove that the organization exists."""
_LOCAL_TOKEN = Secret("practice")
"""The embedded orchestrator accepts any token, but requires one, like the real one."""

Connect = Callable[[TargetName], "Orchestrator"]


def local_state(request: Request) -> Path:
    """Path of the state file of the embedded orchestrator."""
    return request.directory / _LOCAL_STATE


@contextmanager
def connecting(request: Request, found: FoundSettings) -> Iterator[Connect]:
    """A function that opens the client of a target.

    Raises SettingsError with every missing token at once if no target can be reached, unless the request examines;
    the function raises it for a target without its token.
    """
    chosen = {
        name: target
        for name, target in found.settings.targets.items()
        if not request.targets or name in request.targets
    }
    is_asked = request.purpose is not Purpose.VALIDATE
    with _transport(
        local_state(request), is_local=found.is_local and is_asked, writes=request.writes
    ) as transport:
        endpoints = _endpoints(request, found, chosen) if is_asked else {}

        volumes: list[Volume] = []

        def connect(name: TargetName) -> "Orchestrator":
            from reconciler.orchestrator.client import Access, Orchestrator  # noqa: PLC0415  brings httpx
            from reconciler.orchestrator.retry import Retry  # noqa: PLC0415  as above
            from reconciler.orchestrator.volume import Volume  # noqa: PLC0415  as above

            pair = endpoints[name]
            if isinstance(pair, SettingsError):
                raise pair
            if not volumes:
                volumes.append(Volume())
            v1, v2 = pair
            return Orchestrator(
                found.settings.place(name),
                v1=v1,
                v2=v2,
                access=Access.READ_WRITE if request.writes else Access.READ_ONLY,
                transport=transport,
                retry=Retry(stop=request.stop),
                concurrency=found.settings.apply.concurrency,
                waits=request.waits,
                volume=volumes[0],
            )

        yield connect


def _endpoints(request: Request, found: FoundSettings, chosen: Mapping[str, Target]) -> Endpoints:
    """Addresses and tokens of the chosen targets."""
    if not found.is_local:
        secrets = Secrets(request.environment, found.base)
        return secrets.each_endpoint(chosen)[0] if request.examines else secrets.endpoints(chosen)
    from reconciler.orchestrator.http import Endpoint  # noqa: PLC0415  brings httpx

    embedded = Endpoint(LOCAL_URL, _LOCAL_TOKEN)
    return {LOCAL: (embedded, embedded)}


@contextmanager
def _transport(state: Path, *, is_local: bool, writes: bool) -> "Iterator[Transport | None]":
    """Transport to the embedded orchestrator, None for a real one. A read-only command creates no state file."""
    if not is_local:
        yield None
        return
    from reconciler.emulator import Emulator, StateFileError  # noqa: PLC0415  costs start-up time

    is_new = not state.exists()
    keeps = writes or not is_new
    if writes:
        _own_folder(state.parent)
    try:
        emulator = Emulator(state if keeps else None, [LOCAL])
    except StateFileError as error:
        raise SettingsError(f"the embedded orchestrator cannot use {state}: {error}") from error
    with emulator:
        if is_new:
            emulator.seed({"organization": LOCAL, "env_types": [{"id": name} for name in _LOCAL_ENV_TYPES]})
        yield lambda _: emulator.transport()


def _own_folder(folder: Path) -> None:
    """Create the folder with a `.gitignore` that keeps it out of Git: its content belongs to this machine."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not os.path.lexists(ignore):
            replace_private(ignore, b"*\n")
    except OSError as error:
        raise SettingsError(f"cannot write {folder}: {error.strerror}") from error
