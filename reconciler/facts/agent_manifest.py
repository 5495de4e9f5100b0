"""Manifests of Agents in the same tree (agent and operator 2.4).

A Deployment counts if it is labelled as the Agent's and complete: patches lack the selector or the image. Which
cluster it is applied to is not known here.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.facts.agent_installation import AGENT, NAME_LABEL
from reconciler.facts.definition import dig, items
from reconciler.facts.manifest import AGENT_CONFIG_MAP, is_object
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Foreign
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.origin import Origin

DEPLOYMENT = ("apps/v1", "Deployment")
_POD: Path = ("spec", "template", "spec")


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable. `value` is None if the cluster fills it in; `holder` names the object."""

    name: str
    value: str | None
    holder: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables of a container by name; `unread` names objects outside the tree that have more."""

    variables: Mapping[str, Variable]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentDeployment:
    """A Deployment of an Agent; `number` is that of the Agent's container."""

    manifest: Foreign
    number: int

    @property
    def name(self) -> str:
        """Display name of the Deployment."""
        return f"Deployment `{text_at(self.manifest.raw, 'metadata', 'name')}`"

    @property
    def namespace(self) -> str:
        """Its namespace, "" if another tool sets it."""
        return text_at(self.manifest.raw, "metadata", "namespace")

    @property
    def pod(self) -> Json:
        """Specification of its pods."""
        return dig(self.manifest.raw, *map(str, _POD))

    @property
    def container(self) -> Json:
        """The Agent's container."""
        found = dig(self.pod, "containers")
        return found[self.number] if isinstance(found, list) else None

    def pod_origin(self, *path: str | int) -> Origin:
        """Place of the value under the specification of the pods."""
        return self.manifest.origin((*_POD, *path))

    def origin(self, *path: str | int) -> Origin:
        """Place of the value under the container."""
        return self.pod_origin("containers", self.number, *path)


def agent_deployments(scope: Scope) -> Iterator[AgentDeployment]:
    """Deployments of Agents in the tree."""
    for foreign in scope.everything.foreign:
        if is_object(foreign, *DEPLOYMENT) and is_agent(foreign.raw):
            number = agent_container(foreign.raw)
            if number is not None and isinstance(dig(foreign.raw, "spec", "selector"), dict):
                yield AgentDeployment(foreign, number)


def is_agent(body: JsonObject) -> bool:
    """True for an object of an Agent, in a tree or on a cluster, recognized by its label."""
    return AGENT in (
        dig(body, "metadata", "labels", NAME_LABEL),
        dig(body, "spec", "template", "metadata", "labels", NAME_LABEL),
    )


def is_agent_image(image: Json) -> bool:
    """True for the Agent's image, also from a mirror that keeps its path."""
    if not isinstance(image, str):
        return False
    path, _, name = image.partition("@")[0].rpartition("/")
    return name.partition(":")[0] == "agent" and path.rpartition("/")[2] == "humanitec"


def agent_container(body: JsonObject) -> int | None:
    """Number of the Agent's container in a Deployment, None if it cannot be determined."""
    containers = dig(body, *map(str, _POD), "containers")
    if not isinstance(containers, list):
        return None
    ranks = {
        (dig(one, "name") != AGENT, not is_agent_image(dig(one, "image")), number): number
        for number, one in enumerate(containers)
        if isinstance(dig(one, "image"), str)
    }
    if not ranks:
        return None
    best = min(ranks)
    is_known = not (best[0] and best[1])
    return ranks[best] if is_known or len(containers) == 1 else None


def config_maps(scope: Scope) -> Iterator[Foreign]:
    """ConfigMaps with an Agent's environment."""
    for foreign in scope.everything.foreign:
        if is_object(foreign, "v1", "ConfigMap") and dig(foreign.raw, "metadata", "name") == AGENT_CONFIG_MAP:
            yield foreign


def environment(scope: Scope, deployment: AgentDeployment) -> Environment:
    """Environment of the Agent's container; `env` takes precedence over `envFrom`."""
    found: dict[str, Variable] = {}
    unread: list[str] = []
    for source in items(dig(deployment.container, "envFrom")):
        name = text_at(source, "configMapRef", "name")
        held = near(scope, deployment.manifest, "ConfigMap", name) if name else None
        if held is None:
            unread.append(f"ConfigMap `{name}`" if name else "a Secret")
        elif not dig(source, "prefix"):
            found.update((variable.name, variable) for variable in entries(held))
    found.update((variable.name, variable) for variable in own_variables(deployment))
    return Environment(found, tuple(unread))


def own_variables(deployment: AgentDeployment) -> Iterator[Variable]:
    """Variables in the container's `env`."""
    for number, entry in enumerate(items(dig(deployment.container, "env"))):
        name = text_at(entry, "name")
        if name:
            value = None if dig(entry, "valueFrom") is not None else _text(dig(entry, "value"))
            yield Variable(name, value, deployment.name, deployment.origin("env", number))


def entries(config_map: Foreign) -> Iterator[Variable]:
    """Variables in a ConfigMap."""
    data = dig(config_map.raw, "data")
    for name, value in data.items() if isinstance(data, dict) else ():
        holder = f"ConfigMap `{text_at(config_map.raw, 'metadata', 'name')}`"
        yield Variable(name, _text(value), holder, config_map.origin(("data", name)))


def near(scope: Scope, manifest: Foreign, kind: str, name: str) -> Foreign | None:
    """The `v1` object that a manifest names: in its file, else in its folder, else the only one in the tree."""
    namespace = text_at(manifest.raw, "metadata", "namespace")
    named = [
        foreign
        for foreign in scope.everything.foreign
        if is_object(foreign, "v1", kind)
        and dig(foreign.raw, "metadata", "name") == name
        and text_at(foreign.raw, "metadata", "namespace") in (namespace, "")
    ]
    folder = posixpath.dirname(manifest.file)
    for candidates in (
        [foreign for foreign in named if foreign.file == manifest.file],
        [foreign for foreign in named if posixpath.dirname(foreign.file) == folder],
        named,
    ):
        if candidates:
            return candidates[0] if len(candidates) == 1 else None
    return None


def text_at(value: Json, *path: str) -> str:
    """Text at a path, "" if there is none."""
    found = dig(value, *path)
    return found if isinstance(found, str) else ""


def _text(value: Json) -> str:
    return "" if value is None else str(value)
