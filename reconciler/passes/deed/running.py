"""How a workload runs, as the hand of a cluster sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.facts.rollout import Trouble
from reconciler.model.json import JsonObject
from reconciler.model.kubernetes_object import PROBE_LABEL


@dataclass(frozen=True, slots=True)
class Running:
    """How a workload runs. `missing` is what is still to come, "" if it is ready; `note` is said with success."""

    missing: str
    troubles: Sequence[Trouble] = ()
    detail: str = ""
    note: str = ""
    is_lasting: bool = False
    """True if waiting does not help."""

    @property
    def is_done(self) -> bool:
        """True if nothing is missing."""
        return not self.missing


def selector(deployment: JsonObject) -> str:
    """The label selector of a Deployment's pods, "" for other objects. Pods of `doctor --probe` are none of them."""
    spec = deployment.get("spec")
    wanted = (
        spec.get("selector") if isinstance(spec, dict) and deployment.get("kind") == "Deployment" else None
    )
    labels = wanted.get("matchLabels") if isinstance(wanted, dict) else None
    if not isinstance(labels, dict):
        return ""
    return ",".join([*(f"{name}={value}" for name, value in sorted(labels.items())), f"!{PROBE_LABEL}"])
