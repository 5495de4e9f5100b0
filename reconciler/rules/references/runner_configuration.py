"""The rule about the configuration of container runners (compatibility rules, table D): R99.

`container_family` takes from here which platforms configurations name, a part of R98.
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
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Json, Path
from reconciler.model.kind import Kind
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.vendor.driver import DriverClass

_ANY_RUNNER = "container-runner"
_RES_IDS = {
    "humanitec/container-runner": (_ANY_RUNNER,),
    "humanitec/opentofu-container-runner": ("opentofu-container-runner",),
    # No source tells which id this one reads, so both are taken.
    "humanitec/terraform-container-runner": ("terraform-container-runner", _ANY_RUNNER),
}
_PLAIN = ("cluster", "skip_permission_checks")
_PLATFORMS = ("aks", "eks", "gke")


@dataclass(frozen=True, slots=True)
class _Runner:
    """One way in which a definition with a runner variant is used, and the configurations it finds there."""

    member: Member
    start: Node
    res_ids: tuple[str, ...]
    found: tuple[Member, ...]


def family(scope: Scope, *wanted: DriverClass) -> Iterator[Member]:
    """Declared definitions whose driver, or what it stands for, is of one of the classes."""
    drivers = scope.surroundings.drivers
    for members in scope.references.by_driver.values():
        # These classes follow from the driver alone, whatever its inputs.
        first = members[0].declared
        classes = None if first is None else driver_classes(first, drivers)
        if classes is not None and classes[-1] in wanted:
            yield from members


def _runners(scope: Scope) -> Iterator[_Runner]:
    graph = scope.references
    for member in family(scope, DriverClass.CONTAINER_RUNNER):
        *_, driver = chain(member.driver, scope.surroundings.drivers)
        res_ids = _RES_IDS[driver]
        for start in graph.starts(member):
            requests = (Request(CONFIGURATION_TYPE, DEFAULT_CLASS, name, start.where) for name in res_ids)
            found = next(filter(None, map(graph.winners, requests)), [])
            yield _Runner(member, start, res_ids, tuple(dict.fromkeys(node.member for node in found)))


def _configured(scope: Scope) -> Iterator[Finding | Unknown]:
    told: set[tuple[Member, tuple[Member, ...]]] = set()
    for runner in _runners(scope):
        if (runner.member, runner.found) in told:
            continue
        told.add((runner.member, runner.found))
        if not runner.found:
            yield from _missing(scope, runner)
        for configuration in runner.found:
            yield from _complete(scope, runner, configuration)


def _missing(scope: Scope, runner: _Runner) -> Iterator[Finding | Unknown]:
    """Refuse where both sides were read and hold configurations; less evidence is a warning or unknown."""
    known = scope.references.of_type(CONFIGURATION_TYPE)
    is_read = scope.has_read(Kind.DEFINITION)
    if any(member.criteria is None for member in known) or not is_read:
        yield Unknown(
            "R99",
            f"{scope.unread(Kind.DEFINITION)}: configurations of runners, or their criteria, may be there",
            scope.unread(Kind.DEFINITION),
        )
    if not is_read and not known:
        return
    wanted = " or ".join(f"`{CONFIGURATION_TYPE}.{DEFAULT_CLASS}#{name}`" for name in runner.res_ids)
    yield _finding(
        scope,
        runner,
        f"No runner configuration found for `{runner.member.driver}` of `{runner.member.id}`"
        f"{described(runner.start.where)}: no definition matches {wanted}",
        severity=Severity.ERROR if is_read and known else Severity.WARNING,
        advice=f"Declare a `{CONFIGURATION_TYPE}` definition with `res_id: {runner.res_ids[0]}` and outputs `cluster`, "
        f"`skip_permission_checks` and the secret `{AGENT_URL}`, empty where no Agent is used.",
    )


def _complete(scope: Scope, runner: _Runner, configuration: Member) -> Iterator[Finding | Unknown]:
    outputs = outputs_of(configuration, scope.templates)
    if outputs is None:
        yield Unknown(
            "R99", f"what `{configuration.id}` gives out is made by driver `{configuration.driver}`"
        )
        return
    lacking = [f"output `{name}`" for name in _PLAIN if name not in outputs.plain]
    if AGENT_URL not in outputs.secret:
        lacking.append(f"secret output `{AGENT_URL}`")
    if not lacking:
        return
    if outputs.is_open:
        yield Unknown("R99", f"a template computes what `{configuration.id}` gives out")
        return
    yield _finding(
        scope,
        runner,
        f"The runner configuration for `{runner.member.driver}` lacks {' and '.join(lacking)}: "
        + spelled((runner.member, configuration)),
        advice=f"Add it to `{configuration.id}`; `{AGENT_URL}` may be empty.",
        configuration=configuration,
    )


def _finding(
    scope: Scope,
    runner: _Runner,
    message: str,
    *,
    advice: str,
    severity: Severity = Severity.ERROR,
    configuration: Member | None = None,
    rule: str = "R99",
    path: Path = ("driver_inputs",),
) -> Finding:
    """Point at the configuration where it is declared, else at the driver that needs it."""
    definition = runner.member.declared
    assert definition is not None
    driver_place = definition.origin(("driver_type",))
    declared = None if configuration is None else configuration.declared
    subject = runner.member.id if configuration is None else configuration.id
    return Finding(
        rule,
        severity,
        message,
        driver_place if declared is None else declared.origin(path),
        key=scope.key(Kind.DEFINITION, subject),
        others=() if declared is None else (driver_place,),
        advice=advice,
    )


def other_platforms(scope: Scope) -> Iterator[Finding | Unknown]:
    """Clusters of runners on platforms that the runner variants do not know (R98)."""
    told: set[Member] = set()
    for runner in _runners(scope):
        for configuration in runner.found:
            outputs = outputs_of(configuration, scope.templates)
            if configuration in told or outputs is None:
                continue
            told.add(configuration)
            path, platform = _platform(outputs)
            if platform is None:
                continue
            if not is_fixed(platform):
                yield Unknown("R98", f"the cluster type of `{configuration.id}` is known at deployment only")
            elif platform not in _PLATFORMS:
                yield _finding(
                    scope,
                    runner,
                    f"Driver `{runner.member.driver}` needs a cluster of type {', '.join(_PLATFORMS[:-1])} or "
                    f"{_PLATFORMS[-1]}, and `{configuration.id}` names `{platform}`: "
                    + spelled((runner.member, configuration)),
                    advice="Use `humanitec/container` with a cluster of your own, or a cluster of one of the three.",
                    configuration=configuration,
                    rule="R98",
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
        title="A container runner finds its configuration",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_configured,
    ),
)
