"""Repository of a definition that deploys to Git (v1 reference 4.12).

Three shapes exist: the driver `humanitec/k8s-cluster-git` takes the repository as inputs; a
`humanitec/template` definition computes outputs with `cluster_type: git`; `humanitec/echo` passes
its inputs on as outputs. Outputs of a template are a mapping or a text.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.facts.definition import CLUSTER_TYPE, DeclaredDefinition, dig
from reconciler.facts.pattern import pieces
from reconciler.facts.template import Given
from reconciler.model.canonical import is_reference_leaf
from reconciler.model.handed import is_tagged
from reconciler.model.json import Json, Path
from reconciler.model.placeholder import has_placeholder
from reconciler.vendor.driver import CLUSTER_DRIVERS, ECHO_DRIVER, GIT_DRIVER, TEMPLATE_DRIVER

_SCP_URL = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^:/@\s]+):(?!/{2})(?P<path>\S+)")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^@/\s]*@)?(?P<host>\[[^\]\s]*\]|[^:/\s\[]*)(?::[0-9]*)?(?P<path>(?:/\S*)?)"
)


@dataclass(frozen=True, slots=True)
class Input:
    """One text input of a Git target and its place below `entity`; `text` is "" unless `given` is `YES`."""

    given: Given
    path: Path
    text: str = ""


@dataclass(frozen=True, slots=True)
class GitUrl:
    """Parts of a repository URL. `scheme` is `ssh`, `https`, or whatever is written.

    User and password are dropped here: a password in a URL must never reach a message.
    """

    scheme: str
    host: str
    repository: str

    @property
    def name(self) -> str:
        """Host and repository: equal for the SSH and HTTPS spellings of one repository."""
        return f"{self.host}/{self.repository}"


@dataclass(frozen=True, slots=True)
class GitTarget:
    """Where a definition writes to."""

    definition: DeclaredDefinition
    url: Input
    branch: Input
    directory: Input
    ssh_key: Given
    password: Given
    credentials_path: Path

    @property
    def git_url(self) -> GitUrl | None:
        """Parts of the URL; None if it is missing, computed or unreadable."""
        return parse_url(self.url.text) if self.url.given is Given.YES else None


def is_git_target(definition: DeclaredDefinition) -> bool | None:
    """Whether deployments go to Git.

    None if the cluster type is computed at deployment: by a template, or by a driver that is not a
    known cluster driver, such as a custom one.
    """
    entity = definition.entity
    if entity.type != CLUSTER_TYPE or entity.driver_type in CLUSTER_DRIVERS:
        return False
    if entity.driver_type == GIT_DRIVER:
        return True
    read = _OUTPUTS.get(entity.driver_type)
    if read is None:
        return None
    found = read(definition, "cluster_type")
    if found.given is Given.COMPUTED or has_placeholder(found.text):
        return None
    return found.text == "git"


def mode_path(definition: DeclaredDefinition) -> Path:
    """Path of the value that decides whether the definition is a Git target."""
    read = _OUTPUTS.get(definition.entity.driver_type)
    return ("driver_type",) if read is None else read(definition, "cluster_type").path


def git_target(definition: DeclaredDefinition) -> GitTarget:
    """Git target of a definition for which `is_git_target` is true."""
    if definition.entity.driver_type == TEMPLATE_DRIVER:
        read = _output
        ssh_key, password, place = _template_credentials(definition)
    else:
        read = _value
        ssh_key, password, place = _credentials(definition)
    return GitTarget(
        definition,
        url=read(definition, "url"),
        branch=read(definition, "branch"),
        directory=read(definition, "path"),
        ssh_key=ssh_key,
        password=password,
        credentials_path=place,
    )


def parse_url(text: str) -> GitUrl | None:
    """Parts of a repository URL; None if the text is not one.

    >>> parse_url("git@example.com:team/manifests.git")
    GitUrl(scheme='ssh', host='example.com', repository='team/manifests')
    >>> parse_url("https://oauth2:secret@Example.com:8443/team/manifests").name
    'example.com/team/manifests'
    """
    text = text.strip()
    if matched := _URL.fullmatch(text):
        scheme, host, path = matched["scheme"].lower(), matched["host"], matched["path"]
    elif matched := _SCP_URL.fullmatch(text):
        scheme, host, path = "ssh", matched["host"], matched["path"]
    else:
        return None
    repository = path.strip("/").removesuffix(".git")
    return GitUrl(scheme, host.lower(), repository) if host else None


def segments(directory: str) -> tuple[str, ...]:
    """Parts of a path in a repository, without empty and `.` ones.

    >>> segments("./shop/${context.env.id}/")
    ('shop', '${context.env.id}')
    """
    return tuple(part for part in _split(directory) if part not in ("", "."))


def _split(directory: str) -> list[str]:
    """Parts between slashes outside placeholders: resource ids in placeholders may contain slashes."""
    parts = [""]
    for is_literal, text in pieces(directory):
        if is_literal:
            first, *others = text.split("/")
            parts[-1] += first
            parts += others
        else:
            parts[-1] += text
    return parts


def _value(definition: DeclaredDefinition, name: str) -> Input:
    return _input(definition.input("values", name), ("driver_inputs", "values", name))


def _input(value: Json, path: Path) -> Input:
    if value is None or value == "":
        return Input(Given.NO, path)
    if not isinstance(value, str) or "{{" in value or _is_taken_from_resource(value):
        return Input(Given.COMPUTED, path)
    return Input(Given.YES, path, value)


def _is_taken_from_resource(text: str) -> bool:
    """True for a text that consists of another resource's output: nothing is known about it here."""
    found = list(pieces(text.strip()))
    return len(found) == 1 and not found[0][0] and not text.lstrip("${ ").startswith("context.")


