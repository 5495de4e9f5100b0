"""The settings file: from text to `Settings`, and the commented example that `reconciler init` writes.

Reads only text. The command line finds the file and reads the environment.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from pydantic import ValidationError

from reconciler.errors import SettingsError
from reconciler.model.finding import Finding, Severity, sort_findings
from reconciler.model.json import Json, JsonObject, dotted
from reconciler.model.origin import Origin
from reconciler.model.reading_rule import concern, problem
from reconciler.model.wording import plural
from reconciler.settings import Limits, Mode, Settings
from reconciler.source.excerpt import excerpts
from reconciler.source.quoted import quoted
from reconciler.source.violation import findings_of
from reconciler.source.yaml_text import YamlDocument, parse_yaml

_MOST_BYTES = 1_048_576
OLDER_MODES: Mapping[str, Mode] = MappingProxyType(
    {
        "legacy mode": Mode.LEGACY,
        "direct cluster": Mode.LEGACY,
        "direct mode": Mode.DIRECT,
        "operator": Mode.DIRECT,
        "operator mode": Mode.DIRECT,
        "humanitec operator": Mode.DIRECT,
        "git ops": Mode.GITOPS,
        "gitops mode": Mode.GITOPS,
        "operator with gitops": Mode.GITOPS,
        "humanitec operator with gitops": Mode.GITOPS,
        **{str(mode): mode for mode in Mode},
    }
)
"""Former names of the modes (agent-and-operator reference 1.2), in lower case with single spaces; and the current
names, which some pages capitalize."""

_ANY = "*"
UNUSED = (("policy", "kinds", "Criterion"),)
"""Settings that are not used yet; `*` is any name that the user chooses. Criteria follow their definition."""


def parse_settings(content: bytes, file: str) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings, and warnings about them.

    Raises SettingsError with all problems and their places. The limits are the defaults of `Limits`.
    """
    if len(content) > _MOST_BYTES:
        message = f"the settings file has more than {_MOST_BYTES} bytes"
        raise _refusal(file, [problem("F04", message, Origin(file), advice="remove everything but settings")])
    parsed = parse_yaml(content, file, Limits())
    if parsed.failure is not None:
        raise _refusal(file, [parsed.failure], content)
    if len(parsed.documents) != 1:
        raise _refusal(file, [_wrong_count(parsed.documents, file)], content)
    document = parsed.documents[0]
    raw, positions = document.value, document.positions
    findings = list(document.findings)
    if not isinstance(raw, dict):
        message = "the settings file is not a mapping"
        raise _refusal(file, [*findings, problem("F06", message, positions.origin(raw))], content)
    warnings = _without_effect(raw, document)
    raw, renamed = _with_current_modes(raw, document)
    warnings += renamed
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        findings.extend(findings_of(error, Settings, raw, positions))
    findings.extend(_bad_patterns(raw, document))
    if settings is None or findings:
        raise _refusal(file, [*findings, *warnings], content)
    return settings.located(document.value, positions), tuple(warnings)


def setting_places(
    content: bytes, file: str, paths: Iterable[tuple[str, ...]]
) -> Mapping[tuple[str, ...], Origin]:
    """Places of settings, by path; a setting that is not set has the place of the mapping it would be in.

    Empty if the content is not a settings file.
    """
    parsed = parse_yaml(content, file, Limits())
    if parsed.failure is not None or len(parsed.documents) != 1:
        return {}
    document = parsed.documents[0]
    return {path: document.positions.origin(document.value, path) for path in paths}


def connection_places(content: bytes, file: str, targets: Iterable[str]) -> Mapping[tuple[str, ...], Origin]:
    """Places of the connection settings of each target (organization, urls and tokens), by path."""
    parts = (("organization",), *((c, p) for c in ("orchestrator", "runners") for p in ("url", "token")))
    return setting_places(content, file, (("targets", name, *part) for name in targets for part in parts))


def _refusal(file: str, findings: list[Finding], content: bytes = b"") -> SettingsError:
    count = sum(finding.severity is Severity.ERROR for finding in findings)
    return SettingsError(
        f"the settings in {file} cannot be used: {plural(count, 'problem')}",
        findings=sort_findings(findings),
        excerpts=excerpts({file: content}, (finding.origin for finding in findings)),
        advice="correct the file; the one that `reconciler init` writes explains every setting",
    )


