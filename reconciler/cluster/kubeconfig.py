"""One context of a kubeconfig as a configuration of the Kubernetes client."""

import base64
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigLoader

from reconciler.cluster.access import KubeconfigAccess
from reconciler.cluster.credential_plugin import credential_of
from reconciler.errors import ClusterAccessError
from reconciler.model.json import Json, JsonObject

MOST_BYTES = 1_048_576
"""A kubeconfig has about ten kilobytes for each cluster."""
_ADVICE = "check it with: kubectl config view"


def configuration_of(
    access: KubeconfigAccess, environment: Mapping[str, str], temporary: Path
) -> Configuration:
    """Server, proxy, trust and credentials of a context; certificates that the file contains go into `temporary`.

    A user's `exec` command is run with `environment`. Only this one context is looked at. Raises ClusterAccessError;
    its message quotes names from the file, never a value.
    """
    whole = _parsed(access.path)
    name = access.context or whole.get("current-context")
    if not isinstance(name, str) or not name:
        raise ClusterAccessError(
            f"kubeconfig {access.path} has no current context",
            advice="set `kubeconfig.context` in the settings",
        )
    context = _named(whole, "contexts", "context", name, access.path)
    cluster = _named(whole, "clusters", "cluster", context.get("cluster"), access.path)
    _check_server(cluster, access.path)
    user: JsonObject = {}
    if context.get("user"):
        user = _with_plugin(
            _named(whole, "users", "user", context["user"], access.path),
            cluster,
            environment,
            access.path.parent,
        )
    configuration = Configuration()
    try:
        reduced = {
            "contexts": [{"name": name, "context": {"cluster": "chosen", "user": "chosen"}}],
            "clusters": [{"name": "chosen", "cluster": _as_files(cluster, temporary)}],
            "users": [{"name": "chosen", "user": _as_files(user, temporary)}],
        }
        KubeConfigLoader(
            reduced,
            active_context=name,
            config_base_path=str(access.path.parent),
            temp_file_path=str(temporary),
        ).load_and_set(configuration)
    except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError):
        raise ClusterAccessError(
            f"context {name} of kubeconfig {access.path} cannot be used: a file that it names is missing, or a value "
            "has the wrong form",
            advice=_ADVICE,
        ) from None
    return configuration


def _as_files(entry: JsonObject, folder: Path) -> JsonObject:
    """A cluster or a user of a kubeconfig with what it contains as files in a folder.

    The library writes each content to one file for the whole process, which would end with the first connection that
    has it. Raises ValueError and OSError.
    """
    found = dict(entry)
    for name in ("certificate-authority", "client-certificate", "client-key"):
        content = found.pop(f"{name}-data", None)
        if content:
            path = folder / name
            path.write_bytes(base64.b64decode(str(content), validate=True))
            path.chmod(0o600)
            found[name] = str(path)
    return found


def _parsed(path: Path) -> JsonObject:
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to must not hang.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise ClusterAccessError(f"kubeconfig {path} is not a regular file")
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise ClusterAccessError(
            f"kubeconfig {path} cannot be read: {error.strerror}",
            advice="set `kubeconfig.path` of the cluster in the settings",
        ) from None
    if len(content) > MOST_BYTES:
        raise ClusterAccessError(f"kubeconfig {path} is larger than {MOST_BYTES} bytes")
    try:
        whole = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        whole = None
    if not isinstance(whole, dict):
        raise ClusterAccessError(f"kubeconfig {path} is not a YAML mapping", advice=_ADVICE)
    return whole


def _named(whole: JsonObject, group: str, member: str, name: Json, path: Path) -> JsonObject:
    """The entry with a name in one of the three lists of a kubeconfig."""
    entries = whole.get(group)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name:
            found = entry.get(member)
            if isinstance(found, dict):
                return found
    raise ClusterAccessError(
        f"kubeconfig {path} has no {member} {name!r}", advice="see: kubectl config get-contexts"
    )


def _check_server(cluster: JsonObject, path: Path) -> None:
    server = cluster.get("server")
    try:
        parts = urlsplit(server) if isinstance(server, str) else None
        is_fine = parts is not None and parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        is_fine = False
    if not is_fine or parts is None or "@" in parts.netloc:
        raise ClusterAccessError(
            f"the cluster in kubeconfig {path} has no `server` that is a URL without credentials",
            advice=_ADVICE,
        )


def _with_plugin(
    user: JsonObject, cluster: JsonObject, environment: Mapping[str, str], folder: Path
) -> JsonObject:
    """The user with the credentials that its command prints, in place of the command."""
    if "auth-provider" in user:
        # The client's own implementation connects to the identity provider without checking its certificate.
        raise ClusterAccessError(
            "the user of the kubeconfig has an `auth-provider`, which is not supported",
            advice="use a credential plugin (`exec`) or a token",
        )
    plugin = user.get("exec")
    if plugin is None or user.get("token") or user.get("tokenFile"):
        return {name: value for name, value in user.items() if name != "exec"}
    if not isinstance(plugin, dict):
        raise ClusterAccessError("`exec` of the user of the kubeconfig is not a mapping", advice=_ADVICE)
    found = credential_of(plugin, cluster, environment, folder=folder)
    made: JsonObject = {name: value for name, value in user.items() if name != "exec"}
    if found.token:
        made["token"] = found.token
    if found.certificate and found.key:
        made["client-certificate-data"] = base64.b64encode(found.certificate.encode()).decode()
        made["client-key-data"] = base64.b64encode(found.key.encode()).decode()
    return made
