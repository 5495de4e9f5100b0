"""Where faults are tried: the repository at its transition, an emulator behind the proxy, a record in files.

The state before the transition is made once; every trial starts from a copy of it.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import httpx

from reconciler.emulator import Emulator
from reconciler.emulator.store import Store
from reconciler.emulator.wire import Document
from reconciler.model.identity import TargetName
from reconciler.model.secret import Secret
from reconciler.orchestrator.access import EnvironmentTransport
from reconciler.orchestrator.client import Access, Endpoint, Orchestrator, Retry
from reconciler.settings import Settings
from tests.faults import estate
from tests.faults.canary import DIGEST_KEY, TOKEN
from tests.faults.proxy import Proxy
from tests.scenarios.world import SWITCHED, World, timeless


@dataclass
class NetworkWorld(World):
    """A world whose clients send over a real socket; retries do not wait, but what they would wait is added up."""

    url: str = ""
    waited_s: list[float] = field(default_factory=list)

    def connect(self, access: Access) -> Callable[[TargetName], Orchestrator]:
        endpoint = Endpoint(self.url, Secret(TOKEN))

        def transport(given: Endpoint) -> httpx.BaseTransport:
            return EnvironmentTransport(given.url, connections=8, certificates=_CERTIFICATES)

        def opened(name: TargetName) -> Orchestrator:
            return Orchestrator(
                self.settings.place(name),
                v1=endpoint,
                v2=endpoint,
                access=access,
                transport=transport,
                retry=Retry(sleep=self.waited_s.append),
            )

        return opened


_CERTIFICATES = httpx.create_ssl_context()


_NAMED = ("definitions", "agents", "agent_keys", "runners", "runner_credentials", "secret_stores")
"""Collections that the transition must leave in one state, and whose keys clients choose."""
_COMPARED = (*_NAMED, "runner_rules")


_COUNTED = frozenset(("_authorized_at", "_secret_version"))
"""Members of the emulator's own: set by the clock, or a count of how often secrets were sent."""


def _without_clock(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in _COUNTED}


def _is_theirs(stored: object) -> bool:
    return any(repr(name) in repr(stored) for name in estate.THEIRS_IDS)


def settings(url: str) -> Settings:
    """Settings for the two organizations, one action at a time, so that calls have an order."""
    connection = {"url": url, "token": {"env": "API_TOKEN"}}
    return Settings.model_validate(
        {
            "version": 1,
            "instance": "test",
            "targets": {
                name: {
                    "organization": name,
                    "paths": [f"orgs/{name}/**"],
                    "orchestrator": connection,
                    "runners": connection,
                }
                for name in estate.ORGANIZATIONS
            },
            "rules": SWITCHED,
            "apply": {"concurrency": 1},
        }
    )


@dataclass
class Ground:
    """One emulator, one proxy and one world, used for one trial after another."""

    folder: Path
    emulator: Emulator
    proxy: Proxy
    world: NetworkWorld
    _before: Store
    theirs_before: object = None

    @property
    def records(self) -> Path:
        """Folder of the record."""
        return self.world.inventories

    def stored(self) -> dict[str, object]:
        """Everything in the store by organization, secrets included, without values set by clock or chance."""
        return {name: self._stored(name, lambda _: True) for name in estate.ORGANIZATIONS}

    def theirs(self) -> object:
        """What belongs to somebody else, in all organizations, unchanged in every respect."""
        return {name: self._stored(name, _is_theirs, whole=True) for name in estate.ORGANIZATIONS}

    def _stored(self, organization: str, chosen: Callable[[object], bool], *, whole: bool = False) -> object:
        store = self.emulator._store
        with store.lock:
            shelves = {
                name: [(key, d) for key, d in shelf.partitions.get(organization, {}).items() if chosen((key, d))]
                for name, shelf in store._shelves.items()
                if whole or name in _COMPARED
            }
        found = {
            name: [_without_clock(d) if name not in _NAMED else [key, _without_clock(d)] for key, d in shelf]
            for name, shelf in shelves.items()
        }
        return found if whole else timeless(found)

    def reset(self) -> None:
        """Go back to the moment before the transition."""
        self.proxy.hang_up()
        self.emulator.faults.clear()
        _restore(self.emulator, self._before)
        self.emulator.log.clear()
        self.emulator.clock.offset = timedelta()
        shutil.rmtree(self.records, ignore_errors=True)
        shutil.copytree(self.folder / "records-before", self.records)
        shutil.rmtree(self.world.root)
        self.world.root.mkdir()
        estate.replace_files(self.world.root, estate.files_after())
        self.world.environment = dict(estate.ENVIRONMENT_AFTER)
        self.world.waited_s.clear()
        self.proxy.requests = self.proxy.strayed = 0


@contextlib.contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """The ground, made by one apply of the files before the transition."""
    with Emulator(organizations=estate.ORGANIZATIONS) as emulator, Proxy(emulator) as proxy:
        estate.seed(emulator)
        root = folder / "repository"
        root.mkdir()
        world = NetworkWorld(
            root,
            emulator,
            settings(proxy.url),
            folder / "inventory",
            digest_key=DIGEST_KEY.encode(),
            environment=dict(estate.ENVIRONMENT_BEFORE),
            url=proxy.url,
        )
        estate.replace_files(root, estate.files_before())
        result = world.apply()
        assert result.exit_code() == 0, (result.error, result.findings, result.outcomes)
        shutil.copytree(world.inventories, folder / "records-before")
        made = Ground(folder, emulator, proxy, world, _copy(emulator))
        made.theirs_before = made.theirs()
        made.reset()
        yield made


def _copy(emulator: Emulator) -> Store:
    return emulator._store.copy()


def _restore(emulator: Emulator, before: Store) -> None:
    store = emulator._store
    copy = before.copy()
    with store.lock:
        store.restore_shelves(cast("dict[str, object]", copy._shelves))  # type: ignore[arg-type]
        store._position = copy._position
