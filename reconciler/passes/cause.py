"""Why an organization could not be read: requests that failed for the same reason share one cause.

The setting to correct is named by its path; `reconciler.cli` knows its line.
"""

from collections.abc import Mapping

from reconciler.errors import ConnectionPart, OrchestratorError
from reconciler.model.identity import TargetName
from reconciler.model.kind import FACTS, Generation, Kind
from reconciler.passes.result import Cause

_CONNECTIONS = {Generation.V1: "orchestrator", Generation.V2: "runners"}


def causes(target: TargetName, failures: Mapping[Kind, OrchestratorError]) -> tuple[Cause, ...]:
    """Causes of the failures, in the order of kinds; equal ones of one API appear once."""
    found: dict[tuple[str, Generation], Cause] = {}
    for kind, error in sorted(failures.items()):
        generation = FACTS[kind].generation
        text = error.cause or str(error)
        found.setdefault(
            (text, generation), Cause(text, error.advice, _setting(target, generation, error.part))
        )
    return tuple(found.values())


def _setting(target: TargetName, generation: Generation, part: ConnectionPart) -> tuple[str, ...]:
    """Path of the setting that an error is about."""
    match part:
        case ConnectionPart.NONE:
            return ()
        case ConnectionPart.ORGANIZATION:
            return ("targets", target, "organization")
        case _:
            return ("targets", target, _CONNECTIONS[generation], str(part))
