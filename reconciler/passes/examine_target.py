"""What an examination reads of one target: whether its APIs answer, and which keys and runners are registered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnosis.sight import ApiSight, OrganizationSight, Refusal
from reconciler.errors import (
    ConnectionPart,
    OrchestratorError,
    SettingsError,
    UnauthorizedError,
)
from reconciler.facts.definition import dig
from reconciler.keystore.public_key import fingerprint_of
from reconciler.model.identity import TargetName
from reconciler.model.kind import FACTS, Generation, Kind
from reconciler.model.registration import Registration
from reconciler.model.surroundings import Beside
from reconciler.model.unread import Unread
from reconciler.model.wording import plural
from reconciler.orchestrator.sight import Hints, Look
from reconciler.passes.begin import Pass
from reconciler.settings import Connection, Target

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx, which a validation does not need

_SHOWN = {
    Generation.V1: ("v1 API", (Kind.AGENT, Kind.DEFINITION)),
    Generation.V2: ("v2 API", (Kind.RUNNER, Kind.RUNNER_RULE)),
}


@dataclass(frozen=True, slots=True)
class TargetSight:
    """One target. `apis` is an `Unread` if there is no client for it."""

    name: TargetName
    apis: tuple[ApiSight, ...] | Unread
    organization: OrganizationSight


def see_target(
    asked: Pass, name: TargetName, agents: Iterable[str], *, has_operators: bool = False
) -> TargetSight:
    """One target, with the keys of these agents, and those of Operators where there are any."""
    target = asked.settings.targets[name]
    try:
        client = asked.adapters.connect(name)
    except SettingsError as error:
        unread = Unread(
            "; ".join([finding.message for finding in error.findings] or [str(error)]), error.advice
        )
    except OrchestratorError as error:
        unread = Unread(str(error), error.advice)
    else:
        beside = frozenset((Beside.OPERATOR_KEYS,)) if has_operators else frozenset()
        return _seen(name, target, client, Hints(agents=frozenset(agents), beside=beside))
    return TargetSight(name, unread, OrganizationSight(target.organization, unread, unread, unread))


def _seen(name: TargetName, target: Target, client: "Orchestrator", hints: Hints) -> TargetSight:
    try:
        look = client.look(hints)
    finally:
        client.close()
    connections = ((Generation.V1, target.orchestrator), (Generation.V2, target.runners))
    apis = tuple(_api(look, generation, one) for generation, one in connections if one is not None)
    return TargetSight(
        name,
        apis,
        OrganizationSight(
            target.organization,
            _keys(look) if target.orchestrator else Unread("its target has no `orchestrator`"),
            _runners(look) if target.runners else Unread("its target has no `runners`"),
            _operator_keys(look) if target.orchestrator else Unread("its target has no `orchestrator`"),
        ),
    )


def _api(look: Look, generation: Generation, connection: Connection) -> ApiSight:
    name, kinds = _SHOWN[generation]
    failure = next(
        (error for kind, error in look.failures.items() if FACTS[kind].generation is generation), None
    )
    found = ", ".join(_counted(look, kind) for kind in kinds)
    is_proven = not any(FACTS[kind].generation is generation for kind in look.unproven)
    refusal = None if failure is None else (_refusal(failure), Unread(str(failure), failure.advice))
    return ApiSight(name, connection.url, found, refusal, is_proven)


def _counted(look: Look, kind: Kind) -> str:
    number = sum(key.kind is kind for key in look.state.resources)
    return plural(number, FACTS[kind].plural.removesuffix("s"), FACTS[kind].plural)


def _refusal(error: OrchestratorError) -> Refusal:
    if isinstance(error, UnauthorizedError) or error.part is ConnectionPart.TOKEN:
        return Refusal.TOKEN
    return Refusal.ORGANIZATION if error.part is ConnectionPart.ORGANIZATION else Refusal.OTHER


def _keys(look: Look) -> Mapping[str, Mapping[str, Registration]] | Unread:
    failure = look.failures.get(Kind.KEY) or look.failures.get(Kind.AGENT)
    if failure is not None:
        return Unread(str(failure), failure.advice)
    found: dict[str, dict[str, Registration]] = {}
    for key, resource in look.state.resources.items():
        if key.kind is Kind.AGENT:
            found.setdefault(key.id, {})
        elif key.kind is Kind.KEY:
            agent, _, fingerprint = key.id.partition("/")
            found.setdefault(agent, {})[fingerprint] = Registration(
                resource.is_accepted, resource.status.get("expired_at", "")
            )
    return found


def _operator_keys(look: Look) -> Mapping[str, Registration] | Unread:
    surroundings = look.state.surroundings
    if surroundings.operator_keys is None:
        return Unread(surroundings.failures.get(Beside.OPERATOR_KEYS, "they were not asked for"))
    return {key.fingerprint: Registration(expired_at=key.expired_at) for key in surroundings.operator_keys}


def _runners(look: Look) -> Mapping[str, str] | Unread:
    failure = look.failures.get(Kind.RUNNER)
    if failure is not None:
        return Unread(str(failure), failure.advice)
    if Kind.RUNNER in look.unproven:
        return Unread("nothing shows that the organization exists")
    return {
        key.id: fingerprint_of(dig(resource.document, "runner_configuration", "key")) or ""
        for key, resource in look.state.resources.items()
        if key.kind is Kind.RUNNER
    }
