"""Rules about Git targets themselves (compatibility rules, GitOps): R68, R69, R70, R75."""

from collections.abc import Iterator

from reconciler.facts.agent_input import agent_uses, unread_agent_texts
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.git_target import GitTarget, git_target, is_git_target, mode_path
from reconciler.facts.operator import has_any_operator
from reconciler.facts.pattern import is_fixed
from reconciler.facts.scope import Scope
from reconciler.facts.template import Given
from reconciler.model.finding import Severity
from reconciler.model.json import Path, dotted
from reconciler.model.kind import Kind
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.unseen import never_read, unspecified
from reconciler.rules.over import CLUSTER_DEFINITIONS, GIT_TARGETS, TARGET
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_SCHEMES = ("ssh", "https", "http")


def _no_agent(cluster: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition = cluster.fact
    is_git, uses = is_git_target(definition), list(agent_uses(definition))
    mode = mode_path(definition)
    mode_place = definition.origin(mode)
    if is_git is not False and not uses:
        for unread in unread_agent_texts(definition):
            yield cluster.doubts(
                f"whether {cluster.name} uses an Agent",
                unspecified(f"`{dotted(unread)}` cannot be read as YAML ({definition.origin(unread)})"),
            )
    elif is_git is None:
        yield cluster.doubts(
            f"whether {cluster.name}, which uses an Agent, deploys to Git",
            never_read(f"that is known only at deployment ({mode_place})"),
        )
    elif is_git:
        first, *others = uses
        yield cluster.says(
            f"GitOps and an Agent cannot be combined on the deployment cluster: `{definition.id}` deploys to "
            f"Git (`{dotted(mode)}`, {mode_place}) and uses an Agent (`{dotted(first)}`, "
            f"{definition.key_origin(first)})",
            at=definition.key_origin(first),
            others=(mode_place, *(definition.key_origin(path) for path in others)),
            advice="Use direct mode with the Agent (a cluster driver instead of the Git one), or GitOps "
            "without it. The runtime cluster of a Git target (`res_id: k8s-cluster-runtime`) can use the "
            "Agent.",
        )


def _complete_git_target(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition = subject.fact
    target = git_target(definition)
    for path, problem, advice in _git_problems(target):
        message = f"Git target `{definition.id}`: {problem}"
        yield subject.says(message, at=definition.origin(path), advice=advice)
    computed = [
        name
        for name, given in (
            ("the repository's URL", target.url.given),
            ("the credentials", target.ssh_key),
        )
        if given is Given.COMPUTED
    ]
    if computed:
        yield subject.doubts(
            f"whether Git target `{definition.id}` ({definition.origin()}) is complete",
            never_read(f"{' and '.join(computed)} cannot be determined before deployment"),
        )


def _git_problems(target: GitTarget) -> Iterator[tuple[Path, str, str]]:
    """Path below `entity`, problem and next step of each problem."""
    if target.url.given is Given.NO:
        yield target.url.path, "`url` is missing", "Set it to the repository's SSH or HTTPS URL."
    if target.ssh_key is Given.YES and target.password is Given.YES:
        yield (
            target.credentials_path,
            "both `credentials.ssh_key` and `credentials.password` are set",
            "Keep the one that matches the URL: the key for SSH, the password or token for HTTPS.",
        )
    if target.url.given is not Given.YES or not is_fixed(target.url.text.partition(":")[0]):
        return
    url = target.git_url
    if url is None or url.scheme not in _SCHEMES:
        yield target.url.path, "`url` is neither an SSH nor an HTTPS URL", "Use one of the two."
    elif url.scheme == "ssh" and target.ssh_key is Given.NO:
        yield (
            target.credentials_path,
            "the SSH URL needs `credentials.ssh_key`",
            "Set a deploy key with write access, passed in at apply: `!file PATH`, `!env NAME` or `!secret {…}`.",
        )
    elif url.scheme != "ssh" and target.password is Given.NO:
        yield (
            target.credentials_path,
            "the HTTPS URL needs `credentials.password`",
            "Set a token with write access, passed in at apply: `!env NAME`, `!file PATH` or `!secret {…}`.",
        )


def _operator_and_store(target: Subject[Scope]) -> Iterator[Answer]:
    scope = target.scope
    if not scope.git_targets:
        return
    has, primary = has_any_operator(scope), scope.primary
    missing: list[str] = []
    if primary.id == BUILT_IN_STORE:
        missing.append(f"the primary store of target `{scope.target}` is `{BUILT_IN_STORE}` ({primary.why})")
    if has is False:
        missing.append(
            "no cluster has an Operator: none is declared, and the settings have `operator: false`"
        )
    places = [scope.settings.origin("clusters", name, "operator") for name in scope.settings.clusters]
    others = (*filter(None, (primary.origin,)), *(places if has is False else ()))
    for definition in scope.git_targets if missing else ():
        yield target.says(
            f"GitOps needs an Operator and an external primary store: `{definition.id}` deploys to Git, and "
            + " and ".join(missing),
            at=definition.origin(mode_path(definition)),
            key=scope.key(Kind.DEFINITION, definition.id),
            others=others,
            advice="Install the Operator and make an external secret store primary first; until then, "
            "deploy with an ordinary cluster driver.",
        )
    if primary.id is None:
        yield target.doubts("whether GitOps has an external primary store", unspecified(primary.why))
    if has is None:
        yield target.doubts(
            "whether GitOps has an Operator",
            unspecified(
                "it is not known on which clusters one runs; declare an `Operator`, or set "
                "`clusters.<name>.operator` in the settings"
            ),
        )


def _reachable_host(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    settings = subject.scope.settings
    private = {host.lower(): index for index, host in enumerate(settings.network.privateHosts)}
    definition, target = subject.fact, git_target(subject.fact)
    url, place = target.git_url, definition.origin(target.url.path)
    if url is not None and url.host in private:
        yield subject.says(
            f"The orchestrator cannot reach `{url.host}`, and Git traffic does not go through the Agent: "
            f"`{definition.id}` would push to a host that the settings list under `network.privateHosts`",
            at=place,
            others=(settings.origin("network", "privateHosts", private[url.host]),),
            advice="Use a Git host that the orchestrator can reach, or direct mode with an Agent.",
        )
    elif private and (target.url.given is Given.COMPUTED or (url is not None and not is_fixed(url.host))):
        yield subject.doubts(
            f"whether the orchestrator reaches the Git host of `{definition.id}`",
            never_read(f"the host is known only at deployment ({place})"),
        )


RULES = (
    Rule(
        id="R68",
        title="A definition that deploys to Git uses no Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=CLUSTER_DEFINITIONS,
        check=_no_agent,
    ),
    Rule(
        id="R69",
        title="A Git target has a URL and matching credentials",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=GIT_TARGETS,
        check=_complete_git_target,
    ),
    Rule(
        id="R70",
        title="GitOps has an Operator and an external primary store",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=TARGET,
        check=_operator_and_store,
    ),
    Rule(
        id="R75",
        title="The orchestrator can reach the Git host",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=GIT_TARGETS,
        check=_reachable_host,
    ),
)
