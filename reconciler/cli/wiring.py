"""The composition root: from the command line and the settings file to the adapters of a pass.

The only place that turns names of environment variables into values, chooses a source, an
inventory and a client, and decides whether a client may write.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.options import SourceOptions
from reconciler.errors import InventoryError, SettingsError, UsageError
from reconciler.inventory.digest_key import digest_key, existing_digest_key
from reconciler.inventory.file import FileInventory
from reconciler.inventory.git_ref import Access as GitAccess
from reconciler.inventory.git_ref import GitInventory, cached_repository
from reconciler.inventory.none import NoInventory
from reconciler.inventory.store import InventoryStore
from reconciler.model.excerpt import Excerpt
from reconciler.model.finding import Finding
from reconciler.model.identity import TargetName
from reconciler.model.origin import Origin
from reconciler.model.secret import Secret
from reconciler.orchestrator.waiting import Waits
from reconciler.passes.reconcile import Adapters
from reconciler.passes.result import Purpose
from reconciler.plan.selection import Selection
from reconciler.settings import (
    FILE_NAME,
    Connection,
    Limits,
    Settings,
    Target,
    Token,
)
from reconciler.settings import (
    FileInventory as FileInventorySettings,
)
from reconciler.source.directory import read_directory
from reconciler.source.excerpt import excerpts
from reconciler.source.git import is_tracked, merge_base, read_remote, read_revision
from reconciler.source.loader import Loader
from reconciler.source.settings_file import connection_places, parse_settings
from reconciler.source.tree import Tree

if TYPE_CHECKING:  # httpx and cryptography cost start-up time that a validation need not spend
    from reconciler.model.key import PublicKey
    from reconciler.orchestrator.client import Orchestrator, Transport
    from reconciler.orchestrator.http import Endpoint

LOCAL = "local"
"""Name and organization of the only target where there is no settings file."""
_MISNAMED = ("reconciler.yml", ".reconciler.yaml", ".reconciler.yml")
LOCAL_STATE = Path(".reconciler") / "emulator.db"
_LOCAL_URL = "http://embedded"
_LOCAL_ENV_TYPES = ("development", "staging", "production")
"""Every real organization has some; without any, an empty v2 list would not prove that it exists."""
_LOCAL_TOKEN = Secret("practice")
"""The embedded orchestrator takes any token, and as the real one it wants one."""
_MAX_SECRET_FILE_BYTES = 65_536
Endpoints = Mapping[str, tuple["Endpoint | None", "Endpoint | None"]]
"""Those of both APIs, by target."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for. `environment` is that of the process."""

    purpose: Purpose
    directory: Path
    config: Path | None
    source: SourceOptions
    environment: Mapping[str, str]
    targets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    concurrency: int | None = None
    saves_plan: bool = False
    """True where an apply will be bound to what is planned."""
    waits: Waits = field(default_factory=Waits)
    """What the clients of this run wait for."""

    @property
    def writes(self) -> bool:
        """True where the world may be changed."""
        return self.purpose is Purpose.APPLY


@dataclass(frozen=True, slots=True)
class Composition:
    """Everything a pass is called with."""

    settings: Settings
    adapters: Adapters
    selection: Selection
    warnings: tuple[Finding, ...]
    """Findings about the settings file."""
    excerpts: Mapping[Origin, Excerpt]
    """Lines of it that they point at."""
    is_local: bool
    """True where the embedded orchestrator is used, because there is no settings file."""
    local_state: Path
    places: Mapping[tuple[str, ...], Origin]
    """Lines of the settings that connect each target, by path."""


def new_loader(settings: Settings) -> Loader:
    """A loader that remembers what it parsed."""

    def inspect(pem: str) -> "PublicKey":
        from reconciler.keystore.public_key import inspect_public_key  # noqa: PLC0415  only where there are keys

        return inspect_public_key(pem)

    return Loader(settings.limits, inspect)


