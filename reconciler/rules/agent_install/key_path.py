"""The rule about where the Agent looks for its private key: R33 (agent and operator 2.3, 2.4).

Whatever stands in place of a path by mistake, a key maybe, is not printed.
"""

import posixpath
import re
from collections.abc import Iterator

from reconciler.facts.agent_installation import KEY_FILE, PRIVATE_KEY_FILE, follows_manifests, named
from reconciler.facts.agent_manifest import AgentDeployment, agent_deployments, environment
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.mount import Mounts, looked_for, mounts_of
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_PATH = re.compile(r"[\w./@+-]{1,120}", re.ASCII)


def _found_where_looked(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        yield from _declared_path(scope, installed)
    for deployment in agent_deployments(scope):
        yield from _manifest_path(scope, deployment)


def _declared_path(scope: Scope, installed: InstalledAgent) -> Iterator[Finding | Unknown]:
    key = installed.install.privateKey
    mounted = None if key is None else key.path
    wanted = (installed.install.env or {}).get(PRIVATE_KEY_FILE)
    place = installed.origin(("env", PRIVATE_KEY_FILE) if wanted is not None else ("privateKey", "path"))
    given = [text for text in (wanted, mounted) if text is not None]
    relative = next((text for text in given if not text.startswith("/")), None)
    if any(is_filled_in(text) for text in given):
        yield Unknown("R33", f"where {named(installed)} finds its key is filled in later")
    elif relative is not None:
        if relative is mounted:
            place = installed.origin(("privateKey", "path"))
        message = f"{named(installed)}: {_quoted(relative)} is not an absolute path of the key file"
        yield _refused(scope, installed, message, place, f"Write the whole path, such as `{KEY_FILE}`.")
    elif wanted is not None and posixpath.normpath(wanted) != posixpath.normpath(mounted or KEY_FILE):
        if mounted is None and not follows_manifests(installed.install):
            yield Unknown("R33", f"where the key of {named(installed)} is mounted is not declared")
            return
        message = (
            f"{named(installed)} will look for its key at {_quoted(wanted)}, and the key is mounted at "
            f"{_quoted(mounted or KEY_FILE)}"
        )
        advice = f"Remove `{PRIVATE_KEY_FILE}`, or make `privateKey.path` the same."
        yield _refused(scope, installed, message, place, advice)


def _refused(scope: Scope, installed: InstalledAgent, message: str, place: Origin, advice: str) -> Finding:
    key = scope.key(Kind.AGENT, installed.id)
    return Finding("R33", Severity.ERROR, message, place, key=key, advice=advice)


def _manifest_path(scope: Scope, deployment: AgentDeployment) -> Iterator[Finding | Unknown]:
    wanted = looked_for(scope, deployment)
    if wanted is None:
        yield Unknown("R33", f"where {deployment.name} looks for its key is filled in elsewhere")
        return
    variable = environment(scope, deployment).variables.get(PRIVATE_KEY_FILE)
    place = deployment.origin("volumeMounts") if variable is None else variable.origin
    mounts = mounts_of(scope, deployment)
    if not wanted.startswith("/"):
        message = f"{deployment.name}: {_quoted(wanted)} is not an absolute path of the key file"
        advice = f"Write the whole path, such as `{KEY_FILE}`."
    elif mounts.file(posixpath.normpath(wanted)) is not None:
        return
    elif mounts.may_hold(wanted):
        yield Unknown(
            "R33",
            f"whether {deployment.name} finds a key at {_quoted(wanted)}: the volume's content "
            "is not in the tree",
        )
        return
    else:
        message = f"{deployment.name} will look for its key at {_quoted(wanted)}, where nothing is mounted"
        advice = _mount_advice(mounts)
    yield Finding("R33", Severity.ERROR, message, place, advice=advice)


def _mount_advice(mounts: Mounts) -> str:
    if not mounts.files:
        return f"Mount the Secret's entry as `{KEY_FILE}`."
    return f"What is mounted is {_quoted(mounts.files[0].file)}: make both the same."


def _quoted(path: str) -> str:
    """Whatever stands there by mistake, a key maybe, is not printed."""
    return f"`{path}`" if _PATH.fullmatch(path) else "a text that is no path"


RULES = (
    Rule(
        id="R33",
        title="The key is where the Agent looks for it",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_found_where_looked,
    ),
)
