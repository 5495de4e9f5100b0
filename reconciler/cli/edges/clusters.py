"""The clusters of the settings: read for `!secret`, and kept as files declare them.

A document can only name a cluster; how it is reached is in the settings, and a kubeconfig in the tree is refused,
because it can contain credentials and the name of a command to run.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.edges.tree_paths import is_inside
from reconciler.cluster.access import SERVICE_ACCOUNT, Access, KubeconfigAccess, PodAccess
from reconciler.cluster.client import ClusterClient, ProbeClient
from reconciler.errors import ClusterAccessError, ClusterError
from reconciler.model.identifier import intended_cluster
from reconciler.model.secret import Secret
from reconciler.model.secret_source import ClusterSecret, NotAtHand
from reconciler.orchestrator.waiting import Waits
from reconciler.settings import Settings

if TYPE_CHECKING:  # the Kubernetes client costs start-up time
    from reconciler.cluster.secret_entry import SecretReader


RENDERED = Path("rendered")
"""Folder of the folders that take the place of clusters where there are no settings."""


class Clusters:
    """Connections to the clusters of the settings for one pass, each made when it is first needed.

    `base` is the folder to which the paths of the settings are relative, `tree` the root of the files, None where
    they are not on this machine. `environment` is passed to the credential plugin of a kubeconfig.
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
        self._clusters = settings.clusters
        self._environment = environment
        self._base = base
        self._tree = tree
        self._waits = waits or Waits()
        self._service_account = service_account
        self._instance = settings.instance
        self._readers: dict[str, SecretReader] = {}

    def entry(self, source: ClusterSecret) -> Secret | NotAtHand:
        """The value of an entry of a Secret, or why it is unavailable and what to do."""
        name = source.cluster
        if name not in self._clusters:
            meant = intended_cluster(name, self._clusters)
            return NotAtHand(
                f"cluster {name} is not in the settings" + (f"; did you mean `{meant}`?" if meant else "")
            )
        try:
            with self._waits.on(f"for cluster {name}"):
                return self._reader(name).entry(source.namespace, source.name, source.key)
        except ClusterError as error:
            advice = f"; {error.advice}" if error.advice else ""
            return NotAtHand(f"cluster {name}: {error}{advice}")

    def rendered(self, *, is_local: bool) -> tuple[str, ...]:
        """Folders inside the tree in which objects are rendered, relative to its root.

        `is_local` is true without settings, where every cluster has a folder.
        """
        folders = [
            Path(one.directory).expanduser() for one in self._clusters.values() if one.directory is not None
        ]
        root = Path(os.path.abspath(self._tree or self._base))  # noqa: PTH100  links are not followed, as in the tree
        found = []
        for folder in (*folders, *((RENDERED,) if is_local else ())):
            whole = Path(os.path.abspath(self._base / folder))  # noqa: PTH100  as above
            if whole != root and whole.is_relative_to(root):
                found.append(whole.relative_to(root).as_posix())
        return tuple(found)

    def client(self, name: str, *, is_read_only: bool, tries: bool = False) -> ClusterClient:
        """A new client of a cluster, or of its folder; a cluster that is not in the settings has a folder.

        With `tries`, one that may only read may also ask for dry runs.

        Raises ClusterError.
        """
        cluster = self._clusters.get(name)
        if cluster is None or cluster.directory is not None:
            from reconciler.cluster.directory import Directory, Layout  # noqa: PLC0415  only installations need it
            from reconciler.footprint import kustomization  # noqa: PLC0415  as above
            from reconciler.footprint.yaml_text import to_yaml  # noqa: PLC0415  as above

            folder = RENDERED / name if cluster is None else Path(cluster.directory or "").expanduser()
            layout = Layout(kustomization.file_name, to_yaml, kustomization.INDEX, kustomization.index_text)
            whole = self._contained(self._base / folder, name)
            return Directory(whole, self._instance, layout, is_read_only=is_read_only)
        access = self._access(name)
        from reconciler.cluster.api_server import ApiServer  # noqa: PLC0415  brings the Kubernetes client
        from reconciler.keystore.private_key import inspect_private_key  # noqa: PLC0415  brings cryptography

        with self._waits.on(f"for cluster {name}"):
            return ApiServer(
                access,
                self._environment,
                is_read_only=is_read_only,
                tries=tries,
                inspect=inspect_private_key,
            )

    def _contained(self, folder: Path, name: str) -> Path:
        """The folder. Raises ClusterError for one inside the tree that a link leads elsewhere, or that Git uses."""
        root = Path(os.path.abspath(self._tree or self._base))  # noqa: PTH100  as in `rendered`
        whole = Path(os.path.abspath(folder))  # noqa: PTH100  as in `rendered`
        if name not in self._clusters and not whole.is_relative_to(os.path.abspath(self._base / RENDERED)):  # noqa: PTH100  as above
            raise ClusterError(f"{name[:80]!r} is no name of a folder")
        if whole.is_relative_to(root):
            real, top = whole.resolve(), root.resolve()
            if not real.is_relative_to(top):
                raise ClusterError(
                    f"{whole.relative_to(root)} leads out of the tree by a symbolic link",
                    advice=f"remove the link, or set `clusters.{name}.directory` to where it leads",
                )
            if ".git" in real.relative_to(top).parts:
                raise ClusterError(f"{whole.relative_to(root)} is a folder of Git", advice="use another one")
        return folder

    def probe(self, name: str) -> ProbeClient:
        """A new client that can create and delete probe pods on a cluster. Raises ClusterError."""
        access = self._access(name)
        from reconciler.cluster.probe_pods import ProbePods  # noqa: PLC0415  brings the Kubernetes client

        return ProbePods(access, self._environment)

    def _reader(self, name: str) -> "SecretReader":
        if name not in self._readers:
            access = self._access(name)
            from reconciler.cluster.secret_entry import SecretReader  # noqa: PLC0415  brings the Kubernetes client

            self._readers[name] = SecretReader(access, self._environment)
        return self._readers[name]

    def _access(self, name: str) -> Access:
        cluster = self._clusters[name]
        if cluster.inCluster:
            return PodAccess(self._service_account)
        if cluster.kubeconfig is None:
            raise ClusterAccessError(
                "the settings do not say how to reach it",
                advice=f"set `clusters.{name}.kubeconfig` or `clusters.{name}.inCluster`",
            )
        path = kubeconfig_path(self._base, cluster.kubeconfig.path)
        if self._tree is not None and is_inside(self._tree, path):
            raise ClusterAccessError(
                f"kubeconfig {cluster.kubeconfig.path} is inside the tree, which must not contain secrets",
                advice=f"move it, and set `clusters.{name}.kubeconfig.path`",
            )
        return KubeconfigAccess(path, cluster.kubeconfig.context)


def kubeconfig_path(base: Path, given: str) -> Path:
    """The absolute path of a kubeconfig in the settings. Raises ClusterAccessError where there is no such user."""
    try:
        return Path.cwd() / base / Path(given).expanduser()
    except RuntimeError:
        raise ClusterAccessError(f"kubeconfig {given} cannot be found: there is no such user") from None