def _wrong_count(documents: tuple[YamlDocument, ...], file: str) -> Finding:
    if not documents:
        advice = "remove it, then start with: reconciler init"
        return problem("F06", "the settings file is empty", Origin(file), advice=advice)
    second = documents[1]
    message = f"the settings file contains {len(documents)} documents"
    return problem("F06", message, second.positions.origin(second.value), advice="keep one")


def _with_current_modes(raw: JsonObject, document: YamlDocument) -> tuple[JsonObject, list[Finding]]:
    """The settings with former names of modes replaced, and a warning for each."""
    targets = raw.get("targets")
    if not isinstance(targets, dict):
        return raw, []
    warnings: list[Finding] = []
    replaced = dict(targets)
    for name, target in targets.items():
        given = target.get("mode") if isinstance(target, dict) else None
        if not isinstance(target, dict) or not isinstance(given, str):
            continue
        mode = OLDER_MODES.get(" ".join(re.split(r"[\s_-]+", given.strip().lower())))
        if mode is not None and given != mode:
            replaced[name] = {**target, "mode": str(mode)}
            path = ("targets", name, "mode")
            message = f"{quoted(dotted(path))} uses another name for a mode; it is read as `{mode}`"
            origin = document.positions.origin(document.value, path)
            warnings.append(concern("F13", message, origin, advice=f"write `mode: {mode}`"))
    return {**raw, "targets": replaced}, warnings


def _without_effect(raw: JsonObject, document: YamlDocument) -> list[Finding]:
    """A warning for each setting that is set but not used yet."""
    warnings = []
    for path in _given(raw, UNUSED):
        message = f"{quoted(dotted(path))} is accepted but not used yet"
        origin = document.positions.origin(document.value, path)
        warnings.append(
            concern("F14", message, origin, advice="remove it, or keep it without expecting an effect")
        )
    return warnings


