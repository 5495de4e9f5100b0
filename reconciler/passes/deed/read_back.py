"""What reads back after an apply: fields that were not kept, and the versions of an upgrade."""

from dataclasses import replace

from reconciler.diff.cluster import projection
from reconciler.diff.fields import document_changes
from reconciler.facts.definition import dig
from reconciler.model.json import JsonObject, dotted
from reconciler.model.kubernetes_object import FIELD_MANAGER
from reconciler.model.mark import applied_digest
from reconciler.plan.action import Outcome, Status

_SHOWN_FIELDS = 3


def upgrade_of(before: JsonObject, after: JsonObject) -> str:
    """Old and new image of the first container that has another one, "" if none has."""
    old, new = (_images(body) for body in (before, after))
    return next((f"{old[name]} → {new[name]}" for name in new if name in old and old[name] != new[name]), "")


def _images(workload: JsonObject) -> dict[str, str]:
    """Images of containers by their names: a webhook may put some of its own before ours."""
    containers = dig(workload, "spec", "template", "spec", "containers")
    found = [one for one in containers if isinstance(one, dict)] if isinstance(containers, list) else []
    return {str(one.get("name")): str(one.get("image")) for one in found}


def compared(outcome: Outcome, body: JsonObject, before: JsonObject | None, applied: JsonObject) -> Outcome:
    """The outcome of an apply, after a look at what reads back. `before` is the object as it was.

    What is not kept is reported, and is a failure when the same is applied again.
    """
    altered = _reads_back(body, applied)
    if not altered:
        return outcome
    message = "; ".join(filter(None, (outcome.message, altered)))
    is_again = before is not None and applied_digest(before) == applied_digest(body)
    if is_again and outcome.status is Status.DONE:
        message = f"{message}: accepted and not kept, for at least the second time"
        return replace(outcome, status=Status.FAILED, message=message, is_written=True)
    return replace(outcome, message=message)


def _reads_back(body: JsonObject, applied: JsonObject) -> str:
    """What reads back otherwise than it was sent, "" if nothing does: a webhook of the cluster may change it."""
    wanted, present = projection(body, applied, FIELD_MANAGER)
    fields = list(document_changes(present, wanted))
    names = ", ".join(dotted(change.path) for change in fields[:_SHOWN_FIELDS])
    return f"reads back differently: {names}" if fields else ""
