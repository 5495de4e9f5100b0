"""Resources that workloads request in Score files and in deployment sets of the orchestrator."""

from collections.abc import Iterator

from reconciler.facts.definition import AGENT_TYPE, dig
from reconciler.model.declaration import Foreign
from reconciler.model.json import Json, Path

_SCORE = "score.dev/"


def agents_asked_for(document: Foreign) -> Iterator[tuple[Path, str]]:
    """Path of the type, and name, of each resource of type `agent` in a Score file or a deployment set."""
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
