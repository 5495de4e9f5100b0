"""The rule about namespaces in GitOps (compatibility rules, GitOps): R72."""

from collections.abc import Iterator, Sequence

from reconciler.facts.asking import Member
from reconciler.facts.candidate import where_used
from reconciler.facts.git_target import git_target, mode_path
from reconciler.facts.pattern import could_be
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.rules.gitops.beside import GIT_TARGETS_BESIDE, GitTargetBeside
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.driver import ECHO_DRIVER


def _namespace(subject: Subject[GitTargetBeside]) -> Iterator[Answer]:
    scope, definition, namespaces = subject.scope, subject.fact.definition, subject.fact.around.namespaces
    place = definition.origin(mode_path(definition))
    chosen = [
        applied.subject
        for criterion in where_used(scope, definition)
        for applied in namespaces.meeting(criterion)
        if not any(namespaces.beats(criterion, applied.criterion))
    ]
    if not chosen and where_used(scope, definition):
        _ = subject.seen.live(Kind.DEFINITION)
        yield subject.says(
            f"No `k8s-namespace` definition applies where Git target `{definition.id}` does; with GitOps the "
            "namespace is created elsewhere and a definition must return its name",
            at=place,
            advice=f"Declare one with driver `{ECHO_DRIVER}` that returns the name that the GitOps tool uses.",
        )
    for candidate in chosen:
        declared = candidate.declared
        if candidate.driver != ECHO_DRIVER and subject.fact.around.is_first(candidate):
            yield subject.says(
                f"With GitOps the namespace is created elsewhere, but `{candidate.id}` (driver `{candidate.driver}`) "
                f"applies where Git target `{definition.id}` does",
                at=place if declared is None else declared.origin(("driver_type",)),
                key=scope.key(Kind.DEFINITION, candidate.id),
                others=() if declared is None else (place,),
                advice=f"Return the namespace's name with driver `{ECHO_DRIVER}`, in a definition whose criteria win "
                "there.",
            )
    yield from _other_namespace(subject, chosen)


def _other_namespace(subject: Subject[GitTargetBeside], chosen: Sequence[Member]) -> Iterator[Answer]:
    """Findings where all names are known and none of them can be the tool's namespace."""
    definition, tools = subject.fact.definition, subject.fact.around.tools
    names = [
        (candidate.declared, candidate.declared.input("values", "namespace"))
        for candidate in chosen
        if candidate.declared is not None and candidate.driver == ECHO_DRIVER
    ]
    if not tools or not names or len(names) < len(chosen):
        return
    target = git_target(definition)
    first, returned = names[0]
    for tool in tools:
        if not tool.namespace or tool.brings(target) is not True:
            continue
        if all(isinstance(name, str) and not could_be(name, tool.namespace) for _, name in names):
            yield subject.says(
                f"Definition `{first.id}` returns namespace `{returned}`, but {tool.name} applies what "
                f"`{definition.id}` writes to `{tool.namespace}`",
                at=first.origin(("driver_inputs", "values", "namespace")),
                key=subject.scope.key(Kind.DEFINITION, first.id),
                others=(tool.namespace_origin, definition.origin(mode_path(definition))),
                advice="Return the name that the GitOps tool uses.",
            )


RULES = (
    Rule(
        id="R72",
        title="With GitOps the namespace is returned, not created",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=GIT_TARGETS_BESIDE,
        check=_namespace,
    ),
)
