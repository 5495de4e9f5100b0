"""Rules about the Secret with the private key: R41, R42 (agent and operator 2.4, 2.11)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from reconciler.facts.agent_installation import AGENT, key_secret, named, namespace_of, on_clusters
from reconciler.facts.agent_manifest import DEPLOYMENT, AgentDeployment, agent_deployments, is_agent
from reconciler.facts.declared_key import AgentKey, fingerprints, keys_by_agent
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.mount import mounts_of, secret_entries
from reconciler.facts.scope import Scope
from reconciler.facts.workload import Workload
from reconciler.model.cluster_state import ClusterState
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean
from reconciler.model.identity import shown
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.model.wording import listed
from reconciler.rules.over import AGENT_WORKLOADS, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Mount:
    """The Secret that an installation reads its key from, and the keys declared for the Agent.

    `secret` is None where the chart names it.
    """

    installed: InstalledAgent
    secret: tuple[str, str] | None
    declared: Sequence[AgentKey]

    @property
    def namespace(self) -> str:
        """Namespace of the Agent."""
        return namespace_of(self.installed.install)


def _mounts(scope: Scope) -> Iterator[Subject[_Mount]]:
    declared = keys_by_agent(scope)
    for installed, _ in on_clusters(scope):
        mount = _Mount(installed, key_secret(installed.install), declared.get(installed.id, ()))
        place, key = partial(installed.origin, ("privateKey",)), scope.key(Kind.AGENT, installed.id)
        yield Subject(mount, scope, named(installed), place, key)


MOUNTS = Over("Secret of an Agent", _mounts)


def _has_entry(subject: Subject[_Mount]) -> Iterator[Answer]:
    mount, cluster = subject.fact, subject.fact.installed.install.cluster
    if mount.secret is None:
        return
    name, entry = mount.secret
    yield from _as_keys_say(subject, name, entry)
    secret = subject.seen.secret(cluster, mount.namespace, name)
    if secret is not None and entry not in secret.entries:
        problem = f"Secret `{name}` has no entry `{entry}`"
        advice = did_you_mean(entry, sorted(secret.entries)) or f"Store the private key as entry `{entry}`."
    elif secret is None and _deployed(subject.seen.cluster(cluster), mount.namespace):
        problem = f"the Agent runs in namespace `{mount.namespace}`, but Secret `{name}` does not exist there"
        advice = f"Create it with the private key as entry `{entry}`, or correct `privateKey.secretName`."
    else:
        return
    yield subject.says(f"{subject.name}: {problem}", advice=advice)


def _as_keys_say(subject: Subject[_Mount], name: str, entry: str) -> Iterator[Answer]:
    """Finding where the Agent's `Key` documents declare another entry of the Secret for its private key."""
    mount = subject.fact
    cluster = mount.installed.install.cluster or ""
    there = [
        key for key in mount.declared if key.is_in(cluster, mount.namespace, name) and key.is_entry_named
    ]
    if there and all(key.entry != entry for key in there):
        first = there[0]
        yield subject.says(
            f"{subject.name} mounts entry `{entry}` of Secret `{name}`, but its key is in entry `{first.entry}`",
            at=mount.installed.origin(("privateKey", "secretKey")),
            others=(first.document.origin(("spec", "privateKey", "key")),),
            advice=f"Use the same name in both places, such as `{first.entry}`.",
        )


def _deployed(state: ClusterState, namespace: str) -> list[str]:
    """Fingerprint annotations of the Agent's Deployments in a namespace, "" where one has none."""
    return [
        found if isinstance(found := dig(d.body, *_ANNOTATION), str) else ""
        for d in state.of(*DEPLOYMENT) or ()
        if d.namespace == namespace and (is_agent(d.body) or d.name == AGENT)
    ]


_ANNOTATION = ("spec", "template", "metadata", "annotations", FINGERPRINT_ANNOTATION)


