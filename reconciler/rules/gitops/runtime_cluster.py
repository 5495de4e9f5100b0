"""The rule about the runtime cluster beside a Git target (compatibility rules, GitOps): R71."""

from collections.abc import Iterator

from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import Kind
from reconciler.model.json import Path
from reconciler.model.placeholder import parse_selector
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.rules.asking import Member
from reconciler.rules.context import Applications
from reconciler.rules.declared_definition import CLUSTER_TYPE, RUNTIME_ID, DeclaredDefinition
from reconciler.rules.driver import GIT_DRIVER
from reconciler.rules.git_target import mode_path
from reconciler.rules.gitops.candidate import candidates, where_used
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.rules.scope import Scope


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
        provisioned = _provisioned_runtime(definition)
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
        path, class_name = provisioned
        yield from _matched_runtime(scope, definition, path, by_class.get(class_name, none))


def _provisioned_runtime(definition: DeclaredDefinition) -> tuple[Path, str | None] | None:
    """Path of the `provision` entry of the runtime cluster and its class, None where the entry names none."""
    for selector in definition.entity.provision or {}:
        asked = parse_selector(selector)
        if asked is not None and asked.type == CLUSTER_TYPE and asked.res_id == RUNTIME_ID:
            return ("provision", selector), asked.class_name
    return None


def _matched_runtime(
    scope: Scope, definition: DeclaredDefinition, path: Path, runtimes: Applications[Member]
) -> Iterator[Finding | Unknown]:
    where = where_used(scope, definition)
    found = [next(runtimes.meeting(criterion), None) for criterion in where]
    place = definition.key_origin(path)
    key = scope.key(Kind.DEFINITION, definition.id)
    if where and not any(found):
        is_read = scope.has_read(Kind.DEFINITION)
        yield Finding(
            "R71",
            Severity.ERROR if is_read else Severity.WARNING,
            f"No runtime cluster matched for `{definition.id}`: it provisions `k8s-cluster#{RUNTIME_ID}`, "
            f"and no definition with `res_id: {RUNTIME_ID}` applies where it does"
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
            )
        return
    git = {target.id for target in scope.git_targets}
    chosen = (applied.subject for applied in found if applied is not None)
    runtime = next((member for member in chosen if member.id in git or member.driver == GIT_DRIVER), None)
    if runtime is not None:
        yield Finding(
            "R71",
            Severity.ERROR,
            f"The runtime cluster of `{definition.id}`, `{runtime.id}`, deploys to Git as well; it can tell no status",
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
        condition="A definition that deploys to Git should provision `k8s-cluster#k8s-cluster-runtime`. "
        "Where it does, a definition of type `k8s-cluster` with `res_id: k8s-cluster-runtime` must apply in "
        "the same places, and must not deploy to Git itself: otherwise this is an error (a warning while "
        "the live definitions were not read, for the cluster may be there).",
        why="A Git repository cannot be asked how a deployment is doing. Without a real cluster beside it "
        "there is no status and there are no logs.",
        advice="Declare the real cluster with `res_id: k8s-cluster-runtime`; it may use an Agent.",
        source="Example library, `k8s-cluster-git/runtime`",
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        check=_runtime_cluster,
    ),
)
