"""The rule about the runtime cluster beside a Git target (compatibility rules, GitOps): R71."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.asking import Ask, Member
from reconciler.facts.candidate import candidates, where_used
from reconciler.facts.context import Applications
from reconciler.facts.definition import CLUSTER_TYPE, RUNTIME_ID, DeclaredDefinition
from reconciler.facts.git_target import mode_path
from reconciler.facts.reference_graph import spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.placeholder import parse_selector
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.vendor.driver import GIT_DRIVER


def _runtime_cluster(scope: Scope) -> Iterator[Finding | Unknown]:
    if not scope.git_targets:
        return
    runtimes = [a for a in candidates(scope, CLUSTER_TYPE) if a.criterion.res_id == RUNTIME_ID]
    by_class = {
        name: Applications.of(runtimes, class_name=name, res_id=RUNTIME_ID)
        for name in {None, *(applied.criterion.class_name or DEFAULT_CLASS for applied in runtimes)}
    }
    none: Applications[Member] = Applications()
    for definition in scope.git_targets:
        provisioned = _provisioned_runtime(definition) or _provisioned_further_on(scope, definition)
        if provisioned is None:
            yield Finding(
                "R71",
                Severity.WARNING,
                f"No status or logs for `{definition.id}`: it deploys to Git and does not provision "
                f"`k8s-cluster#{RUNTIME_ID}`",
                definition.origin(("provision",)),
                key=scope.key(Kind.DEFINITION, definition.id),
                advice=f"Add `k8s-cluster#{RUNTIME_ID}` under `provision`, and a definition of the real "
                f"cluster with `res_id: {RUNTIME_ID}`.",
            )
            continue
        yield from _matched_runtime(
            scope, definition, provisioned, by_class.get(provisioned.class_name, none)
        )


@dataclass(frozen=True, slots=True)
class _Provisioned:
    """Where the runtime cluster is provisioned, and by which way; the class is None where none is named."""

    place: Origin
    class_name: str | None
    way: str = ""


def _provisioned_runtime(definition: DeclaredDefinition) -> _Provisioned | None:
    """The entry of the definition itself."""
    for selector in definition.entity.provision or {}:
        asked = parse_selector(selector)
        if asked is not None and asked.type == CLUSTER_TYPE and asked.res_id == RUNTIME_ID:
            return _Provisioned(definition.key_origin(("provision", selector)), asked.class_name)
    return None


def _provisioned_further_on(scope: Scope, definition: DeclaredDefinition) -> _Provisioned | None:
    """The nearest entry of a definition that this one leads to, over references and what it provisions."""
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


def _matched_runtime(
    scope: Scope, definition: DeclaredDefinition, provisioned: _Provisioned, runtimes: Applications[Member]
) -> Iterator[Finding | Unknown]:
    where = where_used(scope, definition)
    found = [next(runtimes.meeting(criterion), None) for criterion in where]
    place = provisioned.place
    key = scope.key(Kind.DEFINITION, definition.id)
    if where and not any(found):
        is_read = scope.has_read(Kind.DEFINITION)
        yield Finding(
            "R71",
            Severity.ERROR if is_read else Severity.WARNING,
            f"No runtime cluster matched for `{definition.id}`: it provisions `k8s-cluster#{RUNTIME_ID}`"
            f"{provisioned.way}, and no definition with `res_id: {RUNTIME_ID}` applies where it does"
            + ("" if is_read else " among those declared"),
            place,
            key=key,
            advice="Declare the real cluster as a definition of type `k8s-cluster` with `res_id: "
            f"{RUNTIME_ID}` and the same environments.",
        )
        if not is_read:
            yield Unknown(
                "R71",
                f"{scope.unread(Kind.DEFINITION)}: `{definition.id}` may find its runtime cluster there",
                scope.unread(Kind.DEFINITION),
            )
        return
    git = {target.id for target in scope.git_targets}
    chosen = (applied.subject for applied in found if applied is not None)
    runtime = next((member for member in chosen if member.id in git or member.driver == GIT_DRIVER), None)
    if runtime is not None:
        yield Finding(
            "R71",
            Severity.ERROR,
            f"The runtime cluster of `{definition.id}`, `{runtime.id}`, deploys to Git as well{provisioned.way}; "
            "it can tell no status",
            place,
            key=key,
            others=()
            if runtime.declared is None
            else (runtime.declared.origin(mode_path(runtime.declared)),),
            advice=f"Let `{runtime.id}` point at the real cluster; it may use an Agent.",
        )


RULES = (
    Rule(
        id="R71",
        title="A Git target has a runtime cluster",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_runtime_cluster,
    ),
)
