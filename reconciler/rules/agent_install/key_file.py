"""Rules about the file with the private key: R31, R32 (agent and operator 2.4)."""

import re
from collections.abc import Iterator

from reconciler.facts.agent_installation import is_on_kubernetes, named, run_as_user
from reconciler.facts.agent_manifest import AgentDeployment, agent_deployments
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.mount import looked_for, mounts_of
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.installation import MountedKey
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_ONLY_OWNER = 0o600
_USERS = (1000, 65532)
"""Those of the plain and of the distroless image."""
_WORKING = "1000 and, with the distroless image, 65532 are known to work"
_USER_ADVICE = "Use the user of the image, also for `runAsGroup` and `fsGroup`."
_OCTAL = re.compile(r"(?:0o?)?([0-7]{3,4})", re.ASCII)
_DECIMAL = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_NO_KEY = MountedKey()


def mode_of(given: int | str) -> int | None:
    """Mode of a file from a number or from text, which is octal where it can be; None for what is neither.

    >>> mode_of(384) == mode_of("0600") == mode_of("600") == 0o600
    True
    """
    if isinstance(given, int):
        return given
    octal = _OCTAL.fullmatch(given.strip())
    if octal is not None:
        return int(octal[1], 8)
    return int(given) if _DECIMAL.fullmatch(given.strip()) else None


def _key_of(installed: InstalledAgent) -> MountedKey:
    return installed.install.privateKey or _NO_KEY


def _readable_by_owner_only(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        given = _key_of(installed).mode
        if given is None:
            if not is_on_kubernetes(installed.install):
                yield Unknown("R31", f"the mode of the key file of {named(installed)} is not declared")
        elif isinstance(given, str) and is_filled_in(given):
            yield Unknown("R31", f"the mode of the key file of {named(installed)} is filled in later")
        elif mode_of(given) != _ONLY_OWNER:
            yield Finding(
                "R31",
                Severity.ERROR,
                f"{named(installed)}: the mode of the key file is {_spelled(given)}; it must be 0600",
                installed.origin(("privateKey", "mode")),
                key=scope.key(Kind.AGENT, installed.id),
                advice=_mode_advice(given),
            )
    for deployment in agent_deployments(scope):
        file = mounts_of(scope, deployment).file(looked_for(scope, deployment) or "")
        if file is not None and file.mode != _ONLY_OWNER:
            yield Finding(
                "R31",
                Severity.ERROR,
                f"{deployment.name}: the mode of the key file is {_spelled(file.mode)}; it must be 0600",
                deployment.pod_origin(*file.place),
                advice="Set `mode: 384` (decimal for 0600) beside `path`; without it files are 0644.",
            )


def _spelled(mode: int | str | None) -> str:
    found = None if mode is None else mode_of(mode)
    return "not one" if found is None else f"{found:04o}"


def _mode_advice(given: int | str) -> str:
    if given == 600:
        return 'Write `384` or `"0600"`: without quotes YAML reads the digits as a decimal number.'
    return 'Write `384` (decimal) or `"0600"` (octal, quoted).'


def _owned_by_user(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        yield from _declared_owner(scope, installed)
    for deployment in agent_deployments(scope):
        yield from _manifest_owner(deployment)


def _declared_owner(scope: Scope, installed: InstalledAgent) -> Iterator[Finding | Unknown]:
    install = installed.install
    user, owner = run_as_user(install), _key_of(installed).ownerUid
    if owner is None:
        if not is_on_kubernetes(install):
            yield Unknown("R32", f"who owns the key file of {named(installed)} is not declared")
    elif owner != user and (user is not None or owner not in _USERS):
        runs_as = f"as uid {user}" if user is not None else "as uid 1000, or 65532 with the distroless image"
        yield Finding(
            "R32",
            Severity.ERROR,
            f"{named(installed)}: the key is owned by uid {owner}; the container runs {runs_as}",
            installed.origin(("privateKey", "ownerUid")),
            key=scope.key(Kind.AGENT, installed.id),
            advice="Make both the same: only the owner may read the file.",
        )
    if user is not None and user not in _USERS:
        is_declared = install.podSecurity is not None and install.podSecurity.runAsUser is not None
        path = (
            ("podSecurity", "runAsUser") if is_declared else ("helmValues", "podSecurityContext", "runAsUser")
        )
        yield Finding(
            "R32",
            Severity.WARNING,
            f"{named(installed)} runs as uid {user}; {_WORKING}",
            installed.origin(path),
            key=scope.key(Kind.AGENT, installed.id),
            advice=_USER_ADVICE,
        )


def _manifest_owner(deployment: AgentDeployment) -> Iterator[Finding]:
    own = dig(deployment.container, "securityContext", "runAsUser")
    of_pod = dig(deployment.pod, "securityContext", "runAsUser")
    user = of_pod if own is None else own
    if not isinstance(user, int) or user == 0:
        return
    place = (
        deployment.pod_origin("securityContext", "runAsUser")
        if own is None
        else deployment.origin("securityContext", "runAsUser")
    )
    if user not in _USERS:
        yield Finding(
            "R32",
            Severity.WARNING,
            f"{deployment.name} runs as uid {user}; {_WORKING}",
            place,
            advice=_USER_ADVICE,
        )
    if dig(deployment.pod, "securityContext", "fsGroup") is None:
        yield Finding(
            "R32",
            Severity.WARNING,
            f"{deployment.name} runs as uid {user} and sets no `fsGroup`: unless the platform assigns one, the key "
            "is owned by uid 0",
            place,
            advice=f"Set `fsGroup: {user}` in the pod's `securityContext`.",
        )


RULES = (
    Rule(
        id="R31",
        title="Only its owner may read the key file",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_readable_by_owner_only,
    ),
    Rule(
        id="R32",
        title="The container's user owns the key file",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_owned_by_user,
    ),
)
