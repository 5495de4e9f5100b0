"""Rules about the Secret with the private key: R41, R42 (agent and operator 2.4, 2.11)."""

import re
from collections.abc import Iterator, Mapping, Sequence

from reconciler.facts.agent_installation import AGENT, key_secret, named, namespace_of, on_clusters
from reconciler.facts.agent_manifest import DEPLOYMENT, AgentDeployment, agent_deployments, is_agent
from reconciler.facts.declared_key import AgentKey, fingerprints, keys_by_agent
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.mount import mounts_of, secret_entries
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import ClusterState, SecretObject
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identifier import did_you_mean
from reconciler.model.identity import shown
from reconciler.model.kind import Kind
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

FINGERPRINT_ANNOTATION = "reconciler/key-fingerprint"
"""Annotation of the pod template that carries the fingerprint of the mounted key, so that a new key restarts pods."""
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _has_entry(scope: Scope) -> Iterator[Finding | Unknown]:
    declared = keys_by_agent(scope)
    for installed in scope.agent_installs:
        yield from _as_keys_say(scope, installed, declared.get(installed.id, ()))
    for installed, cluster in on_clusters(scope):
        yield from _entry_on_cluster(scope, installed, cluster)
    for deployment in agent_deployments(scope):
        yield from _entry_in_tree(scope, deployment)


def _as_keys_say(scope: Scope, installed: InstalledAgent, declared: Sequence[AgentKey]) -> Iterator[Finding]:
    """The Agent's `Key` documents tell under which entry its private key is put into the Secret."""
    install, mount = installed.install, key_secret(installed.install)
    if mount is None or install.cluster is None:
        return
    name, entry = mount
    there = [
        key
        for key in declared
        if key.is_in(install.cluster, namespace_of(install), name) and key.is_entry_told
    ]
    if there and all(key.entry != entry for key in there):
        first = there[0]
        yield Finding(
            "R41",
            Severity.ERROR,
            f"{named(installed)} mounts entry `{entry}` of Secret `{name}`; its key is put under `{first.entry}`",
            installed.origin(("privateKey", "secretKey")),
            key=scope.key(Kind.AGENT, installed.id),
            others=(first.document.origin(("spec", "privateKey", "key")),),
            advice=f"Use one name in both places, such as `{first.entry}`.",
        )


def _entry_on_cluster(scope: Scope, installed: InstalledAgent, cluster: str) -> Iterator[Finding | Unknown]:
    mount = key_secret(installed.install)
    if mount is None:
        return
    name, entry = mount
    namespace = namespace_of(installed.install)
    state = scope.cluster_state(cluster)
    if state is None or not state.has_read_secrets:
        yield Unknown(
            "R41",
            f"whether Secret `{name}` of Agent `{installed.id}` is there: {scope.unseen(cluster)}",
            scope.unseen(cluster),
        )
        return
    secret = state.secret(namespace, name)
    if secret is not None and entry not in secret.entries:
        problem = f"Secret `{name}` has no entry `{entry}`"
        advice = did_you_mean(entry, sorted(secret.entries)) or f"Put the private key under `{entry}`."
    elif secret is None and _deployed(state, namespace):
        problem = f"the Agent runs in namespace `{namespace}`, and Secret `{name}` is not there"
        advice = f"Create it with the private key under `{entry}`, or correct `privateKey.secretName`."
    else:
        return
    yield Finding(
        "R41",
        Severity.ERROR,
        f"{named(installed)}: {problem}",
        installed.origin(("privateKey",)),
        key=scope.key(Kind.AGENT, installed.id),
        advice=advice,
    )


def _deployed(state: ClusterState, namespace: str) -> list[str]:
    """Fingerprint annotations of the Agent's Deployments in a namespace, "" where one has none."""
    return [
        found if isinstance(found := dig(d.body, *_ANNOTATION), str) else ""
        for d in state.of(*DEPLOYMENT) or ()
        if d.namespace == namespace and (is_agent(d.body) or d.name == AGENT)
    ]


_ANNOTATION = ("spec", "template", "metadata", "annotations", FINGERPRINT_ANNOTATION)


def _entry_in_tree(scope: Scope, deployment: AgentDeployment) -> Iterator[Finding | Unknown]:
    unseen: set[str] = set()
    for file in mounts_of(scope, deployment).files:
        held = secret_entries(scope, deployment, file.secret)
        if held is None:
            unseen.add(file.secret)
        elif file.entry not in held:
            yield Finding(
                "R41",
                Severity.ERROR,
                f"{deployment.name}: Secret `{file.secret}` has no entry `{file.entry}`",
                deployment.pod_origin(*file.place[:-1], "key"),
                advice=did_you_mean(file.entry, sorted(held)) or f"Add `{file.entry}` to the Secret.",
            )
    if unseen:
        yield Unknown(
            "R41",
            f"whether Secret {listed(sorted(unseen))} has what {deployment.name} mounts: it is not in the tree",
        )


