"""Rules about names that only the orchestrator can confirm: R113 to R118."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from itertools import islice

from reconciler.facts import mention
from reconciler.facts.mention import Mention
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean
from reconciler.model.surroundings import Beside
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.rules.over import TARGET
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_HINTED = 20
"""Most names to suggest a similar one for: the search is slow, and more wrong names than this are no typing errors."""


class _Empty(Enum):
    """What an empty list means for a name."""

    NOTHING = auto()
    """Every organization has some: a token that sees none lacks the permission to list them."""
    ABSENT = auto()
    """The name does not exist."""
    TOO_EARLY = auto()
    """They are created later than what names them."""


@dataclass(frozen=True, slots=True)
class _Name:
    """A kind of name to check: `noun` is the word for one name, `effect` the effect of a wrong one."""

    what: Beside
    noun: str
    effect: str
    advice: str
    severity: Severity
    mentions: Callable[[Scope], Iterator[Mention]]
    empty: _Empty = _Empty.NOTHING


def _exists(names: tuple[_Name, ...], target: Subject[Scope]) -> Iterator[Answer]:
    scope = target.scope
    for name in names:
        known = scope.known_names(name.what)
        absent = [found for found in name.mentions(scope) if found.name not in known]
        listed = scope.surroundings.names(name.what)
        if not absent:
            continue
        if listed or (listed is not None and name.empty is _Empty.ABSENT):
            yield from _absences(target, name, absent, known)
        elif listed is None:
            raise UnseenError(scope.unread(name.what))
        elif name.empty is _Empty.NOTHING:
            raise UnseenError(
                unspecified(f"the orchestrator shows no {name.what} of target `{scope.target}` to this token")
            )


def _absences(
    target: Subject[Scope], name: _Name, absent: list[Mention], known: frozenset[str]
) -> Iterator[Answer]:
    """One finding per object and name, with further places as its `others`."""
    grouped: dict[tuple[str, str, str], list[Mention]] = {}
    for found in absent:
        grouped.setdefault((*found.holder, found.name), []).append(found)
    options = sorted(known)
    wrong = dict.fromkeys(found.name for found in absent)
    hints = {name: did_you_mean(name, options) for name in islice(wrong, _HINTED)}
    for first, *others in grouped.values():
        kind, identifier = first.holder
        yield target.says(
            f"{kind} `{identifier}` names {name.noun} `{first.name}`, which organization "
            f"`{target.scope.organization}` does not have: {name.effect}",
            at=first.origin,
            key=target.scope.key(kind, identifier),
            others=tuple(found.origin for found in others),
            advice=hints.get(first.name) or name.advice,
            severity=name.severity,
        )


def _rule(
    identifier: str, *names: _Name, title: str, confidence: Confidence = Confidence.DOCUMENTED
) -> Rule[Subject[Scope]]:
    return Rule(
        id=identifier,
        title=title,
        severity=names[0].severity,
        confidence=confidence,
        sides=(Side.LIVE,),
        over=TARGET,
        check=partial(_exists, names),
    )


_CREATE_TYPE = "Create the resource type first, or name one that exists."
_CREATE_ENVIRONMENT_TYPE = "Create the environment type first, or name one that exists."

RULES = (
    _rule(
        "R113",
        _Name(
            Beside.RESOURCE_TYPES,
            "resource type",
            "the definition is refused",
            _CREATE_TYPE,
            Severity.ERROR,
            mention.types,
        ),
        _Name(
            Beside.RESOURCE_TYPES,
            "resource type",
            "nothing matches it at deployment",
            _CREATE_TYPE,
            Severity.WARNING,
            mention.asked_types,
        ),
        title="Resource types exist",
    ),
    _rule(
        "R114",
        _Name(
            Beside.DRIVERS,
            "driver",
            "the definition is refused",
            "Register the driver first, or name one that exists.",
            Severity.ERROR,
            mention.drivers,
        ),
        title="Drivers exist",
    ),
    _rule(
        "R115",
        _Name(
            Beside.ENVIRONMENT_TYPES,
            "environment type",
            "the criterion matches no deployment",
            _CREATE_ENVIRONMENT_TYPE,
            Severity.WARNING,
            mention.environment_types,
        ),
        title="Environment types in criteria exist",
    ),
    _rule(
        "R116",
        _Name(
            Beside.APPLICATIONS,
            "application",
            "the criterion matches no deployment until it is created",
            "Create the application, or name one that exists.",
            Severity.WARNING,
            mention.applications,
            empty=_Empty.TOO_EARLY,
        ),
        title="Applications in criteria exist",
    ),
    _rule(
        "R117",
        _Name(
            Beside.RUNNER_ENVIRONMENT_TYPES,
            "environment type",
            "the rule is refused",
            _CREATE_ENVIRONMENT_TYPE,
            Severity.ERROR,
            mention.runner_environment_types,
            empty=_Empty.ABSENT,
        ),
        title="Environment types in runner rules exist",
        confidence=Confidence.VENDOR_CODE,
    ),
    _rule(
        "R118",
        _Name(
            Beside.PROJECTS,
            "project",
            "the rule may be refused, and serves no environment",
            "Create the project first, or name one that exists.",
            Severity.WARNING,
            mention.projects,
            empty=_Empty.ABSENT,
        ),
        title="Projects in runner rules exist",
        confidence=Confidence.CONTRADICTORY,
    ),
)
