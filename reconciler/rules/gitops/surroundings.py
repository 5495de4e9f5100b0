"""Rules about what stands around a Git target (compatibility rules, GitOps): R71, R72, R73, R74."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import Kind
from reconciler.model.json import Path
from reconciler.model.placeholder import placeholders
from reconciler.model.resource_definition import DEFAULT_CLASS, Criterion
from reconciler.rules.context import Applications, Applied, meet
from reconciler.rules.declared_definition import CLUSTER_TYPE, NAMESPACE_TYPE, DeclaredDefinition
from reconciler.rules.git_target import GIT_DRIVER, GitTarget, Given, git_target, mode_path, segments
from reconciler.rules.gitops.tool import Sync, syncs
from reconciler.rules.pattern import could_be
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.rules.scope import Scope, live_criteria

RUNTIME_ID = "k8s-cluster-runtime"
_ECHO_DRIVER = "humanitec/echo"
_SELECTOR = re.compile(r"(?P<type>[^.#]+)(?:\.(?P<class>[^#]+))?(?:#(?P<id>.+))?")
_ANY = (Criterion(),)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A definition, declared or live, that the orchestrator may choose. `origin` is None for live ones."""

    id: str
    driver: str
    declared: DeclaredDefinition | None


def _candidates(scope: Scope, resource_type: str) -> Iterator[Applied[_Candidate]]:
    """Criteria of every definition of a type: the declared ones, and those that are only live."""
    for definition in scope.of_type(resource_type):
        candidate = _Candidate(definition.id, definition.entity.driver_type, definition)
        for criterion in scope.criteria(definition) or ():
            yield Applied(criterion, candidate)
    for resource in scope.live_of(Kind.DEFINITION):
        if resource.document.get("type") == resource_type and resource.key.id not in scope.definition_ids:
            candidate = _Candidate(resource.key.id, str(resource.document.get("driver_type", "")), None)
            for criterion in live_criteria(resource):
                yield Applied(criterion, candidate)


def _where(scope: Scope, definition: DeclaredDefinition) -> Sequence[Criterion]:
    """Where a Git target is used: its criteria, anywhere where they are not known."""
    criteria = scope.criteria(definition)
    return _ANY if criteria is None else criteria


def _runtime_cluster(scope: Scope) -> Iterator[Finding | Unknown]:
    if not scope.git_targets:
        return
    candidates = [a for a in _candidates(scope, CLUSTER_TYPE) if a.criterion.res_id == RUNTIME_ID]
    by_class = {
        name: Applications.of(candidates, class_name=name, res_id=RUNTIME_ID)
        for name in {None, *(applied.criterion.class_name or DEFAULT_CLASS for applied in candidates)}
    }
    none: Applications[_Candidate] = Applications()
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
        matched = _SELECTOR.fullmatch(selector)
        if matched and matched["type"] == CLUSTER_TYPE and matched["id"] == RUNTIME_ID:
            return ("provision", selector), matched["class"]
    return None


def _matched_runtime(
    scope: Scope, definition: DeclaredDefinition, path: Path, runtimes: Applications[_Candidate]
) -> Iterator[Finding | Unknown]:
    where = _where(scope, definition)
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
            advice=f"Declare the real cluster as a definition of type `k8s-cluster` with `res_id: "
            f"{RUNTIME_ID}` and "
            "the same environments.",
        )
        if not is_read:
            yield Unknown(
                "R71",
                f"{scope.unread(Kind.DEFINITION)}: `{definition.id}` may find its runtime cluster there",
            )
        return
    git = {target.id for target in scope.git_targets}
    wrong = next((a.subject for a in found if a is not None and a.subject.id in git), None)
    is_live_git = next((a.subject for a in found if a is not None and a.subject.driver == GIT_DRIVER), None)
    if (wrong or is_live_git) is not None:
        runtime = wrong or is_live_git
        assert runtime is not None
        yield Finding(
            "R71",
            Severity.ERROR,
            f"The runtime cluster of `{definition.id}`, `{runtime.id}`, deploys to Git as well; it can tell "
            f"no status",
            place,
            key=key,
            others=()
            if runtime.declared is None
            else (runtime.declared.origin(mode_path(runtime.declared)),),
            advice=f"Let `{runtime.id}` point at the real cluster; it may use an Agent.",
        )


def _namespace(scope: Scope) -> Iterator[Finding | Unknown]:
    if not scope.git_targets:
        return
    applications = Applications.of(
        _candidates(scope, NAMESPACE_TYPE), class_name=DEFAULT_CLASS, res_id=NAMESPACE_TYPE
    )
    tools = tuple(syncs(scope.everything.foreign))
    reported: set[str] = set()
    for definition in scope.git_targets:
        chosen = [
            applied.subject
            for criterion in _where(scope, definition)
            for applied in applications.meeting(criterion)
            if not any(applications.beats(criterion, applied.criterion))
        ]
        if not chosen and _where(scope, definition):
            yield _no_namespace(scope, definition)
            continue
        for candidate in chosen:
            if candidate.driver != _ECHO_DRIVER and candidate.id not in reported:
                reported.add(candidate.id)
                yield _not_echo(scope, definition, candidate)
        yield from _other_namespace(scope, definition, chosen, tools)


