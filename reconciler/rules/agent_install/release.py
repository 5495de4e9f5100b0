"""Rules about pinned and supported versions: R37, R48 (agent and operator 2.1, 2.5)."""

from collections.abc import Iterator

from reconciler.facts.agent_image import image, tag_of
from reconciler.facts.agent_installation import Method, method_of, named
from reconciler.facts.agent_manifest import agent_deployments, text_at
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.installation import AgentInstall
from reconciler.model.json import Path
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.vendor.version import is_older, parsed

_LATEST = "latest"
_OLDEST_HELM = "3.8"


def _is_latest(tag: str) -> bool:
    return tag == _LATEST or tag.startswith(f"{_LATEST}-")


def _pinned(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        for problem, path, advice in _unpinned(installed.install):
            yield Finding(
                "R37",
                Severity.WARNING,
                f"{named(installed)}: {problem}",
                installed.origin(path),
                key=scope.key(Kind.AGENT, installed.id),
                advice=advice,
            )
        if any(is_filled_in(text) for text in (installed.install.image or "", _chart(installed.install))):
            yield Unknown("R37", f"the version of {named(installed)} is filled in later")
    for deployment in agent_deployments(scope):
        named_image = text_at(deployment.container, "image")
        problem = "" if is_filled_in(named_image) else _image_problem(named_image)
        if problem:
            yield Finding(
                "R37",
                Severity.WARNING,
                f"{deployment.name}: {problem}",
                deployment.origin("image"),
                advice="Name a version, such as `:1.8.4`, or a digest.",
            )


def _chart(install: AgentInstall) -> str:
    return install.chartVersion or ""


def _unpinned(install: AgentInstall) -> Iterator[tuple[str, Path, str]]:
    is_helm = method_of(install) is Method.HELM
    if install.image is not None and not is_filled_in(install.image):
        problem = _image_problem(install.image)
        if problem:
            yield problem, ("image",), "Name a version, such as `:1.8.4`, or a digest."
    elif install.image is None and not is_helm:
        yield "no image is named, so its version is not pinned", (), "Set `image` with a version."
    elif install.image is None and _is_latest(tag_of(install)):
        advice = "Name a version."
        yield f"tag `{tag_of(install)}` of the image moves", ("helmValues", "image", "tag"), advice
    chart = _chart(install)
    if is_helm and not is_filled_in(chart) and parsed(chart) is None:
        problem = (
            f"`{chart}` is not one version of the chart"
            if chart
            else "the version of the chart is not pinned"
        )
        yield problem, ("chartVersion",), "Set `chartVersion` to one version, such as `1.2.10`."


def _image_problem(text: str) -> str:
    parts = image(text)
    if parts.has_digest:
        return ""
    if not parts.tag:
        return "the image has no tag, so its version is not pinned"
    return f"tag `{parts.tag}` of the image moves" if _is_latest(parts.tag) else ""


def _recent_helm(scope: Scope) -> Iterator[Finding | Unknown]:
    untold: list[str] = []
    for installed in scope.agent_installs:
        version = installed.install.helmVersion
        if method_of(installed.install) is not Method.HELM:
            continue
        older = None if version is None else is_older(version, _OLDEST_HELM)
        if older is None:
            untold.append(f"`{installed.id}`")
        elif older:
            yield Finding(
                "R48",
                Severity.WARNING,
                f"{named(installed)} is installed with Helm {version}; charts in a registry need {_OLDEST_HELM}, or a "
                "switch before it",
                installed.origin(("helmVersion",)),
                key=scope.key(Kind.AGENT, installed.id),
                advice="Use Helm 3.8 or later, or set `HELM_EXPERIMENTAL_OCI=1` where it runs.",
            )
    if untold:
        names = ", ".join(dict.fromkeys(untold))
        yield Unknown("R48", f"which Helm installs {names} is not declared (`helmVersion`)")


RULES = (
    Rule(
        id="R37",
        title="The version of an Agent is pinned",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_pinned,
    ),
    Rule(
        id="R48",
        title="Helm is new enough for charts in a registry",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_recent_helm,
    ),
)
