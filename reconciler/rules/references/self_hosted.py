"""The rule about drivers outside Humanitec and the tunnel (compatibility rules, Types and references): R97."""

from collections.abc import Iterator

from reconciler.facts.agent_input import own_drivers_with_agent, unread_drivers
from reconciler.facts.asking import Member
from reconciler.facts.driver import is_hosted
from reconciler.facts.reference_graph import spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side


def _hosted(scope: Scope) -> Iterator[Finding | Unknown]:
    drivers = scope.surroundings.drivers
    for member, ask, way in own_drivers_with_agent(scope):
        hosted = is_hosted(member.driver, drivers)
        assert member.declared is not None
        if hosted is None:
            yield (
                unread_drivers("R97", scope, member.driver)
                if drivers is None
                else Unknown("R97", f"where driver `{member.driver}` runs is not told by the orchestrator")
            )
        elif not hosted:
            place = member.declared.origin(ask.path)
            further = (m.declared for m in way[1:] if isinstance(m, Member))
            yield Finding(
                "R97",
                Severity.ERROR,
                f"Driver `{member.driver}` runs outside Humanitec and cannot use the tunnel: {spelled(way)}",
                place,
                key=scope.key(Kind.DEFINITION, member.id),
                others=tuple(d.origin() for d in further if d is not None),
                advice="Reach the system from where the driver runs, or use a driver that Humanitec hosts.",
            )


RULES = (
    Rule(
        id="R97",
        title="Only drivers that Humanitec runs use an Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_hosted,
    ),
)
