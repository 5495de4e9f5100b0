"""The rule about requirements of the container driver family (compatibility rules, table D): R98."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from reconciler.facts.agent_image import image as image_of
from reconciler.facts.asking import Member
from reconciler.facts.definition import dig
from reconciler.facts.deployment_mode import clusters_used_on, mode_of
from reconciler.facts.operator import controllers
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.json import Json
from reconciler.model.origin import Origin
from reconciler.model.unseen import unspecified
from reconciler.rules.over import TARGET
from reconciler.rules.references.runner_configuration import family, other_platforms
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import Mode
from reconciler.vendor.driver import DriverClass
from reconciler.vendor.version import is_older

CHART = "0.3.11"
MANAGER = "0.16.10"
KUBERNETES = "1.29"
_CONTAINER = "manager"


@dataclass(frozen=True, slots=True)
class _Version:
    """A version that was found, what it belongs to, and the place that declares it, None where a cluster has it."""

    of: str
    oldest: str
    found: str
    origin: Origin | None


def _new_enough(target: Subject[Scope]) -> Iterator[Answer]:
    scope = target.scope
    used: dict[str, Member] = {}
    seen: set[Hashable] = set()
    for member in family(scope, DriverClass.CONTAINER, DriverClass.CONTAINER_RUNNER):
        mode = mode_of(scope, member)
        places = tuple(start.where for start in scope.references.starts(member))
        if mode is None and None not in seen:
            seen.add(None)
            yield target.doubts(
                f"whether the Operator provisions `{member.id}`", unspecified(scope.primary.why)
            )
        elif mode is not None and mode is not Mode.LEGACY and places not in seen:
            seen.add(places)
            for cluster in clusters_used_on(scope, member):
                used.setdefault(cluster, member)
    for cluster, member in sorted(used.items(), key=lambda item: item[0]):
        yield from _on_cluster(target, cluster, member)
    yield from other_platforms(scope)


def _on_cluster(target: Subject[Scope], cluster: str, member: Member) -> Iterator[Answer]:
    scope = target.scope
    versions = [*_versions(scope, cluster)]
    unknown_versions = (
        [] if any(v.oldest != KUBERNETES for v in versions) else ["the version of the Operator"]
    )
    if not any(version.oldest == KUBERNETES for version in versions):
        unknown_versions.append("`clusters.<name>.kubernetesVersion`")
    definition = member.declared
    assert definition is not None
    place = definition.origin(("driver_type",))
    for version in versions:
        is_old = is_older(version.found, version.oldest)
        if is_old is None:
            unknown_versions.append(f"{version.of} `{version.found}`")
        elif is_old:
            yield target.says(
                f"Driver `{member.driver}` of `{member.id}` needs {version.of} {version.oldest} or later on cluster "
                f"`{cluster}`, found {version.found}",
                at=version.origin or place,
                others=(place,) if version.origin else (),
                advice=f"Upgrade {version.of}, or use another driver until then.",
            )
    if unknown_versions:
        yield target.doubts(
            f"whether cluster `{cluster}` has what driver `{member.driver}` needs",
            unspecified(f"these are not known: {', '.join(unknown_versions)}"),
        )


def _versions(scope: Scope, cluster: str) -> Iterator[_Version]:
    for operator in scope.operators_on(cluster):
        spec = operator.document.spec
        if spec.chartVersion:
            place = operator.origin(("spec", "chartVersion"))
            yield _Version("the Operator's chart", CHART, spec.chartVersion, place)
        if spec.appVersion:
            place = operator.origin(("spec", "appVersion"))
            yield _Version("the Operator's manager", MANAGER, spec.appVersion, place)
    if not any(operator.document.spec.appVersion for operator in scope.operators_on(cluster)):
        for controller in controllers(scope, cluster) or ():
            tag = _tag(controller.body)
            if tag:
                yield _Version("the Operator's manager", MANAGER, tag, None)
    facts = scope.cluster_facts(cluster)
    if facts is not None and facts.kubernetesVersion:
        place = scope.settings.origin("clusters", cluster, "kubernetesVersion")
        yield _Version("Kubernetes", KUBERNETES, facts.kubernetesVersion, place)


def _tag(deployment: Json) -> str:
    """Tag of the manager's image without a digest, "" where there is none."""
    containers = dig(deployment, "spec", "template", "spec", "containers")
    for container in containers if isinstance(containers, list) else ():
        image = dig(container, "image")
        if dig(container, "name") == _CONTAINER and isinstance(image, str):
            return image_of(image).tag
    return ""


RULES = (
    Rule(
        id="R98",
        title="Requirements of the container drivers are met",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=TARGET,
        check=_new_enough,
    ),
)
