"""Rules about pinned and supported versions: R37, R48 (agent and operator 2.1, 2.5)."""

from collections.abc import Iterator

from reconciler.facts.agent_image import image, tag_of
from reconciler.facts.agent_installation import Method, method_of, named
from reconciler.facts.agent_manifest import AgentDeployment, text_at
from reconciler.facts.installed import InstalledAgent, InstalledRunner
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.workload import Workload
from reconciler.model.finding import Severity
from reconciler.model.installation import AgentInstall, RunnerInstall
from reconciler.model.json import Path
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.rules.over import AGENT_INSTALLS, WORKLOADS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.version import is_older, parsed

_LATEST = "latest"
_OLDEST_HELM = "3.8"
_NAME_VERSION = "Name a version, such as `:1.8.4`, or a digest."


def _is_latest(tag: str) -> bool:
    return tag == _LATEST or tag.startswith(f"{_LATEST}-")


def _pinned(subject: Subject[Workload]) -> Iterator[Answer]:
    match subject.fact.written:
        case InstalledAgent() as installed:
            install = installed.install
            for problem, path, advice in _unpinned(install):
                yield subject.says(f"{subject.name}: {problem}", at=installed.origin(path), advice=advice)
            if any(is_filled_in(text) for text in (install.image or "", _chart(install))):
                raise UnseenError(unspecified("its version is filled in later"))
        case AgentDeployment() as deployment:
            image_name = text_at(deployment.container, "image")
            problem = "" if is_filled_in(image_name) else _image_problem(image_name)
            if problem:
                message = f"{subject.name}: {problem}"
                yield subject.says(message, at=deployment.origin("image"), advice=_NAME_VERSION)
        case InstalledRunner() as runner:
            for problem, path, advice in _unpinned_chart(runner.install):
                yield subject.says(f"{subject.name}: {problem}", at=runner.origin(path), advice=advice)


def _chart(install: AgentInstall) -> str:
    return install.chartVersion or ""


def _unpinned(install: AgentInstall) -> Iterator[tuple[str, Path, str]]:
    is_helm = method_of(install) is Method.HELM
    if install.image is not None and not is_filled_in(install.image):
        problem = _image_problem(install.image)
        if problem:
            yield problem, ("image",), _NAME_VERSION
    elif install.image is None and not is_helm:
        yield "no image is named, so its version is not pinned", (), "Set `image` with a version."
    elif install.image is None and _is_latest(tag_of(install)):
        advice = "Name a version."
        yield f"image tag `{tag_of(install)}` is not fixed", ("helmValues", "image", "tag"), advice
    chart = _chart(install)
    if is_helm and not is_filled_in(chart) and parsed(chart) is None:
        problem = f"chart version `{chart}` is not exact" if chart else "the chart version is not pinned"
        yield problem, ("chartVersion",), "Set `chartVersion` to an exact version, such as `1.2.10`."


def _unpinned_chart(install: RunnerInstall) -> Iterator[tuple[str, Path, str]]:
    """Problem where a runner's chart has no exact version, neither in `chartVersion` nor in the chart's name."""
    chart, path = install.chart or "", ("chartVersion",) if install.chartVersion is not None else ("chart",)
    version = install.chartVersion
    if version is None and chart:
        version = chart.rsplit("/", 1)[-1].partition(":")[2]
    if version is not None and not is_filled_in(version + chart) and parsed(version) is None:
        problem = f"chart version `{version}` is not exact" if version else "the chart version is not pinned"
        yield problem, path, "Set `chartVersion` to an exact version, such as `0.1.1`."


def _image_problem(text: str) -> str:
    parts = image(text)
    if parts.has_digest:
        return ""
    if not parts.tag:
        return "the image has no tag, so its version is not pinned"
    return f"image tag `{parts.tag}` is not fixed" if _is_latest(parts.tag) else ""


def _recent_helm(subject: Subject[InstalledAgent]) -> Iterator[Answer]:
    version = subject.fact.install.helmVersion
    if method_of(subject.fact.install) is not Method.HELM:
        return
    older = None if version is None else is_older(version, _OLDEST_HELM)
    if older is None:
        raise UnseenError(unspecified("the Helm version that installs it is not declared (`helmVersion`)"))
    if older:
        yield subject.says(
            f"{named(subject.fact)} is installed with Helm {version}; charts in a registry need {_OLDEST_HELM} or "
            "later, or an experimental setting before that",
            at=subject.fact.origin(("helmVersion",)),
            advice="Use Helm 3.8 or later, or set `HELM_EXPERIMENTAL_OCI=1` where it runs.",
        )


RULES = (
    Rule(
        id="R37",
        title="The version of an Agent or a runner is pinned",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=WORKLOADS,
        check=_pinned,
    ),
    Rule(
        id="R48",
        title="Helm is new enough for charts in a registry",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=AGENT_INSTALLS,
        check=_recent_helm,
    ),
)