def _no_namespace(scope: Scope, definition: DeclaredDefinition) -> Finding | Unknown:
    if not scope.has_read(Kind.DEFINITION):
        return Unknown(
            "R72",
            f"no `k8s-namespace` definition among those declared applies where Git target `{definition.id}` "
            f"does, and " + scope.unread(Kind.DEFINITION),
        )
    return Finding(
        "R72",
        Severity.WARNING,
        f"No `k8s-namespace` definition applies where Git target `{definition.id}` does; in GitOps the "
        f"namespace is "
        "made elsewhere and its name must be returned",
        definition.origin(mode_path(definition)),
        key=scope.key(Kind.DEFINITION, definition.id),
        advice=f"Declare one with driver `{_ECHO_DRIVER}` that returns the name which the GitOps tool uses.",
    )


def _not_echo(scope: Scope, definition: DeclaredDefinition, candidate: _Candidate) -> Finding:
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
        advice=f"Return the namespace's name with driver `{_ECHO_DRIVER}`, in a definition whose criteria "
        f"win here.",
    )


def _other_namespace(
    scope: Scope, definition: DeclaredDefinition, chosen: Sequence[_Candidate], tools: Sequence[Sync]
) -> Iterator[Finding]:
    """Compare with the tool only where all names are known and none of them can be the tool's."""
    names = [
        (candidate.declared, candidate.declared.input("values", "namespace"))
        for candidate in chosen
        if candidate.declared is not None and candidate.driver == _ECHO_DRIVER
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
            f"`{first.id}` returns namespace `{names[0][1]}`, while {tool.name} puts what `{definition.id}` "
            f"writes into `{tool.namespace}`",
            first.origin(("driver_inputs", "values", "namespace")),
            key=scope.key(Kind.DEFINITION, first.id),
            others=(tool.namespace_origin, definition.origin(mode_path(definition))),
            advice="Return the name that the GitOps tool uses.",
        )


def _no_pruning(scope: Scope) -> Iterator[Finding | Unknown]:
    if not scope.git_targets:
        return
    tools = [tool for tool in syncs(scope.everything.foreign) if tool.prunes]
    for definition in scope.git_targets:
        target = git_target(definition)
        for tool in tools:
            brings = tool.brings(target)
            if brings is None:
                yield Unknown(
                    "R73",
                    f"{tool.name} prunes ({tool.prune_origin}); whether it applies what Git target "
                    f"`{definition.id}` "
                    "writes cannot be told from the files",
                )
            elif brings:
                yield Finding(
                    "R73",
                    Severity.WARNING,
                    f"{tool.name} prunes what Git target `{definition.id}` writes; removing a file would "
                    f"delete the "
                    "custom resource and the infrastructure behind it",
                    tool.prune_origin,
                    key=scope.key(Kind.DEFINITION, definition.id),
                    others=(definition.origin(mode_path(definition)),),
                    advice="Switch pruning off for this path, or keep it on purpose and switch the rule off "
                    "with a reason.",
                )
    yield Unknown("R73", "the GitOps tools on the clusters were not looked at")


def _own_directory(scope: Scope) -> Iterator[Finding | Unknown]:
    places: dict[tuple[str, str, tuple[str, ...]], list[GitTarget]] = defaultdict(list)
    for definition in scope.git_targets:
        target = git_target(definition)
        url = target.git_url
        if Given.COMPUTED in (target.url.given, target.branch.given, target.directory.given):
            yield Unknown(
                "R74",
                f"where Git target `{definition.id}` ({definition.origin()}) writes is known at deployment "
                f"only",
            )
        elif url is not None:
            places[url.name, target.branch.text, segments(target.directory.text)].append(target)
    for (_, _, parts), targets in places.items():
        yield from _overwriting(scope, targets, "/".join(parts))
        for target in targets:
            yield from _several_in_one(scope, target, "/".join(parts))


@dataclass(frozen=True, slots=True)
class _Told:
    """Which facts of a deployment a path tells apart. `is_open`: something not known here may do it as well."""

    application: bool
    environment: bool
    is_open: bool

    @classmethod
    def by(cls, path: str) -> "_Told":
        inside = placeholders(path)
        known = {"context.app.id", "context.env.id", "context.env.type", "context.org.id"}
        return cls(
            "context.app.id" in inside, "context.env.id" in inside, bool(set(inside) - known) or "{{" in path
        )