def _given(raw: JsonObject, patterns: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Paths in the file that match one of the patterns."""
    for pattern in patterns:
        found: list[tuple[tuple[str, ...], Json]] = [((), raw)]
        for step in pattern:
            found = [
                ((*path, name), inner)
                for path, value in found
                if isinstance(value, dict)
                for name, inner in value.items()
                if step in (_ANY, name)
            ]
        yield from (path for path, _ in found)


def _bad_patterns(raw: JsonObject, document: YamlDocument) -> list[Finding]:
    targets = raw.get("targets")
    found: list[Finding] = []
    for name, target in targets.items() if isinstance(targets, dict) else ():
        patterns = target.get("paths") if isinstance(target, dict) else None
        for index, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
            path = ("targets", name, "paths", index)
            if isinstance(pattern, str) and not _is_pattern(pattern):
                origin = document.positions.origin(document.value, path)
                message = f"{quoted(dotted(path))} is not a pattern in `.gitignore` syntax"
                found.append(problem("F06", message, origin))
    return found


def _is_pattern(pattern: str) -> bool:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  few settings need it, and all would wait for it

    try:
        GitIgnoreSpec.from_lines([pattern])
    except ValueError:
        return False
    return True


def commented_example() -> str:
    """A settings file that can be used as it is; optional settings are commented out with their defaults.

    Lines with `##` explain; a line with one `#` becomes a setting when the `#` is removed.
    """
    return _EXAMPLE


_EXAMPLE = """\
# yaml-language-server: $schema=./schemas/settings.json
##
## The line above is for editors; `reconciler schema --write schemas` writes it.
## Settings of the reconciler: identity and connections, never desired state.
## Lines with `##` explain. A line with one `#` shows a default or an example;
## remove the `#` to set it.

## Version of this format.
version: 1

## Short name of this installation, the owner of the objects. It is part of the name
## under which ownership is recorded, so do not change it later.
## Lower-case letters, digits and hyphens.
instance: default

## One entry for each organization, under a name you choose.
targets:
  main:
    ## Id of the organization, the same in both generations of the orchestrator.
    organization: my-org
    ## Files that belong to it: patterns in .gitignore syntax, relative to the root.
#    paths: ["**"]
    ## Platform Orchestrator v1: agents, keys, resource definitions. Never write a
    ## token here: name a variable (`env`) or a file (`file`) that contains it.
#    orchestrator:
#      url: https://api.humanitec.io
#      token: {env: HUMANITEC_TOKEN}
    ## Platform Orchestrator v2: runners and their rules.
#    runners:
#      url: https://api.humanitec.dev
#      token: {file: /var/run/secrets/humanitec/token}
    ## How you expect deployments to reach the clusters: legacy, direct or gitops.
    ## Compared with the mode computed from the files and the live objects (R60). Not
    ## set by default.
#    mode: direct
    ## Id of the primary secret store, if known. Not set by default.
#    primaryStore: my-store
    ## Built-in definitions that your own ones replace: their criteria are removed, and
    ## restored when they are no longer listed here.
#    builtIn: {disabled: []}

## Facts about clusters for the rules, under the names that documents use.
## None by default.
#clusters:
#  my-cluster:
    ## Whether the Humanitec Operator runs there.
#    operator: false
    ## Who runs it: aks, eks, gke, openshift or other.
#    platform: other
    ## Whether the orchestrator can reach the API server directly.
#    apiServer: {public: false}
#    kubernetesVersion: "1.31"
    ## Network of the cluster, by a name you choose.
#    network: my-network
    ## Ids of the `k8s-cluster` definitions that deploy to it. Default: its own name.
#    definitions: [my-cluster]
    ## How to reach it: a kubeconfig outside the repository, or in a pod its service
    ## account. What files install there is applied. Not set by default.
#    kubeconfig: {path: ~/.kube/config, context: my-context}
##    inCluster: true
    ## Or a folder of the repository, into which the objects are written as files.
##    directory: rendered/my-cluster

## What is done automatically.
##   prune: owned   owned objects that the files no longer declare are deleted
##          never   nothing is deleted
##   drift: correct changes made to live objects by others are undone
##          report  they are only reported
#policy:
#  default: {prune: owned, drift: correct}
  ## Overrides by kind: Agent, Key, Definition, Runner, RunnerRule. Criteria follow
  ## their definition: Criterion is accepted but not used yet.
#  kinds: {}

## Guards that refuse a plan; a refusal names the option that allows the plan.
#safety:
  ## Most deletes of one kind in one target: a share of the owned objects, a number, or
  ## both (the larger one counts).
#  maxDelete: 10% or 5
  ## Objects never deleted without approval: Kind/id; `*` matches any text, `[*]` an
  ## asterisk.
#  protect: []

## Where ownership is recorded: `file`, `git`, or `none: true`. Without a record
## nothing is ever deleted. Default: `file`, below .reconciler/inventory.
#inventory:
  ## A folder, relative to this file unless absolute.
#  file: {directory: .reconciler/inventory}
  ## Or refs/reconciler/<instance>/<target> of the repository, suitable for CI.
  ## `remote` is where the ref is fetched from and pushed to.
##  git: {remote: origin}
##  none: true
  ## Key of the digests that show whether a secret changed since it was last sent.
  ## Without it, a key file is created next to a file inventory.
#  digestKey: {env: RECONCILER_DIGEST_KEY}

## `strict` turns the warnings whose sources contradict each other into errors.
#profile: default

## Rules by id: severity error, warning or off, always with a reason; `until` is the
## last day on which it applies. `reconciler rules` lists all rules and switches,
## `reconciler explain R71` explains what a rule checks. None by default.
#rules:
#  R71: {severity: warning, reason: why this is fine here, until: "2099-12-31"}

## Git hosts in a private network, which the orchestrator cannot reach from outside.
#network:
#  privateHosts: []

## Number of actions that an apply runs at once, 1 to 64.
#apply:
#  concurrency: 8

## How `reconciler watch` behaves; durations in seconds.
#watch:
  ## Between polls of the repository.
#  pollSeconds: 60
  ## Between passes if nothing changed, to find drift.
#  resyncSeconds: 600
  ## Longest wait after failures.
#  backoffMaxSeconds: 900
  ## Address of the health and metrics endpoints.
#  listen: 127.0.0.1:8080

## Limits on what is read from the tree.
#limits:
  ## Number of files, bytes in one file, bytes in all files.
#  maxFiles: 50000
#  maxFileBytes: 1048576
#  maxTotalBytes: 134217728
  ## Nesting depth of a document, and its number of values after expanding aliases.
#  maxDepth: 64
#  maxNodes: 100000
"""
