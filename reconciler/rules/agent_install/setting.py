"""Rules about the settings of an Agent, which are environment variables: R34 to R36 (agent and operator 2.3).

Of values only log levels are ever printed, and those only where they are plain words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.agent_installation import (
    CONNECTION_ID,
    LOG_LEVEL,
    ORGS,
    PRIVATE_KEY_FILE,
    entries_of,
    named,
    organizations_served,
)
from reconciler.facts.agent_manifest import (
    Variable,
    agent_deployments,
    config_maps,
    entries,
    environment,
    is_agent,
    own_variables,
)
from reconciler.facts.manifest import AGENT_CONFIG_MAP
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identifier import did_you_mean
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
_KNOWN = (ORGS, PRIVATE_KEY_FILE, CONNECTION_ID, LOG_LEVEL)
_OF_THE_OLD_AGENT = "REMOTE_PORT"
"""R25 speaks about it."""
_WORD = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)
_USED = re.compile(r"\$\(([^()]+)\)")


@dataclass(frozen=True, slots=True)
class _Set:
    """A variable that is set for some Agent. `is_used` tells that another variable is made from it."""

    variable: Variable
    key: ResourceKey | None
    is_used: bool = False


def _all_set(scope: Scope) -> Iterator[_Set]:
    for installed in scope.agent_installs:
        yield from _with_use(
            [
                Variable(name, value, named(installed), installed.origin(("env", name)))
                for name, value in (installed.install.env or {}).items()
            ],
            scope.key(Kind.AGENT, installed.id),
        )
    for config_map in config_maps(scope):
        for variable in entries(config_map):
            yield _Set(variable, None)
    for deployment in agent_deployments(scope):
        yield from _with_use(list(own_variables(deployment)), None)


def _with_use(variables: list[Variable], key: ResourceKey | None) -> Iterator[_Set]:
    used = {name for variable in variables for name in _USED.findall(variable.value or "")}
    for variable in variables:
        yield _Set(variable, key, variable.name in used)


def _serves(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        served = organizations_served(installed)
        if served is None or any(served):
            continue
        path = next(
            (
                path
                for path, value in (
                    (("env", ORGS), (installed.install.env or {}).get(ORGS)),
                    (("orgs",), installed.install.orgs),
                )
                if value is not None
            ),
            ("helmValues", "humanitec", "org"),
        )
        yield Finding(
            "R34",
            Severity.ERROR,
            f"{named(installed)} serves no organization: `{ORGS}` would be empty",
            installed.origin(path),
            key=scope.key(Kind.AGENT, installed.id),
            advice="Name the organizations, or leave the list out to serve those of the Agent.",
        )
    yield from _manifests_serve(scope)


def _manifests_serve(scope: Scope) -> Iterator[Finding | Unknown]:
    is_set = False
    has_deployment = False
    for deployment in agent_deployments(scope):
        has_deployment = True
        found = environment(scope, deployment)
        orgs = found.variables.get(ORGS)
        if orgs is not None:
            is_set = True
            if orgs.value is not None and not any(entries_of(orgs.value)):
                yield _unset(f"`{ORGS}` of {deployment.name} is empty ({orgs.holder})", orgs)
        elif found.unread:
            unread = ", ".join(found.unread)
            yield Unknown("R34", f"whether {unread} sets `{ORGS}` for {deployment.name}: not in the tree")
        else:
            place = Variable(ORGS, None, deployment.name, deployment.origin("env"))
            yield _unset(f"`{ORGS}` is not set in {deployment.name}", place)
    for config_map in config_maps(scope):
        found_here = {variable.name: variable for variable in entries(config_map)}
        orgs = found_here.get(ORGS)
        if orgs is not None and not has_deployment and not any(entries_of(orgs.value or "")):
            yield _unset(f"`{ORGS}` is empty in {orgs.holder}", orgs)
        is_set = is_set or orgs is not None
    # One that only changes another variable is a patch: the label tells whole objects.
    if not is_set and not has_deployment:
        for config_map in config_maps(scope):
            if is_agent(config_map.raw):
                place = Variable(ORGS, None, "", config_map.origin(("data",)))
                yield _unset(f"`{ORGS}` is not set in ConfigMap `{AGENT_CONFIG_MAP}`", place)


def _unset(message: str, variable: Variable) -> Finding:
    return Finding(
        "R34",
        Severity.ERROR,
        message,
        variable.origin,
        advice=f"Set `{ORGS}` to the ids of the organizations, separated by commas.",
    )


def _level(scope: Scope) -> Iterator[Finding | Unknown]:
    for given in _all_set(scope):
        variable = given.variable
        if variable.name != LOG_LEVEL or variable.value is None or variable.value in _LEVELS:
            continue
        if is_filled_in(variable.value):
            yield Unknown("R35", f"`{LOG_LEVEL}` is filled in later ({variable.origin})")
            continue
        said = f"`{variable.value}`" if _WORD.fullmatch(variable.value) else "The value"
        yield Finding(
            "R35",
            Severity.ERROR,
            f"{said} of `{LOG_LEVEL}` is not a log level ({variable.holder})",
            variable.origin,
            key=given.key,
            advice=did_you_mean(variable.value.upper(), _LEVELS) or f"Use one of {listed(_LEVELS)}.",
        )


def _known(scope: Scope) -> Iterator[Finding | Unknown]:
    for given in _all_set(scope):
        variable = given.variable
        if variable.name in _KNOWN or variable.name == _OF_THE_OLD_AGENT or given.is_used:
            continue
        yield Finding(
            "R36",
            Severity.WARNING,
            f"`{variable.name}` is not a known setting of the Agent ({variable.holder})",
            variable.origin,
            key=given.key,
            advice=did_you_mean(variable.name.upper(), _KNOWN)
            or "Remove it, or switch this rule off for the object if you know that it has an effect.",
        )


RULES = (
    Rule(
        id="R34",
        title="An Agent serves at least one organization",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_serves,
    ),
    Rule(
        id="R35",
        title="The log level is one that the Agent has",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_level,
    ),
    Rule(
        id="R36",
        title="Only known settings are given to the Agent",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_known,
    ),
)
