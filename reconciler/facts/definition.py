"""Resource definitions as rules see them: those written as files, and those made from Agent documents.

Rules see one shape, whatever the document. Paths are those below `entity`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from reconciler.facts.template import Templates, TemplateText
from reconciler.model import desired
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared, read_nothing
from reconciler.model.handed import is_tagged
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.origin import Origin
from reconciler.model.resource_definition import DefinitionDocument, Entity

AGENT_TYPE = desired.AGENT_TYPE
AGENT_DRIVER = desired.AGENT_DRIVER
CLUSTER_TYPE = "k8s-cluster"
NAMESPACE_TYPE = "k8s-namespace"
LOGGING_TYPE = "logging"
BASE_ENVIRONMENT_TYPE = "base-env"
CONFIGURATION_TYPE = "config"
"""Type whose outputs contain the configuration of runners (agent and operator 5)."""
ORCHESTRATOR_TYPES = frozenset((CLUSTER_TYPE, NAMESPACE_TYPE, AGENT_TYPE, LOGGING_TYPE))
"""Resource types that the orchestrator provisions in every mode (agent and operator 5)."""
RUNTIME_ID = "k8s-cluster-runtime"
"""Resource id of the ordinary cluster that accompanies a Git target."""
_MADE = ("spec", "definition")


@dataclass(frozen=True, slots=True)
class DeclaredDefinition:
    """One definition with the document that declares it."""

    id: str
    entity: Entity
    source: Declared[DefinitionDocument] | Declared[AgentDocument]
    templates: Templates = field(default=Templates(read_nothing), repr=False, compare=False)

    @property
    def is_made_by_agent(self) -> bool:
        """True if an Agent document declares it."""
        return isinstance(self.source.document, AgentDocument)

    def origin(self, path: Path = ()) -> Origin:
        """Place of the value under `entity`, or of its nearest existing ancestor."""
        return self.source.origin(self._path(path))

    def key_origin(self, path: Path = ()) -> Origin:
        """Place of the key that leads to the value under `entity`."""
        return self.source.key_origin(self._path(path))

    @property
    def id_origin(self) -> Origin:
        """Place of the id."""
        return self.source.origin((*_MADE, "id") if self.is_made_by_agent else ("metadata", "id"))

    def _path(self, path: Path) -> Path:
        if not self.is_made_by_agent:
            return ("entity", *path)
        if path[:1] == ("criteria",):
            return (*_MADE, *path)
        if path == ("driver_inputs", "values", "id"):
            return ("metadata", "id")
        return _MADE

    def inputs(self) -> Iterator[tuple[Path, Json]]:
        """Every value below `driver_inputs`, containers before their members; tagged values are not descended into."""
        inputs = self.entity.driver_inputs
        if inputs is None:
            return
        for member, value in (
            ("values", inputs.values),
            ("secrets", inputs.secrets),
            ("secret_refs", inputs.secret_refs),
        ):
            if value is not None:
                yield from _walk(value, ("driver_inputs", member))

    @property
    def template_members(self) -> JsonObject:
        """Members of `templates`, the input of the Template driver; empty if there are none."""
        return members_of(self.input("values", "templates"))

    def read(self, text: str) -> TemplateText:
        """Content of a text among the inputs."""
        return self.templates.read(text)

    def input(self, *path: str) -> Json:
        """The value under `driver_inputs`, None if there is none.

        The first step is `values`, `secrets` or `secret_refs`.
        """
        inputs = self.entity.driver_inputs
        if inputs is None:
            return None
        member, *below = path
        match member:
            case "values":
                return dig(inputs.values, *below)
            case "secrets":
                return dig(inputs.secrets, *below)
            case "secret_refs":
                return dig(inputs.secret_refs, *below)
        return None


def made_by(agent: Declared[AgentDocument]) -> DeclaredDefinition | None:
    """The definition that an Agent document declares (v1 reference 4.11), None if it declares none."""
    wanted, entity = agent.document.spec.definition, desired.agent_entity(agent.document)
    return None if wanted is None or entity is None else DeclaredDefinition(wanted.id, entity, agent)


def dig(value: Json, *path: str) -> Json:
    """Value at a path of mapping keys; None if one is missing.

    >>> dig({"spec": {"prune": True}}, "spec", "prune")
    True
    """
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def members_of(value: Json) -> JsonObject:
    """Members of a mapping; empty for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """Items of a list; empty for anything else."""
    return value if isinstance(value, list) else []


def _walk(root: Json, at: Path) -> Iterator[tuple[Path, Json]]:
    """Values in preorder. The stack is explicit, because the user decides how deep a document nests."""
    stack: list[tuple[Path, Json]] = [(at, root)]
    while stack:
        path, value = stack.pop()
        yield path, value
        if is_tagged(value):
            continue
        if isinstance(value, dict):
            stack.extend((((*path, name), child) for name, child in reversed(value.items())))
        elif isinstance(value, list):
            stack.extend(((*path, index), value[index]) for index in range(len(value) - 1, -1, -1))