@dataclass(frozen=True, slots=True)
class FoundSettings:
    """Settings, the warnings about them, and the folder that paths in them are relative to."""

    settings: Settings
    warnings: tuple[Finding, ...]
    base: Path
    is_local: bool = False
    excerpts: Mapping[Origin, Excerpt] = field(default_factory=dict)
    """Lines that the warnings point at."""
    places: Mapping[tuple[str, ...], Origin] = field(default_factory=dict)
    """Lines of what connects each target, by path."""


@contextmanager
def compose(request: Request, *, loader: Loader | None = None) -> Iterator[Composition]:
    """Open everything for one pass, and close it after.

    Raises UsageError for a target that is not in the settings, SettingsError with every missing
    token at once, InventoryError, SourceError.
    """
    found = find_settings(request)
    settings, base = found.settings, found.base
    if request.concurrency is not None:
        applying = settings.apply.model_copy(update={"concurrency": request.concurrency})
        settings = settings.model_copy(update={"apply": applying})
    check_targets(request.targets, settings)
    chosen = {
        name: t for name, t in settings.targets.items() if not request.targets or name in request.targets
    }
    state = request.directory / LOCAL_STATE
    with _transport(
        state, is_local=found.is_local and request.purpose is not Purpose.VALIDATE, writes=request.writes
    ) as transport:
        endpoints = _endpoints(request, found, chosen)
        adapters = Adapters(
            read_tree=_reader(request, settings),
            load=(loader or new_loader(settings)).load,
            connect=_connector(request, settings, endpoints, transport),
            inventory=_inventory(request, settings, base),
            digest_key=_digest_key(request, settings, base),
            now=lambda: datetime.now(UTC),
            read_base=_base_reader(request, settings),
            base_name=request.source.against or "",
        )
        selection = Selection(frozenset(request.targets), frozenset(request.only))
        yield Composition(
            settings, adapters, selection, found.warnings, found.excerpts, found.is_local, state, found.places
        )


def find_settings(request: Request) -> FoundSettings:
    """The settings in force.

    `--config`, else the file in the directory, else (with `--source`) the one in the remote
    tree, else the built-in settings for the embedded orchestrator. Raises SettingsError.
    """
    if request.config is not None:
        return _read_settings(request.config, str(request.config))
    path = request.directory / FILE_NAME
    if os.path.lexists(path):
        return _read_settings(path, FILE_NAME)
    if request.source.url is not None:
        tree = read_remote(request.source.url, request.source.ref, _cache(request), Limits())
        content = tree.files.get(FILE_NAME)
        if content is not None:
            return _parsed(content, FILE_NAME, request.directory)
    _refuse_misplaced(request.directory)
    return FoundSettings(local_settings(), (), request.directory, is_local=True)


def _refuse_misplaced(directory: Path) -> None:
    """Raise SettingsError where settings stand nearby: practising in silence would look like an apply."""
    for name in _MISNAMED:
        if os.path.lexists(directory / name):
            raise SettingsError(
                f"{directory / name} is not read: settings are called {FILE_NAME}",
                advice=f"rename it, or give it with --config {name}",
            )
    for parent in directory.resolve().parents:
        if os.path.lexists(parent / FILE_NAME):
            raise SettingsError(
                f"there is no {FILE_NAME} here, and one in {parent}",
                advice=f"work there (-C {parent}); limit the run with --target or --only",
            )


def _read_settings(path: Path, name: str) -> FoundSettings:
    """Read the file at `path`, which findings call `name`."""
    limit = Limits().max_file_bytes
    try:
        # A pipe or a device could make reading wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise SettingsError(
                f"the settings {path} are no plain file", advice="`reconciler init` writes them"
            )
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise SettingsError(
            f"the settings {path} cannot be read: {error.strerror}", advice="`reconciler init` writes them"
        ) from error
    if len(content) > limit:
        raise SettingsError(f"the settings {path} are larger than {limit} bytes")
    return _parsed(content, name, path.parent)


