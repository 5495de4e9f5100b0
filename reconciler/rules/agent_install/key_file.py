"""Rules about the file with the private key: R31, R32 (agent and operator 2.4)."""

from collections.abc import Iterator

from reconciler.facts.agent_installation import is_on_kubernetes, run_as_user
from reconciler.facts.agent_manifest import AgentDeployment
from reconciler.facts.definition import dig
from reconciler.facts.file_mode import mode_of
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.mount import looked_for, mounts_of
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.workload import Workload
from reconciler.model.finding import Severity
from reconciler.model.installation import MountedKey
from reconciler.model.origin import Origin
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.rules.over import AGENT_WORKLOADS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_ONLY_OWNER = 0o600
_USERS = (1000, 65532)
"""Those of the plain and of the distroless image."""
_WORKING = "1000 and, with the distroless image, 65532 are known to work"
_NO_KEY = MountedKey()


def _key_of(installed: InstalledAgent) -> MountedKey:
    return installed.install.privateKey or _NO_KEY


def _readable_by_owner_only(subject: Subject[Workload]) -> Iterator[Answer]:
    match subject.fact.written:
        case InstalledAgent() as installed:
            given = _key_of(installed).mode
            place = installed.origin(("privateKey", "mode"))
            if given is None:
                if not is_on_kubernetes(installed.install):
                    raise UnseenError(unspecified("the mode of the key file is not declared"))
                return
            if isinstance(given, str) and is_filled_in(given):
                raise UnseenError(unspecified("the mode of the key file is filled in later"))
            mode, advice = mode_of(given), _mode_advice(given)
        case AgentDeployment() as deployment:
            wanted = looked_for(subject.scope, deployment)
            file = mounts_of(subject.scope, deployment).file(wanted or "")
            if file is None:
                return
            mode, place = file.mode, deployment.pod_origin(*file.place)
            advice = "Set `mode: 384` (decimal for 0600) next to `path`; the default is 0644."
        case _:
            return
    if mode != _ONLY_OWNER:
        spelled = "invalid" if mode is None else f"{mode:04o}"
        message = f"{subject.name}: the mode of the key file is {spelled}; it must be 0600"
        yield subject.says(message, at=place, advice=advice)


def _mode_advice(given: int | str) -> str:
    if given == 600:
        return 'Write `384` or `"0600"`: without quotes YAML reads the digits as a decimal number.'
    return 'Write `384` (decimal) or `"0600"` (octal, quoted).'


def _owned_by_user(subject: Subject[Workload]) -> Iterator[Answer]:
    workload = subject.fact
    match workload.written:
        case InstalledAgent() as installed:
            user, place = run_as_user(installed.install), _place_of_user(installed)
        case AgentDeployment() as deployment:
            found = workload.of_container("runAsUser")
            user = found if isinstance(found, int) and found else None
            own = dig(deployment.container, "securityContext", "runAsUser")
            at = deployment.pod_origin if own is None else deployment.origin
            place = at("securityContext", "runAsUser")
        case _:
            return
    if user is not None and user not in _USERS:
        yield subject.says(
            f"{subject.name} runs as uid {user}; {_WORKING}",
            at=place,
            advice=f"Use the image's user, also for {_groups(workload)}.",
            severity=Severity.WARNING,
        )
    if isinstance(workload.written, InstalledAgent):
        yield from _declared_owner(subject, workload.written, user)
    elif user is not None and dig(workload.pod, "securityContext", "fsGroup") is None:
        yield subject.says(
            f"{subject.name} runs as uid {user} but sets no `fsGroup`: unless the platform assigns one, uid 0 owns the "
            "key",
            at=place,
            advice=f"Set `fsGroup: {user}` in the pod's `securityContext`.",
            severity=Severity.WARNING,
        )


def _groups(workload: Workload) -> str:
    """Fields that go with the user; other hosts have no volume that is given to a group."""
    is_file = isinstance(workload.written, InstalledAgent) and not is_on_kubernetes(workload.written.install)
    return "`runAsGroup`" if is_file else "`runAsGroup` and `fsGroup`"


def _place_of_user(installed: InstalledAgent) -> Origin:
    security = installed.install.podSecurity
    is_declared = security is not None and security.runAsUser is not None
    own, of_chart = ("podSecurity", "runAsUser"), ("helmValues", "podSecurityContext", "runAsUser")
    return installed.origin(own if is_declared else of_chart)


def _declared_owner(
    subject: Subject[Workload], installed: InstalledAgent, user: int | None
) -> Iterator[Answer]:
    owner = _key_of(installed).ownerUid
    if owner is None:
        if not is_on_kubernetes(installed.install):
            raise UnseenError(unspecified("the owner of the key file is not declared"))
    elif owner != user and (user is not None or owner not in _USERS):
        runs_as = f"as uid {user}" if user is not None else "as uid 1000, or 65532 with the distroless image"
        yield subject.says(
            f"{subject.name}: uid {owner} owns the key, but the container runs {runs_as}",
            at=installed.origin(("privateKey", "ownerUid")),
            advice="Use the same uid for both: only the owner can read the file.",
        )


RULES = (
    Rule(
        id="R31",
        title="Only the owner can read the key file",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=AGENT_WORKLOADS,
        check=_readable_by_owner_only,
    ),
    Rule(
        id="R32",
        title="The container's user owns the key file",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=AGENT_WORKLOADS,
        check=_owned_by_user,
    ),
)
