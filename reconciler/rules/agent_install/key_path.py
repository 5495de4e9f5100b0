"""The rule about where the Agent looks for its private key: R33 (agent and operator 2.3, 2.4).

Text in place of a path is not printed: it may be a key.
"""

import posixpath
import re
from collections.abc import Iterator

from reconciler.facts.agent_installation import KEY_FILE, PRIVATE_KEY_FILE, follows_manifests
from reconciler.facts.agent_manifest import AgentDeployment, environment
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.mount import Mounts, looked_for, mounts_of
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.workload import Workload
from reconciler.model.finding import Severity
from reconciler.model.origin import Origin
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.rules.over import AGENT_WORKLOADS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_PATH = re.compile(r"[\w./@+-]{1,120}", re.ASCII)


def _found_where_looked(subject: Subject[Workload]) -> Iterator[Answer]:
    match subject.fact.written:
        case InstalledAgent() as installed:
            yield from _declared_path(subject, installed)
        case AgentDeployment() as deployment:
            yield from _manifest_path(subject, deployment)


def _declared_path(subject: Subject[Workload], installed: InstalledAgent) -> Iterator[Answer]:
    key = installed.install.privateKey
    mounted = None if key is None else key.path
    wanted = (installed.install.env or {}).get(PRIVATE_KEY_FILE)
    by_variable, by_mount = (
        installed.origin(("env", PRIVATE_KEY_FILE)),
        installed.origin(("privateKey", "path")),
    )
    given = [text for text in (wanted, mounted) if text is not None]
    if any(is_filled_in(text) for text in given):
        raise UnseenError(unspecified("the path of its key is filled in later"))
    relative = next((text for text in given if not text.startswith("/")), None)
    if relative is not None:
        yield _relative(subject, relative, by_mount if relative is mounted else by_variable)
    elif wanted is not None and posixpath.normpath(wanted) != posixpath.normpath(mounted or KEY_FILE):
        if mounted is None and not follows_manifests(installed.install):
            raise UnseenError(unspecified("where its key is mounted is not declared"))
        yield subject.says(
            f"{subject.name} looks for its key at {_quoted(wanted)}, but the key is mounted at "
            f"{_quoted(mounted or KEY_FILE)}",
            at=by_variable,
            others=(by_mount,),
            advice=f"Remove `{PRIVATE_KEY_FILE}`, or set `privateKey.path` to the same path.",
        )


def _relative(subject: Subject[Workload], path: str, place: Origin) -> Answer:
    message = f"{subject.name}: {_quoted(path)} is not an absolute path of the key file"
    return subject.says(message, at=place, advice=f"Use an absolute path, such as `{KEY_FILE}`.")


def _manifest_path(subject: Subject[Workload], deployment: AgentDeployment) -> Iterator[Answer]:
    wanted = looked_for(subject.scope, deployment)
    if wanted is None:
        raise UnseenError(unspecified("the path of its key is filled in elsewhere"))
    variable = environment(subject.scope, deployment).variables.get(PRIVATE_KEY_FILE)
    mounted_at = deployment.origin("volumeMounts")
    place = mounted_at if variable is None else variable.origin
    mounts = mounts_of(subject.scope, deployment)
    if not wanted.startswith("/"):
        yield _relative(subject, wanted, place)
    elif mounts.file(posixpath.normpath(wanted)) is None:
        if mounts.may_hold(wanted):
            raise UnseenError(unspecified("the content of the volume with its key is not in the tree"))
        if mounts.files:
            mounted_at = deployment.pod_origin(*mounts.files[0].place[:-1])
        yield subject.says(
            f"{subject.name} looks for its key at {_quoted(wanted)}, where nothing is mounted",
            at=place,
            others=() if mounted_at == place else (mounted_at,),
            advice=_mount_advice(mounts),
        )


def _mount_advice(mounts: Mounts) -> str:
    if not mounts.files:
        return f"Mount the Secret's entry as `{KEY_FILE}`."
    return f"The mounted file is {_quoted(mounts.files[0].file)}: use the same path in both places."


def _quoted(path: str) -> str:
    """The path in backticks; other text is not printed, since it may be a key."""
    return f"`{path}`" if _PATH.fullmatch(path) else "text that is not a path"


RULES = (
    Rule(
        id="R33",
        title="The key is where the Agent looks for it",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=AGENT_WORKLOADS,
        check=_found_where_looked,
    ),
)
