"""The rule about namespaces in GitOps (compatibility rules, GitOps): R72."""

from collections.abc import Iterator, Sequence

from reconciler.facts.asking import Member
from reconciler.facts.candidate import candidates, where_used
from reconciler.facts.context import Applications
from reconciler.facts.definition import NAMESPACE_TYPE, DeclaredDefinition
from reconciler.facts.git_target import git_target, mode_path
from reconciler.facts.gitops_tool import Sync, syncs
from reconciler.facts.pattern import could_be
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.vendor.driver import ECHO_DRIVER


def _namespace(scope: Scope) -> Iterator[Finding | Unknown]:
    if not scope.git_targets:
        return
    applications = Applications.of(
        candidates(scope, NAMESPACE_TYPE), class_name=DEFAULT_CLASS, res_id=NAMESPACE_TYPE
    )
    tools = tuple(syncs(scope.everything.foreign))
    reported: set[str] = set()
    for definition in scope.git_targets:
        chosen = [
            applied.subject
            for criterion in where_used(scope, definition)
            for applied in applications.meeting(criterion)
            if not any(applications.beats(criterion, applied.criterion))
        ]
        if not chosen and where_used(scope, definition):
            yield _no_namespace(scope, definition)
            continue
        for candidate in chosen:
            if candidate.driver != ECHO_DRIVER and candidate.id not in reported:
                reported.add(candidate.id)
                yield _not_echo(scope, definition, candidate)
        yield from _other_namespace(scope, definition, chosen, tools)


def _no_namespace(scope: Scope, definition: DeclaredDefinition) -> Finding | Unknown:
    if not scope.has_read(Kind.DEFINITION):
        return Unknown(
            "R72",
            f"no `k8s-namespace` definition among those declared applies where Git target `{definition.id}` does, and "
            f"{scope.unread(Kind.DEFINITION)}",
            scope.unread(Kind.DEFINITION),
        )
    return Finding(
        "R72",
        Severity.WARNING,
        f"No `k8s-namespace` definition applies where Git target `{definition.id}` does; in GitOps the "
        "namespace is made elsewhere and its name must be returned",
        definition.origin(mode_path(definition)),
        key=scope.key(Kind.DEFINITION, definition.id),
        advice=f"Declare one with driver `{ECHO_DRIVER}` that returns the name which the GitOps tool uses.",
    )


def _not_echo(scope: Scope, definition: DeclaredDefinition, candidate: Member) -> Finding:
    place = definition.origin(mode_path(definition))
    declared = candidate.declared
    return Finding(
        "R72",
        Severity.WARNING,
        f"In GitOps the namespace is made elsewhere: `{candidate.id}` (driver `{candidate.driver}`) applies "
        f"where Git target `{definition.id}` does",
        place if declared is None else declared.origin(("driver_type",)),
        key=scope.key(Kind.DEFINITION, candidate.id),
        others=() if declared is None else (place,),
        advice=f"Return the namespace's name with driver `{ECHO_DRIVER}`, in a definition whose criteria win here.",
    )


def _other_namespace(
    scope: Scope, definition: DeclaredDefinition, chosen: Sequence[Member], tools: Sequence[Sync]
) -> Iterator[Finding]:
    """Compare with the tool only where all names are known and none of them can be the tool's."""
    names = [
        (candidate.declared, candidate.declared.input("values", "namespace"))
        for candidate in chosen
        if candidate.declared is not None and candidate.driver == ECHO_DRIVER
    ]
    if not tools or not names or len(names) < len(chosen):
        return
    target = git_target(definition)
    for tool in tools:
        if not tool.namespace or tool.brings(target) is not True:
            continue
        if any(not isinstance(name, str) or could_be(name, tool.namespace) for _, name in names):
            continue
        first = names[0][0]
        yield Finding(
            "R72",
            Severity.WARNING,
            f"Definition `{first.id}` returns namespace `{names[0][1]}`, while {tool.name} puts what `{definition.id}` "
            f"writes into `{tool.namespace}`",
            first.origin(("driver_inputs", "values", "namespace")),
            key=scope.key(Kind.DEFINITION, first.id),
            others=(tool.namespace_origin, definition.origin(mode_path(definition))),
            advice="Return the name that the GitOps tool uses.",
        )


RULES = (
    Rule(
        id="R72",
        title="In GitOps the namespace's name is returned, not made",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_namespace,
    ),
)
