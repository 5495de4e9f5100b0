"""Values of secrets that documents refer to: from the environment, files outside the tree and Secrets on clusters.

Nothing here is printed or logged; reasons name the variable or the file, never its content.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

from reconciler.cli.edges.clusters import Clusters, kubeconfig_path
from reconciler.cli.edges.tree_paths import is_inside, real
from reconciler.cli.regular_file import NotRegularError, content_of_file
from reconciler.cluster.access import SERVICE_ACCOUNT
from reconciler.errors import ClusterError
from reconciler.inventory.digest_key import FILE_NAME
from reconciler.model.secret import Secret
from reconciler.model.secret_source import ClusterSecret, EnvironmentVariable, NotAtHand, SecretFile, Source
from reconciler.orchestrator.waiting import Waits
from reconciler.settings import FileInventory, Settings, Token

MAX_SECRET_FILE_BYTES = 65_536


_SHORTEST_TOKEN = 8
"""Characters; shorter values are no tokens, and occur in ordinary words."""
_OF_THE_SYSTEM = ("proc", "sys", "dev")
"""Folders at the root whose files the kernel makes: some show what no file contains."""
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  a place for secrets that must not reach a disk


class HandedInSecrets:
    """Looks up values for one pass; each is read once.

    `base` is the folder of the settings, to which paths are relative. `tree` is the root of the files, None where
    they are not on this machine: a secret file inside the tree is refused, because it would be in Git.
    `service_account` is the folder of the pod's credentials.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        base: Path,
        tree: Path | None,
        waits: Waits | None = None,
        service_account: Path = SERVICE_ACCOUNT,
    ) -> None:
        self._environment = environment
        self._base = base
        self._tree = tree
        tokens = list(own_tokens(settings))
        self._own_variables = {token.env: place for token, place in tokens if token.env is not None}
        self._own_files = {
            real(base / Path(token.file).expanduser()): place
            for token, place in tokens
            if token.file is not None
        }
        folder = base / (settings.inventory.file or FileInventory()).directory
        self._own_files[real(folder / FILE_NAME)] = "inventory.file"
        self._own_files |= _own_cluster_files(settings, base, service_account)
        passed_on = {name: value for name, value in environment.items() if name not in self._own_variables}
        self.clusters = Clusters(
            settings, passed_on, base=base, tree=tree, waits=waits, service_account=service_account
        )
        self._lock = Lock()
        self._known: dict[Source, Secret | NotAtHand] = {}

    def __call__(self, source: Source) -> Secret | NotAtHand:
        """The value, or the reason why it is unavailable."""
        # Targets are read side by side: all of them must see one value, and a plugin runs once.
        with self._lock:
            if source not in self._known:
                self._known[source] = self._looked_up(source)
            return self._known[source]

    def _looked_up(self, source: Source) -> Secret | NotAtHand:
        match source:
            case EnvironmentVariable(name=name):
                return self._variable(name)
            case SecretFile(path=path):
                return self._file(path)
            case ClusterSecret():
                return self.clusters.entry(source)

    def _variable(self, name: str) -> Secret | NotAtHand:
        if name in self._own_variables:
            place = self._own_variables[name]
            return NotAtHand(
                f"environment variable {name} is `{place}` in the settings, which is never passed on"
            )
        text = self._environment.get(name)
        if not text:
            return NotAtHand(f"environment variable {name} is {'not set' if text is None else 'empty'}")
        own = self._own_value_in(Secret(text))
        if own is not None:
            return NotAtHand(
                f"environment variable {name} contains the value of `{own}`, which is never passed on"
            )
        return Secret(text)

    def _file(self, path: str) -> Secret | NotAtHand:
        try:
            given = self._base / Path(path).expanduser()
            found = real(given)
        except (OSError, RuntimeError, ValueError):
            return NotAtHand(f"file {path} cannot be found")
        if self._tree is not None and is_inside(self._tree, given):
            return NotAtHand(f"file {path} is inside the tree, which must not contain secrets")
        if found in self._own_files:
            return NotAtHand(
                f"file {path} is `{self._own_files[found]}` in the settings, which is never passed on"
            )
        if found.parts[1:2] and found.parts[1] in _OF_THE_SYSTEM and not found.is_relative_to(_SHARED_MEMORY):
            return NotAtHand(
                f"file {path} belongs to the system, which can show the environment and its tokens"
            )
        content = read_secret_file(found)
        if isinstance(content, str):
            return NotAtHand(f"file {path} {content}")
        place = self._own_value_in(content)
        if place is not None:
            return NotAtHand(f"file {path} contains the value of `{place}`, which is never passed on")
        return content

    def _own_value_in(self, content: Secret) -> str | None:
        """Place of the setting whose token, from a variable, is part of the content; None if none is."""
        text = content.reveal()
        for name, place in self._own_variables.items():
            value = self._environment.get(name, "")
            if len(value) >= _SHORTEST_TOKEN and isinstance(text, str) and value in text:
                return place
        return None


def own_tokens(settings: Settings) -> "list[tuple[Token, str]]":
    """Every secret that the settings refer to, with its place in the settings."""
    found: list[tuple[Token | None, str]] = [(settings.inventory.digestKey, "inventory.digestKey")]
    for name, target in settings.targets.items():
        for member, connection in (("orchestrator", target.orchestrator), ("runners", target.runners)):
            token = None if connection is None else connection.token
            found.append((token, f"targets.{name}.{member}.token"))
    return [(token, place) for token, place in found if token is not None]


def _own_cluster_files(settings: Settings, base: Path, service_account: Path) -> dict[Path, str]:
    """Files with the credentials for clusters, with their place in the settings."""
    found = {}
    for name, cluster in settings.clusters.items():
        if cluster.kubeconfig is not None:
            with suppress(ClusterError):
                found[real(kubeconfig_path(base, cluster.kubeconfig.path))] = f"clusters.{name}.kubeconfig"
        if cluster.inCluster:
            found[real(service_account / "token")] = f"clusters.{name}.inCluster"
    return found


def read_secret_file(path: Path) -> Secret | str:
    """The text of a file without its final line break, or what is wrong with it, phrased to follow the file's name."""
    try:
        content = content_of_file(path, MAX_SECRET_FILE_BYTES)
    except NotRegularError:
        return "is not a regular file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if len(content) > MAX_SECRET_FILE_BYTES:
        return f"is larger than {MAX_SECRET_FILE_BYTES} bytes"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    text = text.removesuffix("\n").removesuffix("\r")
    return Secret(text) if text else "is empty"
