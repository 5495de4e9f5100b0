"""The rule about the configuration of container runners (compatibility rules, table D): R99.

`container_family` uses `other_platforms` for a part of R98.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.asking import AGENT_URL, Member
from reconciler.facts.context import described
from reconciler.facts.definition import CONFIGURATION_TYPE, dig
from reconciler.facts.driver import chain, driver_classes
from reconciler.facts.outputs import Outputs, outputs_of
from reconciler.facts.pattern import is_fixed
from reconciler.facts.reference_graph import Node, Request, spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.json import Json, Path
from reconciler.model.kind import Kind
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.model.unseen import never_read
from reconciler.rules.over import Over, of_definition
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.driver import DriverClass

_ANY_RUNNER = "container-runner"
_DRIVER: Path = ("driver_type",)
_RES_IDS = {
    "humanitec/container-runner": (_ANY_RUNNER,),
    "humanitec/opentofu-container-runner": ("opentofu-container-runner",),
    # Undocumented: which of the two ids this driver reads, so both are accepted.
    "humanitec/terraform-container-runner": ("terraform-container-runner", _ANY_RUNNER),
}
_PLAIN = ("cluster", "skip_permission_checks")
_PLATFORMS = ("aks", "eks", "gke")


@dataclass(frozen=True, slots=True)
class RunnerUse:
    """One use of a definition with a runner variant, and the configurations that it finds there."""

    member: Member
    start: Node
    res_ids: tuple[str, ...]
    found: tuple[Member, ...]


def family(scope: Scope, *wanted: DriverClass) -> Iterator[Member]:
    """Declared definitions whose driver, or the driver that it wraps, is of one of the classes."""
    drivers = scope.surroundings.drivers
    for members in scope.references.by_driver.values():
        # These classes depend on the driver alone, not on its inputs.
        first = members[0].declared
        classes = None if first is None else driver_classes(first, drivers)
        if classes is not None and classes[-1] in wanted:
            yield from members


def _uses(scope: Scope) -> Iterator[Subject[RunnerUse]]:
    graph = scope.references
    reported: set[tuple[Member, tuple[Member, ...]]] = set()
    for member in family(scope, DriverClass.CONTAINER_RUNNER):
        *_, driver = chain(member.driver, scope.surroundings.drivers)
        res_ids = _RES_IDS[driver]
        for start in graph.starts(member):
            requests = (Request(CONFIGURATION_TYPE, DEFAULT_CLASS, name, start.where) for name in res_ids)
            nodes = next(filter(None, map(graph.winners, requests)), [])
            found = tuple(dict.fromkeys(node.member for node in nodes))
            if member.declared is not None and (member, found) not in reported:
                reported.add((member, found))
                use = RunnerUse(member, start, res_ids, found)
                yield of_definition(scope, member.declared, use, _DRIVER)


RUNNER_USES = Over("use of a container runner", _uses)


def _configured(subject: Subject[RunnerUse]) -> Iterator[Answer]:
    for configuration in subject.fact.found:
        yield from _complete(subject, configuration)
    if not subject.fact.found:
        yield from _missing(subject)


def _missing(subject: Subject[RunnerUse]) -> Iterator[Answer]:
    """An error where both sides were read, since absence is certain then; otherwise a warning, unknown, or both."""
    scope, runner = subject.scope, subject.fact
    known = scope.references.of_type(CONFIGURATION_TYPE)
    is_read = scope.has_read(Kind.DEFINITION)
    if is_read or known:
        wanted = " or ".join(f"`{CONFIGURATION_TYPE}.{DEFAULT_CLASS}#{name}`" for name in runner.res_ids)
        yield subject.says(
            f"No runner configuration found for `{runner.member.driver}` of `{runner.member.id}`"
            f"{described(runner.start.where)}: no definition matches {wanted}",
            severity=Severity.ERROR if is_read else Severity.WARNING,
            advice=f"Declare a `{CONFIGURATION_TYPE}` definition with `res_id: {runner.res_ids[0]}` and outputs "
            f"`cluster`, `skip_permission_checks` and the secret `{AGENT_URL}` (empty without an Agent).",
        )
    if not is_read or any(member.criteria is None for member in known):
        yield subject.doubts(f"whether {subject.name} finds its configuration", scope.unread(Kind.DEFINITION))


def _complete(subject: Subject[RunnerUse], configuration: Member) -> Iterator[Answer]:
    outputs = outputs_of(configuration, subject.scope.templates)
    question = f"whether `{configuration.id}` has the outputs that `{subject.fact.member.driver}` needs"
    if outputs is None:
        yield subject.doubts(question, never_read(f"driver `{configuration.driver}` produces its outputs"))
        return
    lacking = [f"output `{name}`" for name in _PLAIN if name not in outputs.plain]
    if AGENT_URL not in outputs.secret:
        lacking.append(f"secret output `{AGENT_URL}`")
    if lacking and outputs.is_open:
        yield subject.doubts(question, never_read("a template computes its outputs"))
    elif lacking:
        yield _about(
            subject,
            configuration,
            f"The runner configuration for `{subject.fact.member.driver}` lacks {' and '.join(lacking)}: "
            + spelled((subject.fact.member, configuration)),
            advice=f"Add what is missing to `{configuration.id}`; `{AGENT_URL}` can be empty.",
        )


def _about(
    subject: Subject[RunnerUse],
    configuration: Member,
    message: str,
    *,
    advice: str,
    path: Path = ("driver_inputs",),
) -> Answer:
    """Finding at the configuration where it is declared, else at the driver that needs it."""
    declared, driver = configuration.declared, subject.fact.member.declared
    return subject.says(
        message,
        at=None if declared is None else declared.origin(path),
        key=subject.scope.key(Kind.DEFINITION, configuration.id),
        others=() if declared is None or driver is None else (driver.origin(_DRIVER),),
        advice=advice,
    )


def other_platforms(scope: Scope) -> Iterator[Answer]:
    """Findings for runners' clusters on platforms that the runner variants do not support (R98)."""
    reported: set[Member] = set()
    for subject in _uses(scope):
        for configuration in subject.fact.found:
            outputs = outputs_of(configuration, scope.templates)
            if configuration in reported or outputs is None:
                continue
            reported.add(configuration)
            path, platform = _platform(outputs)
            if platform is None:
                continue
            if not is_fixed(platform):
                yield subject.doubts(
                    f"on which platform the cluster of `{configuration.id}` is",
                    never_read("that is known only at deployment"),
                )
            elif platform not in _PLATFORMS:
                yield _about(
                    subject,
                    configuration,
                    f"Driver `{subject.fact.member.driver}` needs a cluster of type {', '.join(_PLATFORMS[:-1])} or "
                    f"{_PLATFORMS[-1]}, but `{configuration.id}` has `{platform}`: "
                    + spelled((subject.fact.member, configuration)),
                    advice="Use `humanitec/container` with your own cluster, or a cluster of one of these types.",
                    path=path,
                )


def _platform(outputs: Outputs) -> tuple[Path, str | None]:
    for steps in (("cluster", "cluster", "cluster_type"), ("cluster", "cluster_type")):
        value: Json = dig(outputs.values, *steps)
        if isinstance(value, str):
            return (*outputs.path, *steps), value
    return outputs.path, None


RULES = (
    Rule(
        id="R99",
        title="A container runner has a configuration",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=RUNNER_USES,
        check=_configured,
    ),
)
