"""Rules about Git targets themselves (compatibility rules, GitOps): R68, R69, R70, R75."""

from collections.abc import Iterator

from reconciler.facts.agent_input import agent_uses
from reconciler.facts.definition import CLUSTER_TYPE
from reconciler.facts.git_target import GitTarget, git_target, is_git_target, mode_path
from reconciler.facts.operator import has_any_operator
from reconciler.facts.pattern import is_fixed
from reconciler.facts.scope import Scope
from reconciler.facts.template import Given
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Path, dotted
from reconciler.model.kind import Kind
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_SCHEMES = ("ssh", "https", "http")


def _no_agent(scope: Scope) -> Iterator[Finding | Unknown]:
    for definition in scope.of_type(CLUSTER_TYPE):
        is_git = is_git_target(definition)
        if is_git is False:
            continue
        uses = list(agent_uses(definition))
        if not uses:
            continue
        if is_git is None:
            yield Unknown(
                "R68",
                f"definition `{definition.id}` uses an Agent, and whether it deploys to Git is known at "
                f"deployment only ({definition.origin(mode_path(definition))})",
            )
            continue
        first, *others = uses
        mode = mode_path(definition)
        mode_place = definition.origin(mode)
        yield Finding(
            "R68",
            Severity.ERROR,
            f"GitOps and Agent exclude each other on the deployment cluster: `{definition.id}` deploys to "
            f"Git (`{dotted(mode)}`, {mode_place}) and uses an Agent (`{dotted(first)}`, "
            f"{definition.key_origin(first)})",
            definition.key_origin(first),
            key=scope.key(Kind.DEFINITION, definition.id),
            others=(mode_place, *(definition.key_origin(path) for path in others)),
            advice="Use direct mode with the Agent (a cluster driver instead of the Git one), or GitOps "
            "without it. The runtime cluster beside a Git target (`res_id: k8s-cluster-runtime`) may use "
            "the Agent.",
        )


def _complete_git_target(scope: Scope) -> Iterator[Finding | Unknown]:
    for definition in scope.git_targets:
        target = git_target(definition)
        for path, problem, advice in _git_problems(target):
            yield Finding(
                "R69",
                Severity.ERROR,
                f"Git target `{definition.id}`: {problem}",
                definition.origin(path),
                key=scope.key(Kind.DEFINITION, definition.id),
                advice=advice,
            )
        computed = [
            name
            for name, given in (
                ("the repository's URL", target.url.given),
                ("the credentials", target.ssh_key),
            )
            if given is Given.COMPUTED
        ]
        if computed:
            yield Unknown(
                "R69",
                f"{' and '.join(computed)} of Git target `{definition.id}` ({definition.origin()}) cannot be told "
                "before deployment",
            )


def _git_problems(target: GitTarget) -> Iterator[tuple[Path, str, str]]:
    """Path below `entity`, problem and next step."""
    if target.url.given is Given.NO:
        yield target.url.path, "`url` is missing", "Give the repository's SSH or HTTPS URL."
    if target.ssh_key is Given.YES and target.password is Given.YES:
        yield (
            target.credentials_path,
            "both `credentials.ssh_key` and `credentials.password` are given",
            "Keep the one that fits the URL: the key for SSH, the password or token for HTTPS.",
        )
    if target.url.given is not Given.YES or not is_fixed(target.url.text.partition(":")[0]):
        return
    url = target.git_url
    if url is None or url.scheme not in _SCHEMES:
        yield target.url.path, "`url` is neither an SSH nor an HTTPS URL", "Give one of the two."
    elif url.scheme == "ssh" and target.ssh_key is Given.NO:
        yield (
            target.credentials_path,
            "the SSH URL needs `credentials.ssh_key`",
            "Give a deploy key with write access, handed in when applying: `!file PATH`, `!env NAME` or `!secret {…}`.",
        )
    elif url.scheme != "ssh" and target.password is Given.NO:
        yield (
            target.credentials_path,
            "the HTTPS URL needs `credentials.password`",
            "Give a token with write access, handed in when applying: `!env NAME`, `!file PATH` or `!secret {…}`.",
        )


def _operator_and_store(scope: Scope) -> Iterator[Finding | Unknown]:
    if not scope.git_targets:
        return
    has = has_any_operator(scope)
    missing = [
        text
        for is_missing, text in (
            (
                scope.primary_store == BUILT_IN_STORE,
                f"the primary store of target `{scope.target}` is `{BUILT_IN_STORE}` ({scope.primary.why})",
            ),
            (has is False, "no cluster has one: none is declared, and the settings have `operator: false`"),
        )
        if is_missing
    ]
    for definition in scope.git_targets if missing else ():
        yield Finding(
            "R70",
            Severity.ERROR,
            f"GitOps needs an Operator and an external primary store: `{definition.id}` deploys to Git, and "
            + " and ".join(missing),
            definition.origin(mode_path(definition)),
            key=scope.key(Kind.DEFINITION, definition.id),
            others=() if scope.primary.origin is None else (scope.primary.origin,),
            advice="Install the Operator and make an external secret store primary first; until then "
            "deploy with an ordinary cluster driver.",
        )
    if scope.primary_store is None:
        yield Unknown("R70", scope.primary.why)
    if has is None:
        yield Unknown(
            "R70",
            "nothing tells on which clusters an Operator runs; declare an `Operator`, or set "
            "`clusters.<name>.operator` in the settings",
        )


def _reachable_host(scope: Scope) -> Iterator[Finding | Unknown]:
    private = {host.lower() for host in scope.settings.network.privateHosts}
    if not private:
        return
    for definition in scope.git_targets:
        target = git_target(definition)
        url = target.git_url
        if url is not None and url.host in private:
            yield Finding(
                "R75",
                Severity.ERROR,
                f"The orchestrator cannot reach `{url.host}`, and the Agent does not carry Git: "
                f"`{definition.id}` would push to a host that the settings name under `network.privateHosts`",
                definition.origin(target.url.path),
                key=scope.key(Kind.DEFINITION, definition.id),
                advice="Use a Git host that the orchestrator reaches, or direct mode with an Agent.",
            )
        elif target.url.given is Given.COMPUTED or (url is not None and not is_fixed(url.host)):
            yield Unknown(
                "R75",
                f"the Git host of `{definition.id}` ({definition.origin(target.url.path)}) is known at "
                "deployment only",
            )


RULES = (
    Rule(
        id="R68",
        title="A definition that deploys to Git uses no Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_no_agent,
    ),
    Rule(
        id="R69",
        title="A Git target has a URL and the credentials that fit it",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_complete_git_target,
    ),
    Rule(
        id="R70",
        title="GitOps has an Operator and an external primary store",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=SCOPE,
        check=_operator_and_store,
    ),
    Rule(
        id="R75",
        title="The orchestrator can reach the Git host",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_reachable_host,
    ),
)
