"""The rule about drivers outside Humanitec and the tunnel (compatibility rules, Types and references): R97."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from reconciler.facts.agent_input import own_drivers_with_agent
from reconciler.facts.asking import Member
from reconciler.facts.driver import is_hosted
from reconciler.facts.reference_graph import spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.unseen import UnseenError, never_read
from reconciler.rules.over import Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


class Use(NamedTuple):
    """A driver that receives an Agent's URL, and the definitions through which it does."""

    driver: str
    way: list[Member | str]


def _uses(scope: Scope) -> Iterator[Subject[Use]]:
    for member, ask, way in own_drivers_with_agent(scope):
        if member.declared is not None:
            place = partial(member.declared.origin, ask.path)
            name = f"driver `{member.driver}` of `{member.id}`"
            yield Subject(Use(member.driver, way), scope, name, place, scope.key(Kind.DEFINITION, member.id))


OWN_DRIVERS_WITH_AGENT = Over("use of an Agent by your own driver", _uses)


def _hosted(subject: Subject[Use]) -> Iterator[Answer]:
    driver, way = subject.fact
    is_of_humanitec = is_hosted(driver, subject.scope.surroundings.drivers)
    if is_of_humanitec is None:
        _ = subject.seen.drivers
        raise UnseenError(never_read(f"the orchestrator does not say where driver `{driver}` runs"))
    if not is_of_humanitec:
        further = (m.declared for m in way[1:] if isinstance(m, Member))
        yield subject.says(
            f"Driver `{driver}` runs outside Humanitec and cannot use the tunnel: {spelled(way)}",
            others=tuple(d.origin() for d in further if d is not None),
            advice="Connect to the system directly from where the driver runs, or use a driver that Humanitec hosts.",
        )


RULES = (
    Rule(
        id="R97",
        title="Only drivers that Humanitec runs use an Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=OWN_DRIVERS_WITH_AGENT,
        check=_hosted,
    ),
)
