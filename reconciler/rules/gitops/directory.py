"""The rule about where Git targets write (compatibility rules, GitOps): R74."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.facts.candidate import where_used
from reconciler.facts.context import meet
from reconciler.facts.git_target import GitTarget, git_target, segments
from reconciler.facts.scope import Scope
from reconciler.facts.template import Given
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.placeholder import placeholders
from reconciler.model.resource_definition import Criterion
from reconciler.model.unseen import never_read
from reconciler.rules.over import TARGET
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


def _own_directory(target: Subject[Scope]) -> Iterator[Answer]:
    places: dict[tuple[str, str, tuple[str, ...]], list[GitTarget]] = defaultdict(list)
    for definition in target.scope.git_targets:
        written = git_target(definition)
        if Given.COMPUTED in (written.url.given, written.branch.given, written.directory.given):
            yield target.doubts(
                f"where Git target `{definition.id}` ({definition.origin()}) writes",
                never_read("that is known only at deployment"),
            )
        elif (url := written.git_url) is not None:
            places[url.name, written.branch.text, segments(written.directory.text)].append(written)
    for (_, _, parts), written_there in places.items():
        path = "/".join(parts)
        named = _Named.by(path)
        if not named.is_open and not (named.application and named.environment):
            yield from _overwriting(target, written_there, path, named)
            for written in written_there:
                yield from _several_in_one(target, written, path, named)


@dataclass(frozen=True, slots=True)
class _Named:
    """Facts of a deployment that a path contains. `is_open`: an unknown placeholder may distinguish deployments too."""

    application: bool
    environment: bool
    is_open: bool

    @classmethod
    def by(cls, path: str) -> "_Named":
        inside = placeholders(path)
        known = {"context.app.id", "context.env.id", "context.env.type", "context.org.id"}
        return cls(
            "context.app.id" in inside, "context.env.id" in inside, bool(set(inside) - known) or "{{" in path
        )


def _overwriting(
    subject: Subject[Scope], targets: Sequence[GitTarget], path: str, named: _Named
) -> Iterator[Answer]:
    """Findings for targets whose equal path texts can mean the same place.

    Only one definition matches a deployment, so two targets can write to the same place only in different deployments,
    and a path that contains application and environment separates those.
    """
    scope = subject.scope
    used = [target for target in targets if where_used(scope, target.definition)]
    for first, target in ((used[0], other) for other in used[1:]):
        one, other = first.definition, target.definition
        if _are_kept_apart(where_used(scope, one), where_used(scope, other), named):
            continue
        place, place_before = other.origin(target.directory.path), one.origin(first.directory.path)
        yield subject.says(
            f"Definitions `{one.id}` and `{other.id}` would overwrite each other at {_shown(target, path)} "
            f"({place_before}, {place})",
            at=place,
            key=scope.key(Kind.DEFINITION, other.id),
            others=(place_before,),
            advice="Give each its own `path`, containing `${context.app.id}` and `${context.env.id}`.",
        )


def _are_kept_apart(one: Sequence[Criterion], other: Sequence[Criterion], named: _Named) -> bool:
    """True where the criteria fix what the path omits: equal paths then mean one deployment, and one definition."""
    both = (*one, *other)
    apps = {criterion.app_id for criterion in both}
    environments = {criterion.env_id for criterion in both}
    is_one_app = len(apps) == 1 and None not in apps
    is_one_environment = len(environments) == 1 and None not in environments
    if named.application:
        pairs = ((a, b) for a in one for b in other)
        return is_one_environment or all(a.app_id and b.app_id and not _meet_app(a, b) for a, b in pairs)
    if named.environment:
        pairs = ((a, b) for a in one for b in other)
        return is_one_app or all(a.env_id and b.env_id and a.env_id != b.env_id for a, b in pairs)
    return is_one_app and is_one_environment


def _meet_app(one: Criterion, other: Criterion) -> bool:
    """Whether two criteria can match the same application."""
    return meet(Criterion(app_id=one.app_id), Criterion(app_id=other.app_id))


def _several_in_one(subject: Subject[Scope], target: GitTarget, path: str, named: _Named) -> Iterator[Answer]:
    scope, definition = subject.scope, target.definition
    criteria = scope.criteria(definition)
    if criteria is None:
        yield subject.doubts(
            f"how many environments share the path of Git target `{definition.id}`, whose criteria are not managed "
            "here",
            scope.unread(Kind.DEFINITION),
        )
        return
    missing = []
    if not named.application and _are_several({criterion.app_id or None for criterion in criteria}):
        missing.append("`${context.app.id}`")
    if not named.environment and _are_several({criterion.env_id or None for criterion in criteria}):
        missing.append("`${context.env.id}`")
    if missing:
        yield subject.says(
            f"Definition `{definition.id}` writes several applications or environments to {_shown(target, path)}; they "
            "would overwrite each other",
            at=definition.origin(target.directory.path),
            key=scope.key(Kind.DEFINITION, definition.id),
            others=(definition.origin(("criteria",)),),
            advice=f"Add {' and '.join(missing)} to `path`, or narrow the criteria to one.",
            severity=Severity.WARNING,
        )


def _are_several(fixed: set[str | None]) -> bool:
    """Whether there are several values; None means any."""
    return None in fixed or len(fixed) > 1


def _shown(target: GitTarget, path: str) -> str:
    branch = f", branch `{target.branch.text}`" if target.branch.text else ""
    return (
        f"`{path}`" if path else "the root"
    ) + f" of `{target.git_url.name if target.git_url else ''}`{branch}"


RULES = (
    Rule(
        id="R74",
        title="Each Git target writes to its own place",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=TARGET,
        check=_own_directory,
    ),
)
