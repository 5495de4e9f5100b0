"""The files of `config/rbac`: roles with the rights of a plan and an apply, each rule with its reason. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.facts.agent_installation import AGENT as NAMESPACE
from reconciler.footprint.permission import Permission, Purpose, permissions, within_namespace

NAME = "reconciler"
"""Name of the ServiceAccount, and of its namespace, as in `config/deployment`."""
JOB_NAMESPACE = "jobs"
_GROUP = "rbac.authorization.k8s.io"
_WRITTEN_BY = "# Written by `make rbac` from reconciler/footprint/permission.py."
_PLAN = """\
What `plan` needs: it only reads.
The Secrets are those of the vendor's guides: add the names that `privateKey.secretName` of the files and `driverKey`
of Operators say, and those of values with `!secret`."""
_APPLY = """\
What `apply` needs for Agents, in addition to plan.yaml.
Without namespaces.yaml, a namespace that is no longer declared stays."""
_RUNNERS = """\
What `apply` needs for runners, in addition to apply.yaml.
Who writes a role must have the rights that it grants, or the verbs `escalate` and `bind`; with these two it could
grant anything. So it has the rights themselves, in the namespaces of the jobs alone: these exist before, each with
such a RoleBinding. With a ClusterRoleBinding instead, `apply` can make them too, and may then write Secrets
everywhere."""
_CHARTS = """\
Only for `delivery: flux` and `argocd`, in addition to apply.yaml: the documents that Flux and Argo CD act on."""
_STORES = """\
Only for secret stores on clusters, in addition to apply.yaml: their custom resources.
A store waits for the Secrets with its credentials where these may be read: add their names to plan.yaml."""
_RULES = (
    "Optional, in addition to plan.yaml: what rules look at on the cluster. Without it they are `unknown`."
)
_NAMESPACES = """\
Optional, in addition to apply.yaml: deletes namespaces that this instance made.
First it lists every kind of object there, because all of them would go with the namespace. RBAC has no verb for a
list without content, so that this includes the right to read all Secrets of the cluster."""
_KEYS = f"""\
Optional, in addition to apply.yaml: makes and rotates keys whose documents have `generate`.
Bound in the namespace of Agents, `{NAMESPACE}`, alone; bind it in every namespace with such a key. Without `create`,
the Secret has to exist before, and can be empty. The names are those of the vendor's guides, as in plan.yaml."""
_ONE_NAMESPACE = f"""\
Instead of plan.yaml and apply.yaml, where only one namespace may be read: that of Agents, `{NAMESPACE}`.
The namespace exists before. Objects outside of it are not seen, and `plan` says so."""


@dataclass(frozen=True, slots=True)
class _Role:
    """A role and who has it. `namespace` is where it is bound, "" for everywhere."""

    name: str
    kind: str
    permissions: Sequence[Permission]
    namespace: str = ""


def rbac_files() -> Mapping[str, str]:
    """Text of every file by its name."""
    jobs = _Role(f"{NAME}-{Purpose.JOBS}", "ClusterRole", permissions(Purpose.JOBS), JOB_NAMESPACE)
    keys = _Role(f"{NAME}-{Purpose.KEYS}", "ClusterRole", permissions(Purpose.KEYS), NAMESPACE)
    inside = [
        _Role(f"{NAME}-{purpose}", "Role", within_namespace(purpose), NAMESPACE)
        for purpose in (Purpose.PLAN, Purpose.APPLY)
    ]
    return {
        "plan.yaml": _file(_PLAN, [_everywhere(Purpose.PLAN)]),
        "apply.yaml": _file(_APPLY, [_everywhere(Purpose.APPLY)]),
        "runners.yaml": _file(_RUNNERS, [_everywhere(Purpose.RUNNERS), jobs]),
        "charts.yaml": _file(_CHARTS, [_everywhere(Purpose.CHARTS)]),
        "stores.yaml": _file(_STORES, [_everywhere(Purpose.STORES)]),
        "rules.yaml": _file(_RULES, [_everywhere(Purpose.RULES)]),
        "keys.yaml": _file(_KEYS, [keys]),
        "namespaces.yaml": _file(_NAMESPACES, [_everywhere(Purpose.NAMESPACES)]),
        "one-namespace.yaml": _file(_ONE_NAMESPACE, inside),
    }


def _everywhere(purpose: Purpose) -> _Role:
    return _Role(f"{NAME}-{purpose}", "ClusterRole", permissions(purpose))


def _file(comment: str, roles: Iterable[_Role]) -> str:
    lines = [*(f"# {line}" for line in comment.splitlines()), "#", _WRITTEN_BY]
    documents = ["\n".join(document) for role in roles for document in (_role(role), _binding(role))]
    return "\n".join(lines) + "\n" + "\n---\n".join(documents) + "\n"


def _role(role: _Role) -> Iterator[str]:
    yield from _begin(role.kind, role.name, role.namespace if role.kind == "Role" else "")
    yield "rules:"
    reason = ""
    for one in role.permissions:
        if one.reason != reason:
            yield f"  # {one.reason}"
        reason = one.reason
        for number, (name, value) in enumerate(one.rule().items()):
            yield f"  {' ' if number else '-'} {name}: {json.dumps(value)}"


def _binding(role: _Role) -> Iterator[str]:
    kind = "RoleBinding" if role.namespace else "ClusterRoleBinding"
    yield from _begin(kind, role.name, role.namespace)
    yield "roleRef:"
    yield f"  apiGroup: {_GROUP}"
    yield f"  kind: {role.kind}"
    yield f"  name: {role.name}"
    yield "subjects:"
    yield "  - kind: ServiceAccount"
    yield f"    name: {NAME}"
    yield f"    namespace: {NAME}"


def _begin(kind: str, name: str, namespace: str) -> Iterator[str]:
    yield f"apiVersion: {_GROUP}/v1"
    yield f"kind: {kind}"
    yield "metadata:"
    yield f"  name: {name}"
    if namespace:
        yield f"  namespace: {namespace}"
