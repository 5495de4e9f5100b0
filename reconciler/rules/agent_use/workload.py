"""The rule about workloads that ask for an Agent (compatibility rules, table B): R57."""

from collections.abc import Iterator

from reconciler.facts.definition import AGENT_TYPE, dig
from reconciler.model.declaration import Declarations, Foreign
from reconciler.model.finding import Severity
from reconciler.model.json import Json, Path
from reconciler.rules.over import TREE
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_SCORE = "score.dev/"


def _no_agent(tree: Subject[Declarations]) -> Iterator[Answer]:
    for document in tree.fact.foreign:
        for path, name in _wanted(document):
            yield tree.says(
                f"Workloads cannot depend on an agent: resource `{name}` is of type `{AGENT_TYPE}`",
                at=document.origin(path),
                advice="Remove it; the Agent is set where the cluster is defined, in `agent_url` of its definition.",
            )


def _wanted(document: Foreign) -> Iterator[tuple[Path, str]]:
    """Path of the type, and name, of each resource of type `agent`: of a Score file, or of a deployment set."""
    raw = document.raw
    version = raw.get("apiVersion")
    if isinstance(version, str) and version.startswith(_SCORE):
        yield from _of_type_agent(raw.get("resources"), ("resources",))
    elif version is None and isinstance(raw.get("modules"), dict):
        yield from _of_type_agent(raw.get("shared"), ("shared",))
        modules = raw["modules"]
        assert isinstance(modules, dict)
        for module, content in modules.items():
            yield from _of_type_agent(dig(content, "externals"), ("modules", module, "externals"))


def _of_type_agent(resources: Json, at: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(resources, dict):
        for name, resource in resources.items():
            if dig(resource, "type") == AGENT_TYPE:
                yield (*at, name, "type"), name


RULES = (
    Rule(
        id="R57",
        title="Workloads do not ask for an Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=TREE,
        check=_no_agent,
    ),
)
