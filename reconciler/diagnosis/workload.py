"""The pods of one installation: ready, restarted, which image, and what their logs say."""

from collections.abc import Iterator, Sequence

from reconciler.diagnosis.check import Check, ok, problem, said, unknown, warning
from reconciler.diagnosis.key import Organizations, refusing
from reconciler.diagnosis.sight import InstallationSight
from reconciler.facts.agent_image import image
from reconciler.facts.agent_log import Connection, read_log
from reconciler.facts.definition import dig
from reconciler.facts.delivery import Delivery
from reconciler.facts.log_cause import Cause, Symptom, symptom
from reconciler.facts.rollout import rollout
from reconciler.model.json import Json, JsonObject
from reconciler.model.kubernetes_object import metadata_of
from reconciler.model.unread import Unread
from reconciler.model.wording import plural

LONGEST_LINE = 300
_SHOWN_TROUBLES = 3
_REASONS = {
    "CrashLoopBackOff": "Its log says why; the last line is above, if there is one.",
    "ImagePullBackOff": "Check name and tag of the image, and `imagePullSecrets` for a private registry.",
    "ErrImagePull": "Check name and tag of the image, and `imagePullSecrets` for a private registry.",
    "InvalidImageName": "Correct the name of the image.",
    "CreateContainerConfigError": "A Secret or ConfigMap that it refers to is missing, or an entry of it.",
    "Unschedulable": "No node takes it: compare its resources, and selectors and taints of the nodes.",
    "OOMKilled": "Raise the memory limit in `resources`.",
}


def workload_checks(sight: InstallationSight, organizations: Organizations) -> Iterator[Check]:
    """Everything about the pods of one installation."""
    workload, subject, found = sight.footprint.workload, sight.footprint.installation, sight.deployment
    if workload is None:
        return
    named = f"Deployment {workload.namespace}/{workload.name}"
    if isinstance(found, Unread):
        yield unknown(
            "workload", f"{named} cannot be read: {found.reason}", *said((found.advice,)), subject=subject
        )
        return
    if found is None:
        yield problem("workload", f"{named} does not exist", _install(sight), subject=subject)
        return
    if isinstance(sight.pods, Unread):
        what = f"pods of {named} cannot be read: {sight.pods.reason}"
        yield unknown("workload", what, *said((sight.pods.advice,)), subject=subject)
        return
    yield _ready(sight, found, sight.pods)
    yield from _restarts(sight, sight.pods)
    yield from _image(sight, sight.pods)
    yield from _logs(sight, organizations)


def _install(sight: InstallationSight) -> str:
    if sight.footprint.delivery is Delivery.HELM:
        return "Run the Helm command of its delivery, or choose another one."
    return "Run `reconciler apply`."


def _ready(sight: InstallationSight, deployment: JsonObject, pods: Sequence[JsonObject]) -> Check:
    seen, subject = rollout(deployment, pods), sight.footprint.installation
    if seen.is_complete:
        return ok("workload", f"{plural(len(pods), 'pod')} ready", subject=subject)
    advice = []
    for trouble in seen.troubles[:_SHOWN_TROUBLES]:
        advice.append(f"{trouble}")
        line = _last_line(sight, trouble.pod)
        advice += [f"last log line: {line}"] if line else []
        advice += [_REASONS[trouble.reason]] if trouble.reason in _REASONS else []
    more = len(seen.troubles) - _SHOWN_TROUBLES
    advice += [f"{more} more"] if more > 0 else []
    return problem("workload", f"not ready: {seen.missing}", *dict.fromkeys(advice), subject=subject)


def _last_line(sight: InstallationSight, pod: str) -> str:
    lines = sight.logs.get(pod, ())
    return "" if isinstance(lines, Unread) or not lines else lines[-1][:LONGEST_LINE]


def _restarts(sight: InstallationSight, pods: Sequence[JsonObject]) -> Iterator[Check]:
    for pod in pods:
        for status in _statuses(pod):
            count = status.get("restartCount")
            if not isinstance(count, int) or not count:
                continue
            ended = dig(status, "lastState", "terminated")
            reason = ""
            if isinstance(ended, dict):
                reason = f", last with {ended.get('reason', 'Error')}, exit code {ended.get('exitCode')}"
            advice = _REASONS.get(str(dig(ended, "reason")), "")
            yield warning(
                "restarts",
                f"pod {metadata_of(pod).get('name')} was restarted {plural(count, 'time')}{reason}",
                *said((advice,)),
                subject=sight.footprint.installation,
            )