def _overwriting(scope: Scope, targets: Sequence[GitTarget], path: str) -> Iterator[Finding]:
    """Find targets for which one path text can mean one place.

    One deployment is matched by one definition, so two targets meet only in deployments that
    differ, and a path that names application and environment keeps those apart.
    """
    told = _Told.by(path)
    if told.is_open or (told.application and told.environment):
        return
    used = [target for target in targets if _where(scope, target.definition)]
    if not used:
        return
    first, *others = used
    for target in others:
        one, other = first.definition, target.definition
        if _are_kept_apart(_where(scope, one), _where(scope, other), told):
            continue
        place, place_before = other.origin(target.directory.path), one.origin(first.directory.path)
        yield Finding(
            "R74",
            Severity.ERROR,
            f"`{one.id}` and `{other.id}` would overwrite each other at {_shown(target, path)} "
            f"({place_before}, {place})",
            place,
            key=scope.key(Kind.DEFINITION, other.id),
            others=(place_before,),
            advice="Give each its own `path`, with `${context.app.id}` and `${context.env.id}` in it.",
        )


def _are_kept_apart(one: Sequence[Criterion], other: Sequence[Criterion], told: _Told) -> bool:
    """True where criteria pin what the path leaves out: then equal paths mean one deployment, and one definition."""
    both = (*one, *other)
    apps = {criterion.app_id for criterion in both}
    environments = {criterion.env_id for criterion in both}
    is_one_app = len(apps) == 1 and None not in apps
    is_one_environment = len(environments) == 1 and None not in environments
    if told.application:
        pairs = ((a, b) for a in one for b in other)
        return is_one_environment or all(a.app_id and b.app_id and not meet_app(a, b) for a, b in pairs)
    if told.environment:
        pairs = ((a, b) for a in one for b in other)
        return is_one_app or all(a.env_id and b.env_id and a.env_id != b.env_id for a, b in pairs)
    return is_one_app and is_one_environment


def meet_app(one: Criterion, other: Criterion) -> bool:
    """Tell whether two criteria can hold for one application."""
    return meet(Criterion(app_id=one.app_id), Criterion(app_id=other.app_id))


def _several_in_one(scope: Scope, target: GitTarget, path: str) -> Iterator[Finding | Unknown]:
    told = _Told.by(path)
    if told.is_open or (told.application and told.environment):
        return
    definition = target.definition
    criteria = scope.criteria(definition)
    if criteria is None:
        yield Unknown(
            "R74",
            f"the criteria of Git target `{definition.id}` are not managed here, and "
            f"{scope.unread(Kind.DEFINITION)}: "
            "for how many environments its path serves is not known",
        )
        return
    missing = []
    if not told.application and _are_several({criterion.app_id or None for criterion in criteria}):
        missing.append("`${context.app.id}`")
    if not told.environment and _are_several({criterion.env_id or None for criterion in criteria}):
        missing.append("`${context.env.id}`")
    if missing:
        yield Finding(
            "R74",
            Severity.WARNING,
            f"`{definition.id}` writes several applications or environments to {_shown(target, path)}; they "
            f"would "
            "overwrite each other",
            definition.origin(target.directory.path),
            key=scope.key(Kind.DEFINITION, definition.id),
            advice=f"Add {' and '.join(missing)} to `path`, or narrow the criteria to one.",
        )


def _are_several(fixed: set[str | None]) -> bool:
    """None stands for any."""
    return None in fixed or len(fixed) > 1


def _shown(target: GitTarget, path: str) -> str:
    branch = f", branch `{target.branch.text}`" if target.branch.text else ""
    return (
        f"`{path}`" if path else "the root"
    ) + f" of `{target.git_url.name if target.git_url else ''}`{branch}"


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
    Rule(
        id="R72",
        title="In GitOps the namespace's name is returned, not made",
        severity=Severity.WARNING,
        condition="The `k8s-namespace` definition that applies where a Git target does should use driver "
        "`humanitec/echo`, and return the name which the GitOps tool uses.",
        why="The orchestrator contacts no cluster in GitOps, so it cannot make a namespace; the GitOps tool "
        "or somebody else does. With two names things end up in different places.",
        advice="Return the name with driver `humanitec/echo`.",
        source="Example library, `k8s-cluster-git`",
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        check=_namespace,
    ),
    Rule(
        id="R73",
        title="The GitOps tool does not prune what a Git target writes",
        severity=Severity.WARNING,
        condition="An Argo CD `Application` or `ApplicationSet` (`syncPolicy.automated.prune`) or a Flux "
        "`Kustomization` (`prune`) that applies the path of a Git target should not prune. Tools on the "
        "clusters that do not stand in the tree are unknown.",
        why="Custom resources stand for infrastructure. A file that goes missing, by mistake too, would "
        "take the custom resource with it, and that the database behind it.",
        advice="Switch pruning off for the path, or switch the rule off with the reason why it is wanted.",
        source="Guide for setting up GitOps, through a third party; a vendor's reference architecture prunes",
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.FILE, Side.CLUSTER),
        check=_no_pruning,
    ),
    Rule(
        id="R74",
        title="Git targets write to places of their own",
        severity=Severity.ERROR,
        condition="Two Git targets must not share repository, branch and path, unless the path tells their "
        "deployments apart. A path without application and environment in it, on a target whose criteria "
        "match several, is a warning.",
        why="Each deployment writes all its files; the last one would win, and the others' resources "
        "disappear.",
        advice="Put `${context.app.id}` and `${context.env.id}` into `path`.",
        source="Our inference",
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        check=_own_directory,
    ),
)
