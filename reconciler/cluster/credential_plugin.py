"""Credentials from the command that a kubeconfig names under `exec`.

The protocol is that of `client.authentication.k8s.io` (Kubernetes documentation, client-go credential plugins). The
command has no terminal, a deadline and limited output, and runs in a session of its own, so that everything it
started ends with it. What it prints is never shown, because it may contain credentials.
"""

import json
import os
import selectors
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from reconciler.errors import ClusterAccessError
from reconciler.model.json import Json, JsonObject

TIMEOUT_S = 30.0
"""Plugins of cloud providers make a few requests of their own."""
MOST_OUTPUT_BYTES = 262_144
"""A token has a few kilobytes, a client certificate with its key less than twenty."""
VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_CHUNK_BYTES = 65_536
_LOOK_EVERY_S = 0.1
"""How soon the end of the command is noticed if a process that it started keeps its output open."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A bearer token, or a client certificate with its key, both PEM; what is not given is ""."""

    token: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


def credential_of(
    plugin: JsonObject,
    cluster: JsonObject,
    environment: Mapping[str, str],
    *,
    folder: Path,
    timeout_s: float = TIMEOUT_S,
) -> Credential:
    """Run the command of `plugin`, the `exec` mapping of a user, and return what it prints.

    `folder` is that of the kubeconfig: the command runs there, and relative paths with a `/` start there. Other
    commands are searched for in the absolute folders of `PATH`. Raises ClusterAccessError.
    """
    version, command = plugin.get("apiVersion"), plugin.get("command")
    if version not in VERSIONS:
        raise ClusterAccessError(
            "the credential plugin of the kubeconfig has an `apiVersion` that is not supported",
            advice=f"use {VERSIONS[0]}",
        )
    if not isinstance(command, str) or not command:
        raise ClusterAccessError("the credential plugin of the kubeconfig has no `command`")
    arguments = _strings(plugin.get("args"), "args")
    spec: JsonObject = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {**cluster, "config": _configuration(cluster)}
    info: JsonObject = {"apiVersion": version, "kind": "ExecCredential", "spec": spec}
    whole = {**environment, **_variables(plugin.get("env")), "KUBERNETES_EXEC_INFO": json.dumps(info)}
    code, output = _run([_program(command, whole, folder), *arguments], whole, folder, timeout_s)
    if code:
        raise ClusterAccessError(
            f"the credential plugin {Path(command).name} failed with exit code {code}",
            advice="run it in a shell, and log in again if it asks for that",
        )
    return _credential(output, str(version), Path(command).name)


def _configuration(cluster: JsonObject) -> Json:
    """What the kubeconfig has for the plugin in the cluster's `extensions`."""
    extensions = cluster.get("extensions")
    for one in extensions if isinstance(extensions, list) else ():
        if isinstance(one, dict) and one.get("name") == "client.authentication.k8s.io/exec":
            return one.get("extension")
    return None


def _strings(given: Json, name: str) -> list[str]:
    values = [] if given is None else given
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ClusterAccessError(f"`{name}` of the credential plugin is not a list of strings")
    return [str(value) for value in values]


def _variables(given: Json) -> dict[str, str]:
    found = {}
    for item in given if isinstance(given, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            found[str(item["name"])] = str(item.get("value") or "")
    return found


def _program(command: str, environment: Mapping[str, str], folder: Path) -> str:
    """The absolute path of the command. The current folder, which may be that of the files, is never searched."""
    if "/" in command:
        return str(folder / command)
    folders = [one for one in environment.get("PATH", "").split(os.pathsep) if Path(one).is_absolute()]
    found = shutil.which(command, path=os.pathsep.join(folders)) if folders else None
    if found is None:
        raise ClusterAccessError(
            f"the credential plugin {command} of the kubeconfig is not installed",
            advice="install it in the PATH",
        )
    return found


def _run(
    command: list[str], environment: Mapping[str, str], folder: Path, timeout_s: float
) -> tuple[int, bytes]:
    """Exit code and output of a command. Raises ClusterAccessError if it cannot be run, or never ends."""
    name = Path(command[0]).name
    try:
        process = subprocess.Popen(  # noqa: S603  no shell; the kubeconfig is the caller's own
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name or an argument is not valid"
        raise ClusterAccessError(f"the credential plugin {name} cannot be run: {reason}") from None
    with process:
        try:
            output = _output(process, name, monotonic() + timeout_s)
        finally:
            # Processes that it started would continue and keep the pipe open.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, output


def _output(process: "subprocess.Popen[bytes]", name: str, until: float) -> bytes:
    assert process.stdout is not None
    parts: list[bytes] = []
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while monotonic() < until:
            if not selector.select(_LOOK_EVERY_S):
                if process.poll() is not None:
                    return b"".join(parts)
                continue
            part = os.read(process.stdout.fileno(), _CHUNK_BYTES)
            if not part:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, until - monotonic()))
                    return b"".join(parts)
                break
            parts.append(part)
            size += len(part)
            if size > MOST_OUTPUT_BYTES:
                raise ClusterAccessError(
                    f"the credential plugin {name} prints more than {MOST_OUTPUT_BYTES} bytes"
                )
    raise ClusterAccessError(
        f"the credential plugin {name} did not end in time",
        advice="run it in a shell: it must not wait for an answer",
    )


def _credential(output: bytes, version: str, name: str) -> Credential:
    try:
        said = json.loads(output)
    except (ValueError, RecursionError):
        raise ClusterAccessError(f"the credential plugin {name} does not print JSON") from None
    status = said.get("status") if isinstance(said, dict) else None
    if not isinstance(status, dict) or said.get("apiVersion") != version:
        raise ClusterAccessError(
            f"the credential plugin {name} does not print an ExecCredential of {version}"
        )
    token, certificate, key = (
        value if isinstance(value := status.get(member), str) else ""
        for member in ("token", "clientCertificateData", "clientKeyData")
    )
    if not token and not (certificate and key):
        raise ClusterAccessError(
            f"the credential plugin {name} prints neither a token nor a certificate with its key"
        )
    return Credential(token, certificate, key)
