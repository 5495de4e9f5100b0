"""What a runner's pod template lacks: the label of workload identity on AKS, the image of a mirror.

The template is part of the registration (`job.pod_template`), so it is only shown what belongs there, never changed.
"""

from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledRunner
from reconciler.facts.runner_installation import identity_annotation
from reconciler.footprint.container import repository_and_tag
from reconciler.footprint.runner import runner_image
from reconciler.model.json import Json, JsonObject
from reconciler.model.runner import AgentRunner
from reconciler.vendor import runner
from reconciler.vendor.cloud import CLOUDS

_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/version")


def completed_template(installed: InstalledRunner) -> JsonObject:
    """The pod template with what is missing for the declared identity and image; equal if nothing is.

    One template has both, because a later one would replace the earlier (v2 reference 12). What is declared is kept.
    """
    template = _declared(installed)
    labels: dict[str, Json] = {}
    identity = identity_annotation(installed.install)
    if identity is not None and CLOUDS[identity[0]].pod_label:
        labels[CLOUDS[identity[0]].pod_label] = "true"
    image = runner_image(installed.install)
    is_mirrored = bool(image) and not image.startswith(f"{runner.REPOSITORY}:")
    if is_mirrored:
        version = repository_and_tag(image)[1]
        labels.update({_LABELS[0]: runner.JOB_NAME, **({_LABELS[1]: version} if version else {})})
    if labels:
        metadata = _mapping(template, "metadata")
        template["metadata"] = {**metadata, "labels": {**labels, **_mapping(metadata, "labels")}}
    if is_mirrored:
        template["spec"] = _with_image(_mapping(template, "spec"), image, installed.install.imagePullSecrets)
    return template


def lacks(installed: InstalledRunner) -> bool:
    """True if the declared pod template is not complete for the declared installation."""
    return completed_template(installed) != _declared(installed)


def _declared(installed: InstalledRunner) -> JsonObject:
    configuration = installed.runner.document.spec.runner_configuration
    template = configuration.job.pod_template if isinstance(configuration, AgentRunner) else None
    return dict(template or {})


def _with_image(spec: JsonObject, image: str, pull_secrets: tuple[str, ...] | None) -> JsonObject:
    declared = spec.get("containers")
    containers = list(declared) if isinstance(declared, list) else []
    names = [dig(container, "name") for container in containers]
    main: dict[str, Json] = {"name": runner.JOB_CONTAINER, "image": image, "imagePullPolicy": "IfNotPresent"}
    if runner.JOB_CONTAINER in names:
        number = names.index(runner.JOB_CONTAINER)
        own = containers[number]
        containers[number] = {**main, **(own if isinstance(own, dict) else {})}
    else:
        containers.append(main)
    found: JsonObject = {**spec, "containers": containers}
    if pull_secrets and "imagePullSecrets" not in spec:
        found["imagePullSecrets"] = [{"name": name} for name in pull_secrets]
    return found


def _mapping(value: JsonObject, name: str) -> JsonObject:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