def _image(sight: InstallationSight, pods: Sequence[JsonObject]) -> Iterator[Check]:
    declared, workload, subject = (
        sight.footprint.image,
        sight.footprint.workload,
        sight.footprint.installation,
    )
    if not declared or workload is None or not pods:
        return
    running = {_image_of(pod, workload.container) for pod in pods} - {""}
    others = sorted(running - {declared})
    if others:
        yield warning(
            "image",
            f"runs {', '.join(others)}; declared is {declared}",
            "`reconciler apply` rolls out what is declared.",
            subject=subject,
        )
    elif running:
        yield ok("image", f"runs the declared image {declared}", subject=subject)


def _image_of(pod: JsonObject, container: str) -> str:
    containers = _objects(dig(pod, "spec", "containers"))
    named = next(
        (one for one in containers if one.get("name") == container), containers[0] if containers else {}
    )
    return str(named.get("image", ""))


def _logs(sight: InstallationSight, organizations: Organizations) -> Iterator[Check]:
    subject, connected, versions = sight.footprint.installation, 0, set()
    ready = _ready_pods(sight)
    for pod, lines in sorted(sight.logs.items()):
        if isinstance(lines, Unread):
            what = f"the log of pod {pod} cannot be read: {lines.reason}"
            yield unknown("log", what, *said((lines.advice,)), subject=subject)
            continue
        found, seen = symptom(lines), read_log(lines)
        if found is not None:
            yield symptom_check(found, f"pod {pod}", refusing(sight, organizations), subject=subject)
            continue
        versions.add(seen.version)
        if pod not in ready:
            continue
        if seen.connection is Connection.CONNECTED or (not sight.is_agent and lines):
            connected += 1
        else:
            yield warning(
                "log",
                f"the log of pod {pod} does not show whether it is connected",
                "It may begin later than the last connection: restart the pod to see it.",
                subject=subject,
            )
    if connected:
        words = "connected" if sight.is_agent else "without an error in the log"
        yield ok("log", f"{plural(connected, 'pod')} {words}", subject=subject)
    yield from _versions(sight, versions - {""})


def _ready_pods(sight: InstallationSight) -> frozenset[str]:
    """Names of the pods that are ready: of the others, a log that shows nothing means nothing."""
    return frozenset(
        str(metadata_of(pod).get("name", ""))
        for pod in (() if isinstance(sight.pods, Unread) else sight.pods)
        for condition in _objects(dig(pod, "status", "conditions"))
        if condition.get("type") == "Ready" and condition.get("status") == "True"
    )


def _versions(sight: InstallationSight, running: set[str]) -> Iterator[Check]:
    declared, subject = image(sight.footprint.image).tag, sight.footprint.installation
    if not running or not declared:
        return
    others = sorted(version for version in running if version.removeprefix("v") != declared.removeprefix("v"))
    if others:
        what = f"reports version {', '.join(others)}; the declared image has tag {declared}"
        yield warning("version", what, "A tag of one's own, or pods of an older rollout.", subject=subject)
    else:
        yield ok("version", f"reports version {', '.join(sorted(running))}", subject=subject)


def symptom_check(found: Symptom, where: str, refused_by: Sequence[str], *, subject: str = "") -> Check:
    """What a log shows, with the organizations that do not accept the key, where they are the cause."""
    remedy, what = found.remedy, f"{where}: {found.remedy.what}"
    if found.cause in (Cause.KEY_REFUSED, Cause.TUNNEL_DOWN, Cause.RUNNER_REFUSED) and refused_by:
        what += f": organization {', organization '.join(refused_by)}"
    return problem("log", what, *remedy.steps, f"line: {found.line.strip()[:LONGEST_LINE]}", subject=subject)


def _statuses(pod: JsonObject) -> list[JsonObject]:
    return [
        status
        for member in ("initContainerStatuses", "containerStatuses")
        for status in _objects(dig(pod, "status", member))
    ]


def _objects(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
