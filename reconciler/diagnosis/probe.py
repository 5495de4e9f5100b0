"""A pod that tries whether the network lets an Agent connect, and what its end says.

It has labels, namespace, account and node selection of the Agent's pods, so that the same policies apply to it, and
nothing else of them: no key, no variables, no volumes. It ends by itself.
"""

from reconciler.diagnosis.check import Check, ok, problem, unknown
from reconciler.facts.agent_installation import AGENT
from reconciler.facts.agent_log import HOST
from reconciler.facts.definition import dig
from reconciler.facts.egress import COMMAND, PORT, TIMEOUT_S, reaches
from reconciler.facts.log_cause import REMEDIES, Cause
from reconciler.footprint.value import WorkloadKey, without_none
from reconciler.model.json import Json, JsonObject
from reconciler.model.kubernetes_object import PROBE_LABEL, PROBE_PREFIX
from reconciler.vendor import agent

CONTAINER = "probe"
LONGEST_S = 60
"""After this the cluster ends the pod, even if nobody is left to delete it."""
_OF_THE_AGENT = (
    "serviceAccountName",
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "affinity",
    "hostNetwork",
    "dnsPolicy",
    "dnsConfig",
    "priorityClassName",
    "runtimeClassName",
)
# Standard input is empty, so that nc ends as soon as it is connected; its exit code depends on how the server ends it.
_SCRIPT = f"{COMMAND} </dev/null >/dev/termination-log 2>&1"


def probe_pod(workload: WorkloadKey, deployment: JsonObject, *, run: str, image: str) -> JsonObject:
    """The pod, made from the live Deployment of an Agent. `run` is the value of its label, which finds it again."""
    template = dig(deployment, "spec", "template")
    labels = dig(template, "metadata", "labels")
    found = labels if isinstance(labels, dict) and labels else dict(workload.selector)
    spec = dig(template, "spec")
    kept = {name: dig(spec, name) for name in _OF_THE_AGENT}
    context = dig(spec, "securityContext")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": PROBE_PREFIX,
            "namespace": workload.namespace,
            "labels": {**found, PROBE_LABEL: run},
        },
        "spec": without_none(
            (
                *kept.items(),
                ("restartPolicy", "Never"),
                ("activeDeadlineSeconds", LONGEST_S),
                ("terminationGracePeriodSeconds", 0),
                ("automountServiceAccountToken", False),
                ("securityContext", context or agent.pod_security_context()),
                ("containers", [_container(spec, image)]),
            )
        ),
    }


def _container(spec: Json, image: str) -> JsonObject:
    containers = dig(spec, "containers")
    items = [one for one in containers if isinstance(one, dict)] if isinstance(containers, list) else []
    own = next((one for one in items if one.get("name") == AGENT), items[0] if items else {})
    return {
        "name": CONTAINER,
        "image": image,
        "command": ["/bin/sh", "-c", _SCRIPT],
        "securityContext": own.get("securityContext") or agent.container_security_context(),
        "resources": {"requests": dict(agent.REQUESTS), "limits": dict(agent.LIMITS)},
    }


def has_ended(pod: JsonObject) -> bool:
    """True once the pod will not change any more."""
    return dig(pod, "status", "phase") in ("Succeeded", "Failed")


def probe_check(pod: JsonObject | None, *, subject: str) -> Check:
    """What the end of the pod says; None if somebody else deleted it."""
    if pod is None:
        return unknown(
            "probe", "the probe pod was deleted by somebody else", "Run it again.", subject=subject
        )
    if not has_ended(pod):
        why = _waiting(pod)
        return unknown(
            "probe",
            f"the probe pod did not end within {LONGEST_S} s" + (f": {why}" if why else ""),
            "Its image needs a shell and `nc`: `--probe-image` names another one.",
            subject=subject,
        )
    state = _state(pod)
    message, code = (
        str(dig(state, "terminated", "message") or "").strip(),
        dig(state, "terminated", "exitCode"),
    )
    said = next((line for line in reversed(message.splitlines()) if reaches(line.strip()) is not None), "")
    is_open = reaches(said.strip()) if said else code == 0
    if is_open:
        return ok("probe", f"its network reaches {HOST} on TCP port {PORT}", subject=subject)
    why = said or message or str(dig(pod, "status", "message") or f"exit code {code}")
    return problem(
        "probe",
        f"its network does not reach {HOST} on TCP port {PORT} within {TIMEOUT_S} s: {why[:300]}",
        *REMEDIES[Cause.UNREACHABLE].steps,
        subject=subject,
    )


def _state(pod: JsonObject) -> Json:
    statuses = dig(pod, "status", "containerStatuses")
    return dig(statuses[0], "state") if isinstance(statuses, list) and statuses else None


def _waiting(pod: JsonObject) -> str:
    waiting = dig(_state(pod), "waiting")
    return (
        f"{dig(waiting, 'reason')}" if isinstance(waiting, dict) else str(dig(pod, "status", "phase") or "")
    )
