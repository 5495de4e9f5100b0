"""Rules about checks inside the Agent's container, and the version that decides on them: R44, R45."""

from collections.abc import Iterator

from reconciler.facts.agent_image import image, lacks_shell, tag_of
from reconciler.facts.agent_installation import named, texts
from reconciler.facts.agent_manifest import AgentDeployment, agent_deployments, text_at
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.vendor.version import is_older, parsed

_CHART_WITHOUT_SHELL = "1.1.0"
"""First chart whose own image has no shell."""
_COMMANDS = frozenset(("sh", "bash", "ash", "dash", "zsh", "nc", "ncat", "netcat", "busybox"))
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def _runs_in_shell(words: Iterator[str]) -> str:
    """Return the program that the image would have to have, "" where there is none of those it lacks."""
    for text in words:
        for word in text.split():
            name = word.rpartition("/")[2]
            if name in _COMMANDS:
                return name
    return ""


def _checked_from_outside(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        install = installed.install
        program = _runs_in_shell(iter(install.connectivityCheck or ()))
        if not program:
            continue
        tag = tag_of(install)
        lacks = lacks_shell(tag)
        if (
            not tag
            and install.image is None
            and is_older((install.chartVersion or ""), _CHART_WITHOUT_SHELL) is False
        ):
            lacks = True
        if lacks is None:
            yield Unknown(
                "R44", f"whether the image of {named(installed)} has `{program}`: its version is not told"
            )
        elif lacks:
            yield _without_program(
                f"{named(installed)}: the check runs `{program}` in a container that has no shell",
                installed,
                scope,
            )
    for deployment in agent_deployments(scope):
        yield from _probed(deployment)


def _without_program(message: str, installed: InstalledAgent, scope: Scope) -> Finding:
    return Finding(
        "R44",
        Severity.WARNING,
        message,
        installed.origin(("connectivityCheck",)),
        key=scope.key(Kind.AGENT, installed.id),
        advice="Test port 443 of `agent-01.humanitec.io` from another pod or machine in the same network.",
    )


def _probed(deployment: AgentDeployment) -> Iterator[Finding]:
    if not lacks_shell(image(text_at(deployment.container, "image")).tag):
        return
    for probe in _PROBES:
        command = dig(deployment.container, probe, "exec", "command")
        program = _runs_in_shell(texts(command))
        if program:
            yield Finding(
                "R44",
                Severity.WARNING,
                f"{deployment.name}: `{probe}` runs `{program}` in a container that has no shell",
                deployment.origin(probe, "exec", "command"),
                advice="Remove the probe; test the connection from another pod.",
            )


def _numbered_apart(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        install = installed.install
        chart, tag = (install.chartVersion or ""), tag_of(install)
        if not chart or is_filled_in(chart):
            continue
        if parsed(chart) is not None and parsed(chart) == parsed(tag):
            problem = f"({chart}, {tag}), and the same number for both is most likely a mistake"
            advice = (
                "Look up which image the chart is meant for; chart 1.2.0, for one, came with image 1.6.0."
            )
        elif install.image is None and not tag and _runs_in_shell(iter(install.connectivityCheck or ())):
            problem = f"({chart}), and whether the check can run depends on the image, which is not named"
            advice = "Name the `image` too."
        else:
            continue
        yield Finding(
            "R45",
            Severity.WARNING,
            f"{named(installed)}: chart and image are numbered separately {problem}",
            installed.origin(("chartVersion",)),
            key=scope.key(Kind.AGENT, installed.id),
            advice=advice,
        )


RULES = (
    Rule(
        id="R44",
        title="The Agent is not checked from inside its container",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_checked_from_outside,
    ),
    Rule(
        id="R45",
        title="Versions of chart and image are not mixed up",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_numbered_apart,
    ),
)
