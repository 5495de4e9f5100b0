"""Saved plans as files."""

import json
import os
import tempfile
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.plan.saved import SavedPlan

MAX_BYTES = 64 * 1024 * 1024
"""A plan of 10,000 actions is about 1 MB; what is longer is cut and then is no JSON."""


def write_plan(path: Path, saved: SavedPlan) -> None:
    """Replace the file, whole or not at all, readable by its owner only. Raises UsageError."""
    content = json.dumps(saved.to_json(), indent=2) + "\n"
    try:
        # mkstemp makes the file with mode 0600: names of objects are not for every user of a machine.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        Path(name).replace(path)
    except OSError as error:
        raise UsageError(f"cannot write the plan to {path}: {error.strerror}") from error


def read_plan(path: Path) -> SavedPlan:
    """Raise UsageError where the file is no saved plan."""
    advice = "make one with `reconciler plan --out FILE`"
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES)
        return SavedPlan.from_json(json.loads(content))
    except OSError as error:
        raise UsageError(f"cannot read the plan {path}: {error.strerror}", advice=advice) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no saved plan: {error}", advice=advice) from error
