"""The approvals file: from text to its document and findings. Called by the loader.

Whether the named guards and targets exist is checked in `reconciler.passes.approved`.
"""

import posixpath

from pydantic import ValidationError

from reconciler.model.approvals import FILE_NAME, ApprovalsDocument
from reconciler.model.declaration import Declared, Rejected
from reconciler.model.finding import Finding
from reconciler.model.json import Json
from reconciler.model.origin import Origin, Positions
from reconciler.model.reading_rule import concern, problem
from reconciler.settings import Limits
from reconciler.source.quoted import quoted
from reconciler.source.violation import findings_of
from reconciler.source.yaml_text import parse_yaml

Approvals = Declared[ApprovalsDocument] | Rejected
KIND = "Approvals"
_STEM = FILE_NAME.partition(".")[0]
_FIELDS = frozenset(("version", "approvals"))


def is_approvals(path: str) -> bool:
    """True for the one file that approvals are read from."""
    return path == FILE_NAME


def read_approvals(text: bytes, limits: Limits) -> tuple[Approvals | None, tuple[Finding, ...]]:
    """The approvals, None if the file is empty or not a mapping, and all problems of the file."""
    parsed = parse_yaml(text, FILE_NAME, limits)
    found = [finding for document in parsed.documents for finding in document.findings]
    if parsed.failure is not None:
        return None, (*found, parsed.failure)
    if not parsed.documents:
        return None, ()
    if len(parsed.documents) > 1:
        second = parsed.documents[1]
        place = second.positions.origin(second.value)
        count = len(parsed.documents)
        found.append(
            problem("F06", f"{quoted(FILE_NAME)} contains {count} documents", place, advice="keep one")
        )
    raw, positions = parsed.documents[0].value, parsed.documents[0].positions
    if not isinstance(raw, dict):
        place = positions.origin(raw)
        found.append(problem("F06", f"{quoted(FILE_NAME)} is not a mapping", place, advice=_advice()))
        return None, tuple(found)
    if "approvals" not in raw and ("apiVersion" in raw or "kind" in raw):
        found.append(
            problem(
                "F06",
                f"{quoted(FILE_NAME)} contains a document of another kind; only approvals are read from this file",
                positions.origin(raw),
                advice="rename the file",
            )
        )
        return Rejected(KIND, raw, positions), tuple(found)
    try:
        document = ApprovalsDocument.model_validate(raw)
    except ValidationError as error:
        found.extend(findings_of(error, ApprovalsDocument, raw, positions))
        return Rejected(KIND, raw, positions), tuple(found)
    return Declared(document, raw, positions), tuple(found)


def misplaced(path: str, raw: Json, positions: Positions) -> Finding | None:
    """A warning if a document seems to contain approvals but is in a file that is not read for approvals."""
    stem = posixpath.basename(path).partition(".")[0]
    if stem != _STEM or not isinstance(raw, dict) or not isinstance(raw.get("approvals"), list):
        return None
    if not raw.keys() <= _FIELDS:
        return None
    place: Origin = positions.origin(raw)
    message = f"approvals are read only from {quoted(FILE_NAME)} at the root, so these have no effect"
    return concern("A01", message, place, advice=f"move them to {quoted(FILE_NAME)} at the root")


def _advice() -> str:
    return "write `version: 1`, and a list under `approvals:`"
