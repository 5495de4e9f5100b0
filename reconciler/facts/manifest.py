"""What rules read from Kubernetes objects in the same tree.

Objects of any other shape are left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.definition import dig
from reconciler.facts.pattern import is_filled_in
from reconciler.model.declaration import Declarations, Foreign
from reconciler.model.origin import Origin
from reconciler.vendor import operator

AGENT_CONFIG_MAP = "humanitec-agent-configmap-env"
OPERATOR_GROUP = "humanitec.io/"
OPERATOR_API = operator.API
"""API version of what the Operator acts on (agent and operator 3.3)."""
STORE_KIND = operator.STORE_KIND
"""Kind of the Operator's secret stores; External Secrets has a kind of the same name in its own group."""


@dataclass(frozen=True, slots=True)
class AgentInstallation:
    """An installed Agent, recognized by its ConfigMap (agent and operator 2.4).

    `organizations` are the entries of `ORGS` in order, without those that a template fills in;
    `has_open_part` is true if there are any of these.
    """

    organizations: tuple[str, ...]
    has_open_part: bool
    origin: Origin


def agent_installations(declarations: Declarations) -> Iterator[AgentInstallation]:
    """Installations of Agents whose ConfigMap is in the tree."""
    for foreign in declarations.foreign:
        if not is_object(foreign, "v1", "ConfigMap"):
            continue
        if dig(foreign.raw, "metadata", "name") != AGENT_CONFIG_MAP:
            continue
        orgs = dig(foreign.raw, "data", "ORGS")
        if isinstance(orgs, str):
            entries = [entry.strip() for entry in orgs.split(",")]
            yield AgentInstallation(
                organizations=tuple(entry for entry in entries if entry and not is_filled_in(entry)),
                has_open_part=any(is_filled_in(entry) for entry in entries),
                origin=foreign.origin(("data", "ORGS")),
            )


def secret_stores(declarations: Declarations) -> Iterator[tuple[str, Origin]]:
    """Names of the Operator's secret stores in the tree, except those that are filled in later."""
    for store in store_manifests(declarations):
        name = dig(store.raw, "metadata", "name")
        if isinstance(name, str) and not is_filled_in(name):
            yield name, store.origin(("metadata", "name"))


def store_manifests(declarations: Declarations) -> Iterator[Foreign]:
    """Manifests of the Operator's secret stores in the tree."""
    return (foreign for foreign in declarations.foreign if is_object(foreign, OPERATOR_GROUP, STORE_KIND))


def is_object(foreign: Foreign, api_version: str, kind: str) -> bool:
    """True for a Kubernetes object of this kind; an `api_version` ending in `/` matches every version of a group."""
    written = foreign.raw.get("apiVersion")
    if foreign.raw.get("kind") != kind or not isinstance(written, str):
        return False
    return written.startswith(api_version) if api_version.endswith("/") else written == api_version
