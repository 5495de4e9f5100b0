"""The rights on a cluster that a plan and an apply need, in the terms of RBAC. Pure.

They follow from the table of kinds and from what is read; tests compare them with the requests that are sent.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from reconciler.facts.agent_installation import KEY_SECRET
from reconciler.facts.cluster_demand import OF_OPERATORS, OF_WORKLOADS
from reconciler.footprint.value import Footprint, SecretEntry
from reconciler.model.cluster_state import ObservedKind
from reconciler.model.json import JsonObject
from reconciler.model.kind import FACTS, Kind
from reconciler.vendor import operator, runner

AGENT_KINDS = (Kind.NAMESPACE, Kind.CONFIG_MAP, Kind.NETWORK_POLICY, Kind.DEPLOYMENT)
"""Kinds of objects of an Agent."""
RUNNER_KINDS = (Kind.SERVICE_ACCOUNT, Kind.ROLE, Kind.ROLE_BINDING)
"""Kinds of objects that a runner has in addition."""
CHART_KINDS = (Kind.OCI_REPOSITORY, Kind.HELM_RELEASE, Kind.APPLICATION)
"""Kinds of the documents that Flux and Argo CD act on."""
STORE_KINDS = (Kind.STORE_RESOURCE,)
"""Kinds of custom resources that the Operator acts on."""
KEY_SECRETS = (KEY_SECRET, runner.NAME, operator.KEY_SECRET)
"""Names of Secrets with private keys, unless the files say others."""
_READ = ("get", "list")
# Server-side apply is a PATCH; of an object that does not exist, it needs `create` too (API concepts, "Server-side
# apply"; k8s.io/apiserver, handlers/patch.go).
_APPLIED = ("create", "patch")


class Purpose(StrEnum):
    """What rights are for: each is a role of its own."""

    PLAN = "plan"
    APPLY = "apply"
    RUNNERS = "runners"
    JOBS = "jobs"
    CHARTS = "charts"
    STORES = "stores"
    RULES = "rules"
    NAMESPACES = "namespaces"
    KEYS = "keys"


class Right(NamedTuple):
    """One verb on one resource. `resource` includes a subresource: `pods/log`. `name` is "" for all objects."""

    verb: str
    group: str
    resource: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """Rights that are needed for the same reason. `names` are those of the only objects, () for all."""

    reason: str
    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def rights(self) -> Iterator[Right]:
        """Each right alone."""
        for resource in self.resources:
            for verb in self.verbs:
                for name in self.names or ("",):
                    yield Right(verb, self.group, resource, name)

    def rule(self) -> JsonObject:
        """The rule of a Role or ClusterRole."""
        found: JsonObject = {
            "apiGroups": [self.group],
            "resources": list(self.resources),
            "verbs": list(self.verbs),
        }
        return {**found, "resourceNames": list(self.names)} if self.names else found


def permissions(purpose: Purpose, secrets: Sequence[str] = KEY_SECRETS) -> tuple[Permission, ...]:
    """What one purpose needs. `secrets` are the names of the Secrets with private keys."""
    match purpose:
        case Purpose.PLAN:
            why = "objects of this instance, and those with the names of declared ones"
            return (
                *_of_kinds(why, (*AGENT_KINDS, *RUNNER_KINDS), _READ),
                *_of_kinds("documents for Flux and Argo CD, if they are installed", CHART_KINDS, ("list",)),
                *_of_kinds(
                    "secret stores of this instance, if an Operator is installed", STORE_KINDS, ("list",)
                ),
                Permission(
                    "is the key there, and which one is it: names of entries and a fingerprint are kept",
                    "",
                    ("secrets",),
                    ("get",),
                    tuple(secrets),
                ),
            )
        case Purpose.APPLY:
            kept = (kind for kind in AGENT_KINDS if kind is not Kind.NAMESPACE)
            return (
                *_of_kinds("server-side apply", AGENT_KINDS, _APPLIED),
                *_of_kinds("what the files no longer declare", kept, ("delete",)),
                Permission("do the pods of a workload run, are the old ones gone", "", ("pods",), ("list",)),
                Permission("is an Agent connected, why does a pod not run", "", ("pods/log",), ("get",)),
            )
        case Purpose.RUNNERS:
            return (
                *_of_kinds("server-side apply", RUNNER_KINDS, _APPLIED),
                *_of_kinds("what the files no longer declare", RUNNER_KINDS, ("delete",)),
            )
        case Purpose.JOBS:
            return (
                *_granted("what the role of a runner grants", runner.rules_of_runner()),
                *_granted("what the role of its jobs grants", runner.rules_of_jobs()),
            )
        case Purpose.CHARTS:
            return (*_changed("documents with the names of declared ones", CHART_KINDS),)
        case Purpose.STORES:
            return (*_changed("secret stores with the names of declared ones", STORE_KINDS),)
        case Purpose.RULES:
            seen = dict.fromkeys((*OF_WORKLOADS, *OF_OPERATORS))
            return tuple(_of_observed("rules look at all of them", seen))
        case Purpose.KEYS:
            first = "the first key, where its Secret does not exist; no right to create has a name"
            return (
                Permission(first, "", ("secrets",), ("create",)),
                Permission("keys of a rotation", "", ("secrets",), ("patch",), tuple(secrets)),
            )
        case Purpose.NAMESPACES:
            anything = "is anything of others in a namespace: every kind, without the content of its objects"
            return (
                Permission(anything, "*", ("*",), ("list",)),
                *_of_kinds(
                    "namespaces that this instance made, once they are empty", (Kind.NAMESPACE,), ("delete",)
                ),
            )


def key_secrets(footprints: Iterable[Footprint]) -> tuple[SecretEntry, ...]:
    """Secrets that the installations read their keys from, without repeats."""
    return tuple(dict.fromkeys(entry for one in footprints for entry in one.secrets))


def within_namespace(purpose: Purpose, secrets: Sequence[str] = KEY_SECRETS) -> tuple[Permission, ...]:
    """What a Role can grant of it: everything but to list and to make namespaces, which have to be there then.

    For RBAC a namespace is in itself, so that a Role can let it be read.
    """
    found = []
    for one in permissions(purpose, secrets):
        namespace = FACTS[Kind.NAMESPACE].resource
        rest = tuple(resource for resource in one.resources if resource != namespace)
        if rest:
            found.append(Permission(one.reason, one.group, rest, one.verbs, one.names))
        if rest != one.resources and "get" in one.verbs:
            found.append(Permission("the namespace itself", one.group, (namespace,), ("get",)))
    return tuple(found)


def _changed(reason: str, kinds: Iterable[Kind]) -> Iterator[Permission]:
    """All of what a plan and an apply do with kinds that a plan otherwise only lists."""
    kinds = tuple(kinds)
    yield from _of_kinds(reason, kinds, ("get",))
    yield from _of_kinds("server-side apply", kinds, _APPLIED)
    yield from _of_kinds("what the files no longer declare", kinds, ("delete",))


def _of_kinds(reason: str, kinds: Iterable[Kind], verbs: tuple[str, ...]) -> Iterator[Permission]:
    facts = [FACTS[kind] for kind in kinds]
    return _by_group(reason, [(one.api_version, one.resource) for one in facts], verbs)


def _of_observed(reason: str, kinds: Iterable[ObservedKind]) -> Iterator[Permission]:
    return _by_group(reason, [(one.api_version, one.resource) for one in kinds], ("list",))


def _by_group(reason: str, found: Sequence[tuple[str, str]], verbs: tuple[str, ...]) -> Iterator[Permission]:
    groups = dict.fromkeys(api_version.rpartition("/")[0] for api_version, _ in found)
    for group in groups:
        resources = (resource for api_version, resource in found if api_version.rpartition("/")[0] == group)
        yield Permission(reason, group, tuple(resources), verbs)


def _granted(reason: str, rules: Iterable[JsonObject]) -> Iterator[Permission]:
    """Rights that a role grants: who writes the role must have them (RBAC, "Privilege escalation prevention")."""
    for rule in rules:
        groups, resources, verbs = (_texts(rule, name) for name in ("apiGroups", "resources", "verbs"))
        for group in groups:
            yield Permission(reason, group, resources, verbs)


def _texts(rule: JsonObject, name: str) -> tuple[str, ...]:
    found = rule.get(name)
    return tuple(map(str, found)) if isinstance(found, list) else ()
