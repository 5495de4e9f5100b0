"""What a definition asks for: references in its inputs, and resources provisioned along with it.

Definitions that are only live are included; rules see both in one shape. Selectors with `<` or
`>` ask for nothing: they list what exists (v1 reference 10.2).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.facts.definition import DeclaredDefinition
from reconciler.model.json import Json, JsonObject, Path, steps
from reconciler.model.placeholder import ResourceReference, parse_selector, resource_references
from reconciler.model.resource_definition import Criterion
from reconciler.model.secret import Expression, Reference
from reconciler.model.state import Resource

_Link = tuple["_Link | None", str | int]
"""A path as a linked list from its end: containers share the path that leads to them, and few paths are spelled out."""
AGENT_URL = "agent_url"
_CONTAINERS = (dict, list)
_VALUES: Path = ("driver_inputs", "values")
_SECRETS: Path = ("driver_inputs", "secrets")
_SECRET_REFS: Path = ("driver_inputs", "secret_refs")
GENERATED = "driver_secrets"
"""Part of the references that the orchestrator creates for plain secrets (v1 reference 4.6)."""


class Ask(NamedTuple):
    """One thing that a definition asks for. `path` is below `entity`.

    `class_name` and `res_id` are None if those of the asking resource apply. `reference` is None
    for a resource provisioned along with the definition.
    """

    path: Path
    type: str
    class_name: str | None
    res_id: str | None
    reference: ResourceReference | None = None

    @property
    def name(self) -> str:
        """Selector for people, such as `agent.default#agent`.

        >>> Ask((), "agent", None, "eu").name
        'agent#eu'
        """
        class_name = f".{self.class_name}" if self.class_name else ""
        return self.type + class_name + (f"#{self.res_id}" if self.res_id else "")


class Member:
    """A definition in the graph: `declared`, or `live` if only the orchestrator has it.

    `criteria` is None if they are not known: not managed here, and the live side was not read. Members
    are compared by identity.
    """

    __slots__ = ("_found", "criteria", "declared", "driver", "id", "live", "type")

    def __init__(
        self,
        identifier: str,
        resource_type: str,
        driver: str,
        criteria: tuple[Criterion, ...] | None,
        *,
        declared: DeclaredDefinition | None = None,
        live: Resource | None = None,
    ) -> None:
        self.id = identifier
        self.type = resource_type
        self.driver = driver
        self.criteria = criteria
        self.declared = declared
        self.live = live
        self._found: _Found | None = None

    def __repr__(self) -> str:
        return f"Member({self.id!r})"

    @property
    def is_built_in(self) -> bool:
        """True for a definition that every organization has."""
        return self.live is not None and self.live.is_built_in

    @property
    def asks(self) -> Sequence[Ask]:
        """What it asks for, in the order of its inputs."""
        return (self._found or self._find()).asks

    @property
    def texts(self) -> Sequence[tuple[Path, str]]:
        """Texts with a placeholder of a declared definition, with their paths below `entity`."""
        return (self._found or self._find()).texts

    @property
    def agent_urls(self) -> Sequence[Path]:
        """Paths below `entity` of inputs named `agent_url`, whatever their value."""
        return (self._found or self._find()).agent_urls

    def _find(self) -> "_Found":
        found = self._found = _Found([], [], [], [])
        if self.declared is not None:
            found.in_declared(self.declared)
        elif self.live is not None:
            found.in_live(self.live)
        return found

    @property
    def stored_secret(self) -> Path | None:
        """Path below `entity` of its first reference into a secret store, None if it has none.

        References that the orchestrator created for plain secrets do not count.
        """
        if self.declared is not None:
            references = (self._found or self._find()).references
            return next(_stored(references[0]), None) if references else None
        for place, leaf in {} if self.live is None else self.live.secrets.items():
            if isinstance(leaf, Reference) and GENERATED not in leaf.ref:
                return ("driver_inputs", "secret_refs", *steps(place))
        return None


def member_of(declared: DeclaredDefinition, criteria: tuple[Criterion, ...] | None) -> Member:
    """A declared definition with the criteria in force."""
    entity = declared.entity
    return Member(declared.id, entity.type, entity.driver_type, criteria, declared=declared)


def live_member(live: Resource, criteria: tuple[Criterion, ...]) -> Member:
    """A definition that is only live."""
    document = live.document
    return Member(
        live.key.id, str(document.get("type", "")), str(document.get("driver_type", "")), criteria, live=live
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Results of one walk through a definition."""

    asks: list[Ask]
    agent_urls: list[Path]
    texts: list[tuple[Path, str]]
    references: list[JsonObject]
    """`secret_refs` of a declared definition, if it has any."""

    def in_declared(self, declared: DeclaredDefinition) -> None:
        entity = declared.entity
        if entity.driver_account:
            self._in_text(entity.driver_account, ("driver_account",))
        inputs = entity.driver_inputs
        if inputs is not None:
            if inputs.values:
                self._in(inputs.values, _VALUES)
            if inputs.secrets:
                self._in(inputs.secrets, _SECRETS)
            if inputs.secret_refs:
                self._in(inputs.secret_refs, _SECRET_REFS)
                self.references.append(inputs.secret_refs)
        if entity.provision:
            self._in_provision(entity.provision)

    def in_live(self, live: Resource) -> None:
        account, provision = live.document.get("driver_account"), live.document.get("provision")
        if isinstance(account, str):
            self._in_text(account, ("driver_account",))
        self._in(live.document.get("values"), ("driver_inputs", "values"))
        for place, leaf in live.secrets.items():
            if isinstance(leaf, Expression):
                self._in_text(leaf.text, ("driver_inputs", "secret_refs", *steps(place)))
        if isinstance(provision, dict):
            self._in_provision(provision)

    def _in_provision(self, provision: Mapping[str, Json]) -> None:
        for key, options in provision.items():
            selector = parse_selector(key)
            if selector is not None:
                ask = Ask(("provision", key), selector.type, selector.class_name, selector.res_id)
                self.asks.append(ask)
            self._in(options, ("provision", key))

    def _in_text(self, text: str, path: Path) -> None:
        if "${" in text:
            self.texts.append((path, text))
            for reference in resource_references(text) if "resources" in text else ():
                if not reference.is_traversal:
                    ask = Ask(path, reference.type, reference.class_name, reference.res_id, reference)
                    self.asks.append(ask)

    def _in(self, root: Json, at: Path) -> None:
        """Walk with an explicit stack, because the user decides how deep a document nests.

        The texts of a mapping or list come before its nested values.
        """
        stack: list[tuple[Json, _Link | None]] = [(root, None)]
        while stack:
            value, link = stack.pop()
            if isinstance(value, dict):
                if AGENT_URL in value:
                    self.agent_urls.append((*at, *_spelled(link), AGENT_URL))
                children: Iterable[tuple[str | int, Json]] = value.items()
            elif isinstance(value, list):
                children = enumerate(value)
            else:
                continue
            deeper: list[tuple[Json, _Link | None]] = []
            for step, child in children:
                if isinstance(child, str):
                    if "${" in child:
                        self._in_text(child, (*at, *_spelled(link), step))
                elif isinstance(child, _CONTAINERS):
                    deeper.append((child, (link, step)))
            if deeper:
                stack.extend(reversed(deeper))


def _spelled(link: _Link | None) -> Path:
    path: list[str | int] = []
    while link is not None:
        link, step = link
        path.append(step)
    return tuple(reversed(path))


def _stored(root: Json) -> Iterator[Path]:
    """Paths of leaves of `secret_refs` that name a store and an entry in it."""
    stack: list[tuple[Json, Path]] = [(root, ("driver_inputs", "secret_refs"))]
    while stack:
        value, path = stack.pop()
        if isinstance(value, dict):
            if isinstance(value.get("ref"), str) and isinstance(value.get("store"), str) and value["ref"]:
                yield path
            else:
                stack.extend((child, (*path, name)) for name, child in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((value[index], (*path, index)) for index in range(len(value) - 1, -1, -1))
