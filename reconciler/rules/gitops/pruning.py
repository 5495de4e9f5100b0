"""The rule about GitOps tools that prune (compatibility rules, GitOps): R73."""

from collections.abc import Iterator

from reconciler.facts.git_target import git_target, mode_path
from reconciler.facts.gitops_tool import syncs
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side


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
                    f"`{definition.id}` writes cannot be told from the files",
                )
            elif brings:
                yield Finding(
                    "R73",
                    Severity.WARNING,
                    f"{tool.name} prunes what Git target `{definition.id}` writes; removing a file would "
                    "delete the custom resource and the infrastructure behind it",
                    tool.prune_origin,
                    key=scope.key(Kind.DEFINITION, definition.id),
                    others=(definition.origin(mode_path(definition)),),
                    advice="Switch pruning off for this path, or keep it on purpose and switch the rule off "
                    "with a reason.",
                )
    yield Unknown("R73", "the GitOps tools on the clusters were not looked at")


RULES = (
    Rule(
        id="R73",
        title="The GitOps tool does not prune what a Git target writes",
        severity=Severity.WARNING,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_no_pruning,
    ),
)