def _parsed(content: bytes, name: str, base: Path) -> FoundSettings:
    settings, warnings = parse_settings(content, name)
    quoted = excerpts({name: content}, (warning.origin for warning in warnings))
    return FoundSettings(settings, warnings, base, excerpts=quoted, places=connection_places(content, name))


def local_settings() -> Settings:
    """One target, one organization, every file, kept in process."""
    connection = Connection(url=_LOCAL_URL)
    target = Target(organization=LOCAL, orchestrator=connection, runners=connection)
    return Settings(version=1, instance=LOCAL, targets={LOCAL: target})


def _endpoints(request: Request, found: FoundSettings, chosen: Mapping[str, Target]) -> Endpoints:
    """Addresses and tokens of the chosen targets; none where nothing is asked of an orchestrator."""
    if request.purpose is Purpose.VALIDATE:
        return {}
    from reconciler.orchestrator.http import Endpoint  # noqa: PLC0415  brings httpx

    if found.is_local:
        embedded = Endpoint(_LOCAL_URL, _LOCAL_TOKEN)
        return {LOCAL: (embedded, embedded)}
    return _Secrets(request.environment, found.base).endpoints(chosen)


def check_targets(names: tuple[str, ...], settings: Settings) -> None:
    """Raise UsageError for a target that is not in the settings."""
    for name in names:
        if name not in settings.targets:
            near = get_close_matches(name, settings.targets, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(settings.targets)}"
            raise UsageError(f"there is no target {name!r} in the settings", advice=hint)


def _cache(request: Request) -> Path:
    """Folder of fetched repositories (XDG Base Directory Specification)."""
    given = request.environment.get("XDG_CACHE_HOME", "")
    root = Path(given) if given.startswith("/") else Path(request.environment.get("HOME", ".")) / ".cache"
    return root / "reconciler"


def _reader(request: Request, settings: Settings) -> Callable[[], Tree]:
    source = request.source
    url = source.url
    if url is not None:
        return lambda: read_remote(url, source.ref, _cache(request), settings.limits)
    rev = source.rev
    if rev is not None:
        return lambda: read_revision(request.directory, rev, settings.limits)
    return lambda: read_directory(request.directory, settings.limits)


def _base_reader(request: Request, settings: Settings) -> Callable[[], Tree] | None:
    against = request.source.against
    if against is None:
        return None
    here = request.source.rev or "HEAD"

    def read() -> Tree:
        return read_revision(request.directory, merge_base(request.directory, against, here), settings.limits)

    return read


def _inventory(request: Request, settings: Settings, base: Path) -> InventoryStore:
    chosen = settings.inventory
    if chosen.none:
        return NoInventory(settings.instance)
    if chosen.git is not None:
        place, remote = request.directory, chosen.git.remote
        if request.source.url is not None:
            remote = remote or request.source.url
            place = cached_repository(remote, _cache(request) / "inventory", environment=request.environment)
        return GitInventory(
            place,
            settings.instance,
            remote=remote,
            access=GitAccess.WRITE if request.writes else GitAccess.READ,
            environment=request.environment,
        )
    folder = _inventory_folder(settings, base)
    if is_tracked(folder):
        raise InventoryError(
            f"the record in {folder} is tracked by Git: whoever may change the files could claim to own anything",
            advice=f"take it out: git rm -r --cached {folder}; in CI keep it in a ref: `inventory: {{git: …}}`",
        )
    return FileInventory(folder, settings.instance)


def _inventory_folder(settings: Settings, base: Path) -> Path:
    return base / (settings.inventory.file or FileInventorySettings()).directory