def _output(definition: DeclaredDefinition, name: str) -> Input:
    path: Path = ("driver_inputs", "values", "templates", "outputs")
    outputs = definition.input("values", "templates", "outputs")
    if isinstance(outputs, dict):
        return _input(outputs.get(name), (*path, name))
    if not isinstance(outputs, str):
        return Input(Given.NO, path)
    given, value = definition.read(outputs).get(name)
    return _input(value, path) if given is Given.YES else Input(given, path)


_OUTPUTS: Mapping[str, Callable[[DeclaredDefinition, str], Input]] = {
    TEMPLATE_DRIVER: _output,
    ECHO_DRIVER: _value,
}
"""How to read one output of a definition, by drivers whose outputs are in the definition."""


def _credentials(definition: DeclaredDefinition) -> tuple[Given, Given, Path]:
    """Credentials under `secrets` or `secret_refs`: the API accepts either (v1 reference 4.6)."""
    for member in ("secrets", "secret_refs"):
        found = definition.input(member, "credentials")
        if not is_empty(found):
            return (
                *_pair(found, is_reference=member == "secret_refs"),
                ("driver_inputs", member, "credentials"),
            )
    return Given.NO, Given.NO, ("driver_inputs",)


def _template_credentials(definition: DeclaredDefinition) -> tuple[Given, Given, Path]:
    path: Path = ("driver_inputs", "values", "templates", "secrets")
    secrets = definition.input("values", "templates", "secrets")
    if not isinstance(secrets, str):
        return (*_pair(dig(secrets, "credentials"), is_reference=False), path)
    given, credentials = definition.read(secrets).get("credentials")
    if given is Given.COMPUTED:
        return given, given, path
    return (*_pair(credentials, is_reference=False), path)


def _pair(credentials: Json, *, is_reference: bool) -> tuple[Given, Given]:
    if is_empty(credentials):
        return Given.NO, Given.NO
    is_whole = is_tagged(credentials) or (is_reference and is_reference_leaf(credentials))
    if is_whole or not isinstance(credentials, dict):
        return Given.COMPUTED, Given.COMPUTED
    ssh_key, password = (
        Given.NO if is_empty(credentials.get(name)) else Given.YES for name in ("ssh_key", "password")
    )
    return ssh_key, password


def is_empty(value: Json) -> bool:
    """True for null, empty text and containers of nothing else: the server drops those (v1 reference P8)."""
    if isinstance(value, dict):
        return all(is_empty(child) for child in value.values())
    if isinstance(value, list):
        return all(is_empty(child) for child in value)
    return value is None or value == ""
