"""Installations as rules see them: each with the document that declares it."""

from dataclasses import dataclass

from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared
from reconciler.model.installation import AgentInstall, RunnerInstall
from reconciler.model.json import Path
from reconciler.model.operator import OperatorDocument, OperatorSpec
from reconciler.model.origin import Origin
from reconciler.model.runner import RunnerDocument


@dataclass(frozen=True, slots=True)
class InstalledAgent:
    """One installation of a declared Agent; `path` leads to it in the document."""

    agent: Declared[AgentDocument]
    install: AgentInstall
    path: Path

    @property
    def id(self) -> str:
        """Id of the Agent."""
        return self.agent.document.metadata.id

    def origin(self, path: Path = ()) -> Origin:
        """Place of the value under the installation, or of its nearest existing ancestor."""
        return self.agent.origin((*self.path, *path))


@dataclass(frozen=True, slots=True)
class InstalledRunner:
    """The installation of a declared runner."""

    runner: Declared[RunnerDocument]
    install: RunnerInstall

    @property
    def id(self) -> str:
        """Id of the runner."""
        return self.runner.document.metadata.id

    def origin(self, path: Path = ()) -> Origin:
        """Place of the value under the installation, or of its nearest existing ancestor."""
        return self.runner.origin(("spec", "install", *path))


@dataclass(frozen=True, slots=True)
class InstalledOperator:
    """A declared Operator: its document is its installation."""

    operator: Declared[OperatorDocument]

    @property
    def install(self) -> OperatorSpec:
        """What is installed."""
        return self.operator.document.spec

    @property
    def id(self) -> str:
        """Id of the Operator."""
        return self.operator.document.metadata.id

    def origin(self, path: Path = ()) -> Origin:
        """Place of the value under the installation, or of its nearest existing ancestor."""
        return self.operator.origin(("spec", *path))


def installs_of(agent: Declared[AgentDocument]) -> tuple[InstalledAgent, ...]:
    """Every installation that an Agent document declares, in document order."""
    spec = agent.document.spec
    first = () if spec.install is None else (InstalledAgent(agent, spec.install, ("spec", "install")),)
    more = (
        InstalledAgent(agent, install, ("spec", "moreInstalls", index))
        for index, install in enumerate(spec.moreInstalls or ())
    )
    return (*first, *more)
