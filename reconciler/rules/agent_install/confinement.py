"""The rule about what an Agent's container may do: R43 (agent and operator 2.4)."""

from collections.abc import Iterator

from reconciler.facts.agent_installation import named, on_clusters
from reconciler.facts.agent_manifest import AgentDeployment, agent_deployments
from reconciler.facts.definition import dig
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.installation import PodSecurity
from reconciler.model.json import Json
from reconciler.model.kind import Kind
from reconciler.rules.rule import Confidence, Rule, Side

_OPENSHIFT = "openshift"
_EVERYTHING = "privileged"
_ALL = "ALL"
_ADVICE = "Leave these as in the vendor's manifest: the Agent needs none of them."


def _confined(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        differences = list(_declared(installed.install.podSecurity or PodSecurity()))
        if differences:
            yield Finding(
                "R43",
                Severity.WARNING,
                f"{named(installed)} is less confined than the reference manifest: {', '.join(differences)}",
                installed.origin(("podSecurity",)),
                key=scope.key(Kind.AGENT, installed.id),
                advice=_ADVICE,
            )
    for deployment in agent_deployments(scope):
        differences = list(_written(deployment))
        if differences:
            yield Finding(
                "R43",
                Severity.WARNING,
                f"{deployment.name} is less confined than the reference manifest: {', '.join(differences)}",
                deployment.origin("securityContext"),
                advice="Write `privileged: false`, `allowPrivilegeEscalation: false`, `readOnlyRootFilesystem: true`, "
                "`capabilities: {drop: [ALL]}` and a user other than root.",
            )
    yield from _admitted(scope)


def _declared(security: PodSecurity) -> Iterator[str]:
    if security.privileged:
        yield "`privileged`"
    if security.allowPrivilegeEscalation:
        yield "`allowPrivilegeEscalation`"
    if security.readOnlyRootFilesystem is False:
        yield "writable root filesystem"
    if security.dropCapabilities is not None and _ALL not in security.dropCapabilities:
        yield "capabilities kept"
    if security.runAsUser == 0:
        yield "root user"
    elif security.runAsNonRoot is False:
        yield "root user allowed"


def _written(deployment: AgentDeployment) -> Iterator[str]:
    """What is left out counts as well: Kubernetes allows it by default."""
    own, of_pod = dig(deployment.container, "securityContext"), dig(deployment.pod, "securityContext")
    if dig(own, "privileged") is True:
        yield "`privileged`"
    if dig(own, "allowPrivilegeEscalation") is not False:
        yield "`allowPrivilegeEscalation`"
    if dig(own, "readOnlyRootFilesystem") is not True:
        yield "writable root filesystem"
    dropped = dig(own, "capabilities", "drop")
    if not isinstance(dropped, list) or _ALL not in dropped:
        yield "capabilities kept"
    user = _first(own, of_pod, "runAsUser")
    if user == 0:
        yield "root user"
    elif user is None and _first(own, of_pod, "runAsNonRoot") is not True:
        yield "root user allowed"


def _first(own: Json, of_pod: Json, name: str) -> Json:
    """The container's word wins over the pod's."""
    found = dig(own, name)
    return dig(of_pod, name) if found is None else found


def _admitted(scope: Scope) -> Iterator[Finding | Unknown]:
    """OpenShift admits the Agent's fixed user only by a constraint that allows it."""
    untold: set[str] = set()
    for installed, cluster in on_clusters(scope):
        facts = scope.cluster_facts(cluster)
        security = installed.install.podSecurity
        constraint = None if security is None else security.securityContextConstraint
        if constraint == _EVERYTHING:
            problem = f"is admitted by the constraint `{_EVERYTHING}`, which allows everything"
        elif facts is not None and facts.platform is not None:
            if facts.platform != _OPENSHIFT or constraint is not None:
                continue
            problem = "runs as a fixed user, which OpenShift refuses without a security context constraint"
        else:
            if constraint is None:
                untold.add(cluster)
            continue
        yield Finding(
            "R43",
            Severity.WARNING,
            f"{named(installed)} {problem}",
            installed.origin(("podSecurity", "securityContextConstraint")),
            key=scope.key(Kind.AGENT, installed.id),
            advice="Name a constraint that allows this user and nothing more, such as `nonroot-v2`, in "
            "`podSecurity.securityContextConstraint`.",
        )
    for cluster in sorted(untold):
        yield Unknown(
            "R43",
            f"whether cluster `{cluster}` is OpenShift, which needs a security constraint, is not told; set "
            f"`clusters.{cluster}.platform`",
        )


RULES = (
    Rule(
        id="R43",
        title="An Agent's container may do as little as the vendor's",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        check=_confined,
    ),
)
