"""Runners as rules see them: valid ones, and invalid ones that can still be explained.

Paths are those of the document. Everything is looked up in the raw document, so that a rule
can report on a runner that the reader refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.definition import dig, items
from reconciler.facts.scope import Scope
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin, Positions

CONFIGURATION = ("spec", "runner_configuration")
JOB = (*CONFIGURATION, "job")
STORAGE = ("spec", "state_storage_configuration")
CONTAINERS = (*JOB, "pod_template", "spec", "containers")
MAIN = "main"
"""Name of the runner's own container in jobs (v2 reference 9.7)."""
OLDER_NAMES = ("platform-orchestrator-runner", "canyon-runner")
"""Names of that container in published examples. How current runners treat them is not published."""


@dataclass(frozen=True, slots=True)
class WrittenRunner:
    """One `Runner` document, valid or not."""

    id: str
    raw: JsonObject
    positions: Positions
    is_valid: bool = True

    def at(self, *path: str) -> Json:
        """Value at a path of mapping keys, None if there is none."""
        return dig(self.raw, *path)

    def origin(self, path: Path = ()) -> Origin:
        """Place of the value under `path`, or of its nearest existing ancestor."""
        return self.positions.origin(self.raw, path)

    def key_origin(self, path: Path = ()) -> Origin:
        """Place of the key under `path`, or of its nearest existing ancestor."""
        return self.positions.key_origin(self.raw, path)

    def key(self, scope: Scope) -> ResourceKey:
        """Key of the runner in the organization of the scope."""
        return scope.key(Kind.RUNNER, self.id)

    def job(self, name: str) -> str | None:
        """A text of `runner_configuration.job`, None if it is missing, empty or not a text."""
        value = self.at(*JOB, name)
        return value if isinstance(value, str) and value else None

    @property
    def cluster(self) -> str | None:
        """Cluster that it is installed on, None if none is declared."""
        value = self.at("spec", "install", "cluster")
        return value if isinstance(value, str) else None

    def containers(self) -> Iterator[tuple[Path, JsonObject]]:
        """Containers of the pod template with their paths."""
        for index, container in enumerate(items(self.at(*CONTAINERS))):
            if isinstance(container, dict):
                yield (*CONTAINERS, index), container


def written_runners(scope: Scope) -> Iterator[WrittenRunner]:
    """Runners of the target, valid ones first, each in the order of the files."""
    for runner in scope.declarations.runners:
        yield WrittenRunner(runner.document.metadata.id, runner.raw, runner.positions)
    for rejected in scope.declarations.rejected:
        if rejected.kind == "Runner":
            name = dig(rejected.raw, "metadata", "id")
            yield WrittenRunner(
                name if isinstance(name, str) else "", rejected.raw, rejected.positions, is_valid=False
            )
