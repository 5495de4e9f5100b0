"""Rules about the settings of an Agent, which are environment variables: R34 to R36 (agent and operator 2.3).

The only values printed are log levels that are plain words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from reconciler.facts.agent_installation import (
    CONNECTION_ID,
    LOG_LEVEL,
    ORGS,
    PRIVATE_KEY_FILE,
    entries_of,
    organizations_served,
    place_of_organizations,
)
from reconciler.facts.agent_manifest import (
    AgentDeployment,
    Variable,
    agent_deployments,
    config_maps,
    entries,
    environment,
    is_agent,
    own_variables,
)
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import AGENT_CONFIG_MAP
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.facts.workload import Workload, declared_workloads, variables_of
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean
from reconciler.model.identity import ResourceKey
from reconciler.model.origin import Origin
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.model.wording import listed
from reconciler.rules.over import AGENT_WORKLOADS, TARGET, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

F = TypeVar("F")
_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
_KNOWN = (ORGS, PRIVATE_KEY_FILE, CONNECTION_ID, LOG_LEVEL)
_OF_THE_OLD_AGENT = "REMOTE_PORT"
"""Reported by R25."""
_WORD = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)
_USED = re.compile(r"\$\(([^()]+)\)")


@dataclass(frozen=True, slots=True)
class _Set:
    """A variable set for an Agent. `is_used` is true where another variable refers to it."""

    variable: Variable
    is_used: bool = False


def _settings(scope: Scope) -> Iterator[Subject[_Set]]:
    for workload in declared_workloads(scope):
        match workload.written:
            case InstalledAgent() as installed:
                variables = variables_of(installed)
            case AgentDeployment() as deployment:
                variables = list(own_variables(deployment))
            case _:
                continue
        used = {name for variable in variables for name in _USED.findall(variable.value or "")}
        for variable in variables:
            yield _setting(scope, _Set(variable, variable.name in used), workload.key(scope))
    for config_map in config_maps(scope):
        for variable in entries(config_map):
            yield _setting(scope, _Set(variable), None)


def _setting(scope: Scope, one: _Set, key: ResourceKey | None) -> Subject[_Set]:
    variable = one.variable
    return Subject(one, scope, f"`{variable.name}` of {variable.holder}", variable.origin, key)


SETTINGS = Over("setting of an Agent", _settings)


def _serves(subject: Subject[Workload]) -> Iterator[Answer]:
    match subject.fact.written:
        case InstalledAgent() as installed:
            served = organizations_served(installed)
            if served is not None and not any(served):
                yield subject.says(
                    f"{subject.name} serves no organization: `{ORGS}` would be empty",
                    at=installed.origin(place_of_organizations(installed) or ()),
                    advice="List the organizations, or omit the list to serve those of the Agent.",
                )
        case AgentDeployment() as deployment:
            found = environment(subject.scope, deployment)
            orgs = found.variables.get(ORGS)
            if orgs is not None:
                if _is_empty(orgs):
                    yield _unset(subject, f"`{ORGS}` of {subject.name} is empty ({orgs.holder})", orgs.origin)
            elif found.unread:
                unread = ", ".join(found.unread)
                raise UnseenError(unspecified(f"{unread}, which may set `{ORGS}`, is not in the tree"))
            else:
                yield _unset(subject, f"`{ORGS}` is not set in {subject.name}", deployment.origin("env"))


def _maps_serve(subject: Subject[Scope]) -> Iterator[Answer]:
    """Findings for ConfigMaps of Agents whose Deployments are elsewhere."""
    if any(True for _ in agent_deployments(subject.scope)):
        return
    maps = list(config_maps(subject.scope))
    found = [variable for one in maps for variable in entries(one) if variable.name == ORGS]
    for orgs in filter(_is_empty, found):
        yield _unset(subject, f"`{ORGS}` is empty in {orgs.holder}", orgs.origin)
    # A ConfigMap that sets only other variables may be a patch; the label marks whole objects.
    for one in () if found else filter(lambda one: is_agent(one.raw), maps):
        message = f"`{ORGS}` is not set in ConfigMap `{AGENT_CONFIG_MAP}`"
        yield _unset(subject, message, one.origin(("data",)))


def _is_empty(variable: Variable) -> bool:
    return variable.value is not None and not any(entries_of(variable.value))


def _unset(subject: Subject[F], message: str, place: Origin) -> Answer:
    advice = f"Set `{ORGS}` to the ids of the organizations, separated by commas."
    return subject.says(message, at=place, advice=advice)


def _level(subject: Subject[_Set]) -> Iterator[Answer]:
    variable = subject.fact.variable
    if variable.name != LOG_LEVEL or variable.value is None or variable.value in _LEVELS:
        return
    if is_filled_in(variable.value):
        raise UnseenError(unspecified("the value is filled in later"))
    written = f"`{variable.value}`" if _WORD.fullmatch(variable.value) else "The value"
    yield subject.says(
        f"{written} of `{LOG_LEVEL}` is not a log level ({variable.holder})",
        advice=did_you_mean(variable.value.upper(), _LEVELS) or f"Use one of {listed(_LEVELS)}.",
    )


def _known(subject: Subject[_Set]) -> Iterator[Answer]:
    variable = subject.fact.variable
    if variable.name in _KNOWN or variable.name == _OF_THE_OLD_AGENT or subject.fact.is_used:
        return
    yield subject.says(
        f"`{variable.name}` is not a known setting of the Agent ({variable.holder})",
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
        over=AGENT_WORKLOADS,
        check=_serves,
        also=(Part(TARGET, _maps_serve),),
    ),
    Rule(
        id="R35",
        title="The log level is one that the Agent supports",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SETTINGS,
        check=_level,
    ),
    Rule(
        id="R36",
        title="Only known settings are used for the Agent",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=SETTINGS,
        check=_known,
    ),
)