def _entry_in_tree(subject: Subject[Workload]) -> Iterator[Answer]:
    deployment = subject.fact.written
    if not isinstance(deployment, AgentDeployment):
        return
    unseen: set[str] = set()
    for file in mounts_of(subject.scope, deployment).files:
        held = secret_entries(subject.scope, deployment, file.secret)
        if held is None:
            unseen.add(file.secret)
        elif file.entry not in held:
            yield subject.says(
                f"{subject.name}: Secret `{file.secret}` has no entry `{file.entry}`",
                at=deployment.pod_origin(*file.place[:-1], "key"),
                advice=did_you_mean(file.entry, sorted(held)) or f"Add `{file.entry}` to the Secret.",
            )
    if unseen:
        raise UnseenError(
            unspecified(f"Secret {listed(sorted(unseen))}, which it mounts, is not in the tree")
        )


def _restarted(subject: Subject[_Mount]) -> Iterator[Answer]:
    mount, cluster = subject.fact, subject.fact.installed.install.cluster
    subject.seen.objects(cluster, *DEPLOYMENT)
    if mount.secret is None:
        subject.seen.secrets(cluster)
        raise UnseenError(
            unspecified("the chart decides which Secret it reads; name it in `privateKey.secretName`")
        )
    name, entry = mount.secret
    secret = subject.seen.secret(cluster, mount.namespace, name)
    held = None if secret is None else secret.private_keys.get(entry)
    annotated = _deployed(subject.seen.cluster(cluster), mount.namespace)
    if held is None or not held.fingerprint:
        return
    for started_with in filter(None, annotated):
        if started_with != held.fingerprint:
            yield _not_restarted(subject, started_with, name, held.fingerprint)
    if not all(annotated):
        raise UnseenError(unspecified("which key its pods started with: they have no fingerprint annotation"))


def _not_restarted(subject: Subject[_Mount], started_with: str, name: str, found: str) -> Answer:
    is_declared = found in fingerprints(subject.fact.declared)
    return subject.says(
        f"{subject.name} was started with key {_shown(started_with)}; Secret `{name}` now has {_shown(found)}, "
        "which pods do not read until they are restarted",
        advice="Finish the rotation: restart the pods with the new fingerprint in their annotation."
        if is_declared
        else f"Restore the declared key, or declare this one; then set annotation `{FINGERPRINT_ANNOTATION}` of "
        "the pod template to its fingerprint.",
        severity=Severity.WARNING if is_declared else Severity.ERROR,
    )


def _shown(fingerprint: str) -> str:
    """Short form of a fingerprint; anything else in the annotation is not printed."""
    return f"`{shown(fingerprint)}…`" if _FINGERPRINT.fullmatch(fingerprint) else "another fingerprint"


def _annotated_in_tree(subject: Subject[Workload]) -> Iterator[Answer]:
    """Finding for a manifest annotated with a key that the `Key` documents no longer declare for its Secret."""
    deployment, scope = subject.fact.written, subject.scope
    if not isinstance(deployment, AgentDeployment):
        return
    started_with = dig(deployment.manifest.raw, *_ANNOTATION)
    if not isinstance(started_with, str):
        return
    mounted = {(file.secret, file.entry) for file in mounts_of(scope, deployment).files}
    there = [
        key
        for keys in keys_by_agent(scope).values()
        for key in keys
        if (place := key.place) is not None
        and place.namespace == deployment.namespace
        and (place.secret, key.entry) in mounted
    ]
    known = fingerprints(there)
    if not known or started_with in known:
        return
    if sum(1 for _ in agent_deployments(scope)) > 1:
        # One of several Deployments may be an Agent whose keys are declared elsewhere.
        raise UnseenError(unspecified("which Agent's key it mounts: it is one of several Deployments"))
    yield subject.says(
        f"{subject.name} is annotated with key {_shown(started_with)}, but its Secret is declared to contain "
        f"{_shown(min(known))}: pods would keep the old key",
        at=deployment.manifest.origin(_ANNOTATION),
        others=(there[0].document.origin(("spec", "publicKey")),),
        advice=f"Set annotation `{FINGERPRINT_ANNOTATION}` to the new fingerprint, so that the pods are restarted.",
    )


RULES = (
    Rule(
        id="R41",
        title="The Secret has the entry that is mounted",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=MOUNTS,
        check=_has_entry,
        also=(Part(AGENT_WORKLOADS, _entry_in_tree),),
    ),
    Rule(
        id="R42",
        title="A new key restarts the Agent",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.CLUSTER),
        over=MOUNTS,
        check=_restarted,
        also=(Part(AGENT_WORKLOADS, _annotated_in_tree),),
    ),
)