def _digest_key(request: Request, settings: Settings, base: Path) -> bytes | None:
    """Key of the digests of sent secrets, None where there is none: then literals cannot be compared.

    Whatever only looks reads the key file and never makes it. A plan that is saved makes it, as an
    apply does: literals enter the saved plan by their keyed digest, so a key that appears between
    the two would make the plan stale. Where it may not write the folder, it does without.
    """
    if request.purpose is Purpose.VALIDATE or settings.inventory.none:
        return None
    token = settings.inventory.digestKey
    if token is not None:
        try:
            text = _Secrets(request.environment, base).value(token, "inventory.digestKey").reveal()
        except SettingsError:
            if request.writes or request.saves_plan:
                raise
            return (
                None  # a preview on a branch that is not trusted has no key; literals show as not comparable
            )
        return str(text).encode()
    if settings.inventory.git is not None:
        return None
    folder = _inventory_folder(settings, base)
    if request.writes:
        return digest_key(folder)
    if request.saves_plan:
        with suppress(InventoryError):
            return digest_key(folder)
    return existing_digest_key(folder)


def _connector(
    request: Request,
    settings: Settings,
    endpoints: Endpoints,
    transport: "Transport | None",
) -> "Callable[[TargetName], Orchestrator]":
    def connect(name: TargetName) -> "Orchestrator":
        from reconciler.orchestrator.client import Access, Orchestrator  # noqa: PLC0415  brings httpx

        v1, v2 = endpoints[name]
        return Orchestrator(
            settings.place(name),
            v1=v1,
            v2=v2,
            access=Access.READ_WRITE if request.writes else Access.READ_ONLY,
            transport=transport,
            concurrency=settings.apply.concurrency,
            waits=request.waits,
        )

    return connect


class _Secrets:
    """Turns names of variables and files into values; collects what is missing."""

    def __init__(self, environment: Mapping[str, str], base: Path) -> None:
        self._environment = environment
        self._base = base
        self._missing: list[str] = []

    def endpoints(self, targets: Mapping[str, Target]) -> Endpoints:
        """Endpoints of both APIs by target. Raises SettingsError naming every missing token."""
        found = {
            name: (
                self._endpoint(target.orchestrator, f"targets.{name}.orchestrator.token"),
                self._endpoint(target.runners, f"targets.{name}.runners.token"),
            )
            for name, target in targets.items()
        }
        self._raise_missing()
        return found

    def value(self, token: Token, place: str) -> Secret:
        """One secret. Raises SettingsError."""
        found = self._found(token, place)
        self._raise_missing()
        assert found is not None
        return found

    def _endpoint(self, connection: Connection | None, place: str) -> "Endpoint | None":
        if connection is None:
            return None
        from reconciler.orchestrator.http import UNSENDABLE, Endpoint, is_sendable  # noqa: PLC0415  brings httpx

        token = None if connection.token is None else self._found(connection.token, place)
        if token is not None and connection.token is not None and not is_sendable(token):
            self._missing.append(f"{self._origin(connection.token)} ({place}) {UNSENDABLE}")
        return Endpoint(connection.url, token)

    def _found(self, token: Token, place: str) -> Secret | None:
        if token.env is not None:
            text = self._environment.get(token.env, "").strip()
            if not text:
                self._missing.append(f"environment variable {token.env} ({place}) is not set")
                return None
            return Secret(text)
        path = self._base / Path(token.file or "").expanduser()
        try:
            with path.open("rb") as stream:
                text = stream.read(_MAX_SECRET_FILE_BYTES).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self._missing.append(f"file {token.file} ({place}) cannot be read: {reason}")
            return None
        if not text:
            self._missing.append(f"file {token.file} ({place}) is empty")
            return None
        return Secret(text)

    @staticmethod
    def _origin(token: Token) -> str:
        return f"file {token.file}" if token.env is None else f"environment variable {token.env}"

    def _raise_missing(self) -> None:
        if self._missing:
            raise SettingsError(
                "; ".join(dict.fromkeys(self._missing)),
                advice="set what is missing, correct what is refused; `reconciler validate` needs no token",
            )


@contextmanager
def _transport(state: Path, *, is_local: bool, writes: bool) -> "Iterator[Transport | None]":
    """The embedded orchestrator's door. What only looks leaves no state file behind."""
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
    """Make our folder, kept out of Git: what it holds belongs to this machine."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not os.path.lexists(ignore):
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"cannot write {folder}: {error.strerror}") from error