def _restarted(scope: Scope) -> Iterator[Finding | Unknown]:
    declared = keys_by_agent(scope)
    for installed, cluster in on_clusters(scope):
        state = scope.cluster_state(cluster)
        if state is None or not state.has_read_secrets or state.of(*DEPLOYMENT) is None:
            yield Unknown(
                "R42",
                f"whether Agent `{installed.id}` runs with the key of its Secret: {scope.unseen(cluster)}",
                scope.unseen(cluster),
            )
            continue
        yield from _with_its_key(scope, installed, state, fingerprints(declared.get(installed.id, ())))
    deployments = list(agent_deployments(scope))
    for deployment in deployments:
        yield from _annotated_in_tree(scope, deployment, declared, is_only_one=len(deployments) == 1)


def _with_its_key(
    scope: Scope, installed: InstalledAgent, state: ClusterState, declared: set[str]
) -> Iterator[Finding | Unknown]:
    mount = key_secret(installed.install)
    if mount is None:
        reason = (
            f"which Secret {named(installed)} reads is up to the chart; name it in `privateKey.secretName`"
        )
        yield Unknown("R42", reason)
        return
    name, entry = mount
    namespace = namespace_of(installed.install)
    found = _fingerprint(state.secret(namespace, name), entry)
    annotated = _deployed(state, namespace)
    if not annotated or found is None:
        return
    if not all(annotated):
        yield Unknown(
            "R42", f"with which key the pods of {named(installed)} were started: they carry no fingerprint"
        )
    for started_with in filter(None, annotated):
        if started_with == found:
            continue
        is_declared = found in declared
        yield Finding(
            "R42",
            Severity.WARNING if is_declared else Severity.ERROR,
            f"{named(installed)} was started with key {_shown(started_with)}; Secret `{name}` now holds "
            f"{_shown(found)}, which pods do not read until they are restarted",
            installed.origin(("privateKey",)),
            key=scope.key(Kind.AGENT, installed.id),
            advice="Finish the rotation: restart the pods with the new fingerprint in their annotation."
            if is_declared
            else f"Put the declared key back, or declare this one; then set annotation `{FINGERPRINT_ANNOTATION}` of "
            "the pod template to its fingerprint.",
        )


def _fingerprint(secret: SecretObject | None, entry: str) -> str | None:
    held = None if secret is None else secret.private_keys.get(entry)
    return None if held is None or not held.fingerprint else held.fingerprint


def _shown(fingerprint: str) -> str:
    """What people compare; anything else in the annotation is not printed."""
    return f"`{shown(fingerprint)}…`" if _FINGERPRINT.fullmatch(fingerprint) else "another fingerprint"


def _annotated_in_tree(
    scope: Scope,
    deployment: AgentDeployment,
    declared: Mapping[str, Sequence[AgentKey]],
    *,
    is_only_one: bool,
) -> Iterator[Finding | Unknown]:
    """A manifest that names a key which the `Key` documents no longer put into its Secret."""
    started_with = dig(deployment.manifest.raw, *_ANNOTATION)
    mounted = {(file.secret, file.entry) for file in mounts_of(scope, deployment).files}
    there = [
        key
        for keys in declared.values()
        for key in keys
        if (place := key.place) is not None
        and place.namespace == deployment.namespace
        and (place.secret, key.entry) in mounted
    ]
    known = fingerprints(there)
    if not isinstance(started_with, str) or not known or started_with in known:
        return
    if not is_only_one:
        # One of several clusters may have an Agent whose keys are declared elsewhere.
        reason = (
            f"which Agent's key {deployment.name} ({deployment.manifest.origin()}) mounts, one of several"
        )
        yield Unknown("R42", reason)
        return
    yield Finding(
        "R42",
        Severity.ERROR,
        f"{deployment.name} is annotated with key {_shown(started_with)}, and its Secret is declared to hold "
        f"{_shown(min(known))}: pods would keep the old key",
        deployment.manifest.origin(_ANNOTATION),
        others=(there[0].document.origin(("spec", "publicKey")),),
        advice=f"Set annotation `{FINGERPRINT_ANNOTATION}` to the new fingerprint, so that pods are restarted.",
    )


RULES = (
    Rule(
        id="R41",
        title="The Secret has the entry that is mounted",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_has_entry,
    ),
    Rule(
        id="R42",
        title="A new key restarts the Agent",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_restarted,
    ),
)
