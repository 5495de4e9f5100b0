"""Names in declared documents that only the orchestrator can confirm: types, drivers, environment types and others.

Accounts and secret stores have their own rules, because more than their names is checked.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from reconciler.facts.context import NO_ID
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared
from reconciler.model.json import Path
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.placeholder import has_placeholder
from reconciler.model.runner import RunnerDocument
from reconciler.model.surroundings import Beside


class Mention(NamedTuple):
    """One name at one place: below `entity` of a definition, or in a Runner document."""

    name: str
    source: DeclaredDefinition | Declared[RunnerDocument]
    path: Path

    @property
    def origin(self) -> Origin:
        """Place of the name."""
        return self.source.origin(self.path)

    @property
    def holder(self) -> tuple[Kind, str]:
        """Kind and id of the object that contains it."""
        if isinstance(self.source, DeclaredDefinition):
            return Kind.DEFINITION, self.source.id
        return Kind.RUNNER, self.source.document.metadata.id


def types(scope: Scope) -> Iterator[Mention]:
    """Resource types of declared definitions."""
    for definition in scope.definitions:
        yield Mention(definition.entity.type, definition, ("type",))


def asked_types(scope: Scope) -> Iterator[Mention]:
    """Resource types that declared definitions refer to or provision."""
    for member in scope.references.members:
        for ask in () if member.declared is None else member.asks:
            if member.declared is not None and not _is_computed(ask.type):
                yield Mention(ask.type, member.declared, ask.path)


def drivers(scope: Scope) -> Iterator[Mention]:
    """Drivers of declared definitions."""
    for definition in scope.definitions:
        yield Mention(definition.entity.driver_type, definition, ("driver_type",))


def environment_types(scope: Scope) -> Iterator[Mention]:
    """Environment types in criteria."""
    return _in_criteria(scope, "env_type")


def applications(scope: Scope) -> Iterator[Mention]:
    """Applications in criteria."""
    return _in_criteria(scope, "app_id")


def projects(scope: Scope) -> Iterator[Mention]:
    """Projects in runner rules."""
    return _in_rules(scope, "project_id")


def runner_environment_types(scope: Scope) -> Iterator[Mention]:
    """Environment types in runner rules."""
    return _in_rules(scope, "env_type_id")


_ALWAYS: Mapping[Beside, tuple[Callable[[Scope], Iterator[Mention]], ...]] = {
    Beside.ENVIRONMENT_TYPES: (environment_types,),
    Beside.APPLICATIONS: (applications,),
}
"""Nothing live proves that these exist: the server accepts any name."""
_UNLESS_SHOWN: Mapping[Beside, tuple[Callable[[Scope], Iterator[Mention]], ...]] = {
    Beside.RESOURCE_TYPES: (types, asked_types),
    Beside.DRIVERS: (drivers,),
    Beside.PROJECTS: (projects,),
    Beside.RUNNER_ENVIRONMENT_TYPES: (runner_environment_types,),
}


def always_asked(scope: Scope) -> frozenset[Beside]:
    """Collections to list whenever a document names a member of them."""
    return frozenset(
        what for what, makers in _ALWAYS.items() if any(True for mentions in makers for _ in mentions(scope))
    )


def names_to_show(scope: Scope) -> Mapping[Beside, frozenset[str]]:
    """Names to list unless something live proves that they exist; no empty sets."""
    found = {
        what: frozenset(mention.name for mentions in makers for mention in mentions(scope))
        for what, makers in _UNLESS_SHOWN.items()
    }
    return {what: names for what, names in found.items() if names}


def _in_criteria(scope: Scope, field: str) -> Iterator[Mention]:
    for definition in scope.definitions:
        for index, criterion in enumerate(definition.entity.criteria or ()):
            name = getattr(criterion, field)
            # A wildcard or a placeholder here is reported by R112.
            if name and not NO_ID.search(name):
                yield Mention(name, definition, ("criteria", index, field))


def _in_rules(scope: Scope, field: str) -> Iterator[Mention]:
    for runner in scope.declarations.runners:
        for index, rule in enumerate(runner.document.spec.rules or ()):
            name = getattr(rule, field)
            if name:
                yield Mention(name, runner, ("spec", "rules", index, field))


def _is_computed(name: str) -> bool:
    return has_placeholder(name) or "{{" in name
