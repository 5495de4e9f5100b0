"""The rule about what the container family needs (compatibility rules, table D): R98."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from reconciler.facts.agent_image import image as image_of
from reconciler.facts.asking import Member
from reconciler.facts.definition import dig
from reconciler.facts.deployment_mode import clusters_of, mode_of
from reconciler.facts.operator import controllers
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Json
from reconciler.model.origin import Origin
from reconciler.rules.over import SCOPE
from reconciler.rules.references.runner_configuration import family, other_platforms
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.settings import Mode
from reconciler.vendor.driver import DriverClass
from reconciler.vendor.version import is_older

CHART = "0.3.11"
MANAGER = "0.16.10"
KUBERNETES = "1.29"
_CONTAINER = "manager"


@dataclass(frozen=True, slots=True)
class _Version:
    """A version that was found, what it is of, and the place that tells it, None where a cluster does."""

    of: str
    oldest: str
    found: str
    origin: Origin | None


def _new_enough(scope: Scope) -> Iterator[Finding | Unknown]:
    used: dict[str, Member] = {}
    seen: set[Hashable] = set()
    for member in family(scope, DriverClass.CONTAINER, DriverClass.CONTAINER_RUNNER):
        mode = mode_of(scope, member)
        if mode is None:
            yield Unknown("R98", scope.primary.why)
        elif mode is not Mode.LEGACY:
            places = tuple(start.where for start in scope.references.starts(member))
            if places in seen:
                continue
            seen.add(places)
            for cluster in _clusters(scope, member):
                used.setdefault(cluster, member)
    for cluster, member in sorted(used.items(), key=lambda item: item[0]):
        yield from _on_cluster(scope, cluster, member)
    yield from other_platforms(scope)


def _clusters(scope: Scope, member: Member) -> Iterator[str]:
    """Clusters that the definition is used on; those of all Operators of the organization where that is not told."""
    chosen = (node.member.declared for node in clusters_of(scope, member))
    named = {name for cluster in chosen if cluster is not None and (name := scope.cluster_of(cluster))}
    yield from sorted(named or {operator.document.spec.cluster for operator in scope.operators})


def _on_cluster(scope: Scope, cluster: str, member: Member) -> Iterator[Finding | Unknown]:
    versions = [*_versions(scope, cluster)]
    untold = [] if any(v.oldest != KUBERNETES for v in versions) else ["the version of the Operator"]
    if not any(version.oldest == KUBERNETES for version in versions):
        untold.append("`clusters.<name>.kubernetesVersion`")
    definition = member.declared
    assert definition is not None
    place = definition.origin(("driver_type",))
    for version in versions:
        is_old = is_older(version.found, version.oldest)
        if is_old is None:
            untold.append(f"{version.of} `{version.found}`")
        elif is_old:
            yield Finding(
                "R98",
                Severity.ERROR,
                f"Driver `{member.driver}` of `{member.id}` needs {version.of} {version.oldest} or later on cluster "
                f"`{cluster}`, found {version.found}",
                version.origin or place,
                others=(place,) if version.origin else (),
                advice=f"Upgrade {version.of} first, or use another driver until then.",
            )
    if untold:
        yield Unknown(
            "R98",
            f"what driver `{member.driver}` needs on cluster `{cluster}` is not told: {', '.join(untold)}",
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
        yield _Version("Kubernetes", KUBERNETES, facts.kubernetesVersion, None)


def _tag(deployment: Json) -> str:
    """Tag of the manager's image, "" where there is none; a digest is cut off."""
    containers = dig(deployment, "spec", "template", "spec", "containers")
    for container in containers if isinstance(containers, list) else ():
        image = dig(container, "image")
        if dig(container, "name") == _CONTAINER and isinstance(image, str):
            return image_of(image).tag
    return ""


RULES = (
    Rule(
        id="R98",
        title="Drivers of the container family find what they need",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_new_enough,
    ),
)
