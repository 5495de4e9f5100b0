"""The rule about GitOps tools that prune (compatibility rules, GitOps): R73."""

from collections.abc import Iterator

from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.git_target import git_target, mode_path
from reconciler.facts.gitops_tool import syncs
from reconciler.model.finding import Severity
from reconciler.model.unseen import UnseenError, never_read, unspecified
from reconciler.rules.over import GIT_TARGETS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


def _no_pruning(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition = subject.fact
    for tool in syncs(subject.scope.everything.foreign):
        brings = tool.brings(git_target(definition)) if tool.prunes else False
        if brings is None:
            yield subject.doubts(
                f"whether {tool.name}, which prunes ({tool.prune_origin}), applies what Git target "
                f"`{definition.id}` writes",
                unspecified("the files do not show it"),
            )
        elif brings:
            yield subject.says(
                f"{tool.name} prunes what Git target `{definition.id}` writes; removing a file would "
                "delete the custom resource and the infrastructure behind it",
                at=tool.prune_origin,
                others=(definition.origin(mode_path(definition)),),
                advice="Turn pruning off for this path, or keep it deliberately and switch the rule off with a reason.",
            )
    raise UnseenError(never_read("the GitOps tools on the clusters were not read"))


RULES = (
    Rule(
        id="R73",
        title="The GitOps tool does not prune what a Git target writes",
        severity=Severity.WARNING,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.FILE, Side.CLUSTER),
        over=GIT_TARGETS,
        check=_no_pruning,
    ),
)
