"""The rule about the runtime cluster of a Git target (compatibility rules, GitOps): R71."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.asking import Ask
from reconciler.facts.candidate import where_used
from reconciler.facts.definition import CLUSTER_TYPE, RUNTIME_ID, DeclaredDefinition
from reconciler.facts.git_target import mode_path
from reconciler.facts.reference_graph import spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.placeholder import parse_selector
from reconciler.rules.gitops.beside import GIT_TARGETS_BESIDE, GitTargetBeside
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.driver import GIT_DRIVER


def _runtime_cluster(subject: Subject[GitTargetBeside]) -> Iterator[Answer]:
    scope, definition = subject.scope, subject.fact.definition
    provisioned = _provisioned_runtime(definition) or _provisioned_further_on(scope, definition)
    if provisioned is not None:
        yield from _matched_runtime(subject, provisioned)
        return
    yield subject.says(
        f"No status or logs for `{definition.id}`: it deploys to Git but does not provision "
        f"`k8s-cluster#{RUNTIME_ID}`",
        at=definition.origin(("provision",)),
        advice=f"Add `k8s-cluster#{RUNTIME_ID}` under `provision`, and a definition of the real "
        f"cluster with `res_id: {RUNTIME_ID}`.",
    )


@dataclass(frozen=True, slots=True)
class _Provisioned:
    """Where the runtime cluster is provisioned, and the path to it; the class is None where none is given."""

    place: Origin
    class_name: str | None
    way: str = ""


def _provisioned_runtime(definition: DeclaredDefinition) -> _Provisioned | None:
    """The definition's own entry."""
    for selector in definition.entity.provision or {}:
        asked = parse_selector(selector)
        if asked is not None and asked.type == CLUSTER_TYPE and asked.res_id == RUNTIME_ID:
            return _Provisioned(definition.key_origin(("provision", selector)), asked.class_name)
    return None


def _provisioned_further_on(scope: Scope, definition: DeclaredDefinition) -> _Provisioned | None:
    """Nearest entry of a definition reachable from this one through references and provisioning."""
    graph = scope.references
    own = next((m for m in graph.of_type(CLUSTER_TYPE) if m.declared is definition), None)
    if own is None or not any(_is_runtime(ask) for _, ask in graph.asking_for(CLUSTER_TYPE)):
        return None
    explored = graph.explore(graph.starts(own), graph.asked_types, with_provision=True)
    for node in explored.reached:
        for ask in node.member.asks:
            if _is_runtime(ask) and node.member is not own:
                declared = node.member.declared or definition
                path = ask.path if node.member.declared is not None else ()
                return _Provisioned(
                    declared.key_origin(path),
                    ask.class_name or node.class_name,
                    f" ({spelled(explored.path_to(node))})",
                )
    return None


def _is_runtime(ask: Ask) -> bool:
    return ask.reference is None and ask.type == CLUSTER_TYPE and ask.res_id == RUNTIME_ID


def _matched_runtime(subject: Subject[GitTargetBeside], provisioned: _Provisioned) -> Iterator[Answer]:
    scope, definition = subject.scope, subject.fact.definition
    where = where_used(scope, definition)
    runtimes = subject.fact.around.runtimes(provisioned.class_name)
    found = [next(runtimes.meeting(criterion), None) for criterion in where]
    if where and not any(found):
        is_read = scope.has_read(Kind.DEFINITION)
        yield subject.says(
            f"No runtime cluster matches for `{definition.id}`: it provisions `k8s-cluster#{RUNTIME_ID}`"
            f"{provisioned.way}, but no definition with `res_id: {RUNTIME_ID}` applies where it does"
            + ("" if is_read else " among those declared"),
            at=provisioned.place,
            advice="Declare the real cluster as a definition of type `k8s-cluster` with `res_id: "
            f"{RUNTIME_ID}`, for the same environments.",
            severity=Severity.ERROR if is_read else Severity.WARNING,
        )
        _ = subject.seen.live(Kind.DEFINITION)
        return
    git = {target.id for target in scope.git_targets}
    chosen = (applied.subject for applied in found if applied is not None)
    runtime = next((member for member in chosen if member.id in git or member.driver == GIT_DRIVER), None)
    if runtime is not None:
        declared = runtime.declared
        yield subject.says(
            f"The runtime cluster of `{definition.id}`, `{runtime.id}`, deploys to Git as well{provisioned.way}; "
            "it cannot report a status",
            at=provisioned.place,
            others=() if declared is None else (declared.origin(mode_path(declared)),),
            advice=f"Point `{runtime.id}` at the real cluster; it can use an Agent.",
            severity=Severity.ERROR,
        )


RULES = (
    Rule(
        id="R71",
        title="A Git target has a runtime cluster",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=GIT_TARGETS_BESIDE,
        check=_runtime_cluster,
    ),
)
