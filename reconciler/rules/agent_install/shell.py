"""Rules about checks inside the Agent's container, and the versions that they depend on: R44, R45."""

from collections.abc import Iterator

from reconciler.facts.agent_image import image, lacks_shell, tag_of
from reconciler.facts.agent_installation import named, texts
from reconciler.facts.agent_manifest import AgentDeployment, text_at
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.workload import Workload
from reconciler.model.finding import Severity
from reconciler.model.installation import AgentInstall
from reconciler.model.unseen import unspecified
from reconciler.rules.over import AGENT_INSTALLS, AGENT_WORKLOADS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.version import is_older, parsed

_CHART_WITHOUT_SHELL = "1.1.0"
"""First chart whose default image has no shell."""
_COMMANDS = frozenset(("sh", "bash", "ash", "dash", "zsh", "nc", "ncat", "netcat", "busybox"))
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def _runs_in_shell(words: Iterator[str]) -> str:
    """First program in a command that the image lacks, "" where there is none."""
    for text in words:
        for word in text.split():
            name = word.rpartition("/")[2]
            if name in _COMMANDS:
                return name
    return ""


def _checked_from_outside(subject: Subject[Workload]) -> Iterator[Answer]:
    match subject.fact.written:
        case InstalledAgent(install=install) as installed:
            program = _runs_in_shell(iter(install.connectivityCheck or ()))
            lacks = _lacks_shell(install)
            if program and lacks is None:
                question = f"whether the image of {subject.name} has `{program}`"
                yield subject.doubts(question, unspecified("its version is not declared"))
            elif program and lacks:
                yield subject.says(
                    f"{subject.name}: the check runs `{program}` in a container without a shell",
                    at=installed.origin(("connectivityCheck",)),
                    advice="Test port 443 of `agent-01.humanitec.io` from another pod or machine in the same network.",
                )
        case AgentDeployment() as deployment:
            lacks = lacks_shell(image(text_at(deployment.container, "image")).tag)
            for probe in _PROBES if lacks else ():
                program = _runs_in_shell(texts(dig(deployment.container, probe, "exec", "command")))
                if program:
                    yield subject.says(
                        f"{subject.name}: `{probe}` runs `{program}` in a container without a shell",
                        at=deployment.origin(probe, "exec", "command"),
                        advice="Remove the probe; test the connection from another pod.",
                    )


def _lacks_shell(install: AgentInstall) -> bool | None:
    tag, chart = tag_of(install), install.chartVersion or ""
    if not tag and install.image is None and is_older(chart, _CHART_WITHOUT_SHELL) is False:
        return True
    return lacks_shell(tag)


def _numbered_apart(subject: Subject[InstalledAgent]) -> Iterator[Answer]:
    install = subject.fact.install
    chart, tag = (install.chartVersion or ""), tag_of(install)
    if not chart or is_filled_in(chart):
        return
    if parsed(chart) is not None and parsed(chart) == parsed(tag):
        problem = f"({chart}, {tag}), so the same number for both is probably a mistake"
        advice = "Check which image the chart is meant for; for example, chart 1.2.0 came with image 1.6.0."
    elif install.image is None and not tag and _runs_in_shell(iter(install.connectivityCheck or ())):
        problem = f"({chart}), and whether the check can run depends on the image, which is not declared"
        advice = "Set `image` as well."
    else:
        return
    yield subject.says(
        f"{named(subject.fact)}: chart and image have separate version numbers {problem}",
        at=subject.fact.origin(("chartVersion",)),
        advice=advice,
    )


RULES = (
    Rule(
        id="R44",
        title="The Agent is not checked from inside its container",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=AGENT_WORKLOADS,
        check=_checked_from_outside,
    ),
    Rule(
        id="R45",
        title="Chart and image versions are not mixed up",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=AGENT_INSTALLS,
        check=_numbered_apart,
    ),
)
