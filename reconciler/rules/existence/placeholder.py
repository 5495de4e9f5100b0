"""The rule about the content of placeholders: R119."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from reconciler.facts.asking import Member
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean, nearest
from reconciler.model.json import Path
from reconciler.model.placeholder import head_and_steps, placeholders, resource_references
from reconciler.model.wording import listed
from reconciler.rules.over import Over, of_definition
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.placeholder import ACCESSORS, CONTEXT, CONTEXT_MEMBERS, RESOURCES, ROOTS

_ESCAPE = r"Write `$\{` if the text is meant for a shell or for Terraform."


class _Problem(NamedTuple):
    """What is wrong. `text` is the printable part of the placeholder, printed only outside secrets."""

    severity: Severity
    text: str
    problem: str
    advice: str


def _texts(scope: Scope) -> Iterator[Subject[Member]]:
    for member in scope.references.members:
        if member.declared is not None and member.texts:
            yield of_definition(scope, member.declared, member)


WITH_PLACEHOLDERS = Over("definition with placeholders", _texts)


def _filled_in(subject: Subject[Member]) -> Iterator[Answer]:
    member, seen = subject.fact, set[str]()
    for path, text in member.texts if member.declared else ():
        for inside in placeholders(text):
            found = None if inside in seen else _problem(inside)
            if found is not None and member.declared is not None:
                seen.add(inside)
                yield subject.says(
                    f"Definition `{member.id}` contains {_shown(found, path)}: {found.problem}",
                    at=member.declared.origin(path),
                    advice=found.advice,
                    severity=found.severity,
                )


def _shown(found: _Problem, path: Path) -> str:
    """The placeholder in words; text of secrets is never printed, even where it looks like a placeholder."""
    is_secret = path[:2] in (("driver_inputs", "secrets"), ("driver_inputs", "secret_refs"))
    return "a placeholder" if is_secret else f"`${{{found.text}}}`"


@lru_cache(maxsize=4096)
def _problem(inside: str) -> _Problem | None:
    """What is wrong with the inside of a placeholder; None for one that can be resolved or that a template produces."""
    if "{" in inside:
        return None
    head, steps = head_and_steps(inside)
    if head == CONTEXT:
        return _context(inside, steps)
    if head == RESOURCES:
        return _resource(inside)
    likely = nearest(head, ROOTS)
    return _Problem(
        Severity.WARNING,
        inside,
        f"only {listed(ROOTS)} are resolved here",
        f"Did you mean `{likely}`?" if likely else _ESCAPE,
    )


def _context(inside: str, steps: tuple[str, ...]) -> _Problem | None:
    member = ".".join(steps)
    if member in CONTEXT_MEMBERS:
        return None
    hint = did_you_mean(member, CONTEXT_MEMBERS)
    return _Problem(
        Severity.ERROR if hint else Severity.WARNING,
        inside,
        "the context has no such member",
        hint or f"It has {listed(CONTEXT_MEMBERS)}.",
    )


def _resource(inside: str) -> _Problem | None:
    found = resource_references("${" + inside + "}")
    if not found:
        return _Problem(
            Severity.WARNING,
            inside,
            "it names no resource",
            "Write `${resources.<type>.outputs.<name>}`, or `${resources['<type>.<class>#<id>'].outputs.<name>}`.",
        )
    steps = found[0].steps
    if steps and steps[0] in ACCESSORS:
        return None
    return _Problem(
        Severity.WARNING,
        inside,
        f"it uses none of {listed(ACCESSORS)} of the resource",
        did_you_mean(steps[0] if steps else "", ACCESSORS) or "Write `.outputs.<name>` after the resource.",
    )


RULES = (
    Rule(
        id="R119",
        title="Placeholders can be resolved",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=WITH_PLACEHOLDERS,
        check=_filled_in,
    ),
)
