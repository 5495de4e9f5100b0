"""Where faults are tried: the repository at its transition, an emulator behind the proxy, a record in files.

The state before the transition is made once; every trial starts from a copy of it.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import cast

import httpx

from reconciler.emulator import Emulator
from reconciler.emulator.store import Store
from reconciler.emulator.wire import Document
from reconciler.inventory.file import FileInventory
from reconciler.inventory.git_ref import GitInventory
from reconciler.inventory.store import InventoryStore
from reconciler.model.identity import TargetName
from reconciler.model.record import Inventory
from reconciler.model.secret import Secret
from reconciler.orchestrator.access import EnvironmentTransport
from reconciler.orchestrator.client import Access, Endpoint, Orchestrator, Retry
from reconciler.passes.reconcile import Adapters
from reconciler.repository.cache import Cache
from reconciler.repository.launch import Launcher
from reconciler.repository.remote import look_up
from reconciler.settings import Settings
from reconciler.source.git import open_remote
from reconciler.source.tree import Tree
from tests.faults import estate
from tests.faults.canary import DIGEST_KEY, TOKEN
from tests.faults.proxy import Proxy
from tests.programs import in_front
from tests.repositories import run
from tests.scenarios.world import SWITCHED, World, timeless


@dataclass
class NetworkWorld(World):
    """A world whose clients send over a real socket; retries do not wait, but what they would wait is added up."""

    url: str = ""
    waited_s: list[float] = field(default_factory=list)

    @property
    def store(self) -> InventoryStore:
        return FileInventory(self.inventories, "test", lock_wait_s=_LOCK_WAIT_S)

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


_LOCK_WAIT_S = 1.0
_GIT_WAIT_S = 3.0
"""Replaces the limit for one git command: a run meets it twice, and has to stay below `trial.LONGEST_RUN_S`."""
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

    def recorded(self) -> object:
        """The record as it is kept."""
        return {path: path.read_bytes() for path in self.records.rglob("*") if path.is_file()}

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
                name: [
                    (key, d) for key, d in shelf.partitions.get(organization, {}).items() if chosen((key, d))
                ]
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
        estate.replace_files(self.world.root, estate.files_after())
        self.world.environment = dict(estate.ENVIRONMENT_AFTER)
        self.world.waited_s.clear()
        self.proxy.requests = self.proxy.strayed = 0


@dataclass
class GitWorld(NetworkWorld):
    """A world whose files come from a remote repository, and whose record is in refs of it."""

    origin: Path = Path()
    clone: Path = Path()
    cache: Path = Path()
    environment_of_git: dict[str, str] = field(default_factory=dict)

    @property
    def launcher(self) -> Launcher:
        return Launcher(self.environment_of_git or dict(os.environ), timeout_s=_GIT_WAIT_S)

    @property
    def store(self) -> InventoryStore:
        return GitInventory(self.clone, "test", remote="origin", launcher=self.launcher)

    def adapters(self, access: Access, *, base: Path | None = None) -> Adapters:
        adapters = super().adapters(access, base=base)
        return replace(adapters, read_tree=self._tree, inventory=_Opened(lambda: self.store))

    def _tree(self) -> Tree:
        launcher = self.launcher
        found = look_up(launcher, f"file://{self.origin}", "main")
        return open_remote(Cache(self.cache, launcher).fetched(found)).tree(self.settings.limits)

    def publish(self, files: dict[str, str]) -> None:
        """Commit and push files as somebody does who works in the repository."""
        estate.replace_files(self.root, files)
        for words in (
            ("add", "--all"),
            ("commit", "--quiet", "-m", "x"),
            ("push", "--quiet", "origin", "main"),
        ):
            run(self.root, *words)


class _Opened:
    """A store that is opened when it is used first, as a run does: what fails then is a failure of the run."""

    def __init__(self, open_: Callable[[], InventoryStore]) -> None:
        self._open = open_
        self._lock = Lock()
        self._store: InventoryStore | None = None

    def read(self, target: str) -> Inventory:
        return self._opened().read(target)

    def write(self, inventory: Inventory) -> None:
        self._opened().write(inventory)

    def _opened(self) -> InventoryStore:
        with self._lock:
            self._store = self._store or self._open()
            return self._store


@dataclass
class GitGround(Ground):
    """A ground with Git instead of folders."""

    def reset(self) -> None:
        """Go back to the moment before the transition."""
        super().reset()
        assert isinstance(self.world, GitWorld)
        for name in ("origin", "clone", "cache"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            if (self.folder / f"{name}-before").exists():
                shutil.copytree(self.folder / f"{name}-before", self.folder / name, symlinks=True)
        self.world.environment_of_git = {}

    def recorded(self) -> object:
        """The refs of the remote repository, those of records included."""
        return run(self.folder / "origin", "for-each-ref")

    @contextlib.contextmanager
    def git_in_front(self, script: str) -> Iterator[None]:
        """Use a script that is run before git; `@REAL@` in it is the path of git."""
        real = shutil.which("git")
        assert real is not None
        assert isinstance(self.world, GitWorld)
        text = f'{script.replace("@REAL@", real)}\nexec {real} "$@"'
        self.world.environment_of_git = in_front(self.folder, text)
        try:
            yield
        finally:
            self.world.environment_of_git = {}


@contextlib.contextmanager
def git_ground(folder: Path) -> Iterator[GitGround]:
    """As `ground`, with a remote repository for the files and the record."""
    with Emulator(organizations=estate.ORGANIZATIONS) as emulator, Proxy(emulator.transport()) as proxy:
        estate.seed(emulator)
        origin, clone, root = folder / "origin", folder / "clone", folder / "repository"
        run(folder, "init", "--quiet", "--bare", str(origin))
        run(folder, "clone", "--quiet", str(origin), str(root))
        run(root, "checkout", "--quiet", "-B", "main")
        world = GitWorld(
            root,
            emulator,
            settings(proxy.url),
            folder / "inventory",
            digest_key=DIGEST_KEY.encode(),
            environment=dict(estate.ENVIRONMENT_BEFORE),
            url=proxy.url,
            origin=origin,
            clone=clone,
            cache=folder / "cache",
        )
        world.publish(estate.files_before())
        run(folder, "clone", "--quiet", str(origin), str(clone))
        result = world.apply()
        assert result.exit_code() == 0, (result.error, result.findings, result.outcomes)
        world.publish(estate.files_after())
        shutil.copytree(origin, folder / "origin-before")
        shutil.copytree(clone, folder / "clone-before", symlinks=True)
        (folder / "records-before").mkdir()
        made = GitGround(folder, emulator, proxy, world, _copy(emulator))
        made.theirs_before = made.theirs()
        made.reset()
        yield made


@contextlib.contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """The ground, made by one apply of the files before the transition."""
    with Emulator(organizations=estate.ORGANIZATIONS) as emulator, Proxy(emulator.transport()) as proxy:
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
