"""The rule about the privileges of an Agent's container: R43 (agent and operator 2.4)."""

from collections.abc import Iterator

from reconciler.facts.definition import dig, items
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.workload import Workload
from reconciler.model.finding import Severity
from reconciler.rules.over import AGENT_WORKLOADS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_AS_RENDERED = "Keep these as in the vendor's manifest: the Agent needs none of them."
_AS_WRITTEN = (
    "Set `privileged: false`, `allowPrivilegeEscalation: false`, `readOnlyRootFilesystem: true`, "
    "`capabilities: {drop: [ALL]}` and a user other than root."
)
_ADMISSION = (
    "Name a constraint that allows this user and nothing more, such as `nonroot-v2`, in "
    "`podSecurity.securityContextConstraint`."
)


def _confined(subject: Subject[Workload]) -> Iterator[Answer]:
    workload = subject.fact
    rights = ", ".join(_rights(workload))
    if rights:
        yield subject.says(
            f"{subject.name} is less confined than the reference manifest: {rights}",
            at=workload.origin("securityContext"),
            advice=_AS_RENDERED if workload.is_document else _AS_WRITTEN,
        )
    if isinstance(workload.written, InstalledAgent) and workload.is_on_cluster:
        security = workload.written.install.podSecurity
        constraint = None if security is None else security.securityContextConstraint
        place = workload.origin("securityContext", "securityContextConstraint")
        if constraint == "privileged":
            message = f"{subject.name} uses the constraint `privileged`, which allows everything"
            yield subject.says(message, at=place, advice=_ADMISSION)
        elif constraint is None and subject.seen.platform(workload.cluster) == "openshift":
            message = "runs as a fixed user, which OpenShift refuses without a security context constraint"
            yield subject.says(f"{subject.name} {message}", at=place, advice=_ADMISSION)


def _rights(workload: Workload) -> Iterator[str]:
    """Privileges beyond those of the vendor's container; Kubernetes allows what is not set."""
    own = workload.container.get("securityContext")
    if dig(own, "privileged") is True:
        yield "`privileged`"
    if dig(own, "allowPrivilegeEscalation") is not False:
        yield "`allowPrivilegeEscalation`"
    if dig(own, "readOnlyRootFilesystem") is not True:
        yield "writable root filesystem"
    if "ALL" not in items(dig(own, "capabilities", "drop")):
        yield "capabilities kept"
    user = workload.of_container("runAsUser")
    if user == 0:
        yield "root user"
    elif user is None and workload.of_container("runAsNonRoot") is not True:
        yield "root user allowed"


RULES = (
    Rule(
        id="R43",
        title="An Agent's container has no more privileges than the vendor's",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=AGENT_WORKLOADS,
        check=_confined,
    ),
)
