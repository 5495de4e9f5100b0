"""Saved plans as files."""

import json
from pathlib import Path

from reconciler.cli.regular_file import NotRegularError, content_of_file
from reconciler.errors import UsageError
from reconciler.inventory.private_file import replace_private
from reconciler.plan.saved import SavedPlan

MAX_BYTES = 64 * 1024 * 1024
"""A plan of 10,000 actions is about 1 MB; a larger file is cut, and rejected as invalid JSON."""


def write_plan(path: Path, saved: SavedPlan) -> None:
    """Write the file atomically, readable only by its owner. Raises UsageError."""
    content = json.dumps(saved.to_json(), indent=2) + "\n"
    try:
        replace_private(path, content.encode())
    except OSError as error:
        raise UsageError(
            f"cannot write the plan to {path}: {error.strerror}",
            advice="name a file in a folder that can be written",
        ) from error


def read_plan(path: Path) -> SavedPlan:
    """The saved plan in a file. Raises UsageError where it cannot be read or is not a saved plan."""
    advice = "create one with `reconciler plan --out FILE`"
    try:
        return SavedPlan.from_json(json.loads(content_of_file(path, MAX_BYTES)))
    except NotRegularError as error:
        raise UsageError(f"the plan {path} is not a regular file", advice=advice) from error
    except OSError as error:
        raise UsageError(f"cannot read the plan {path}: {error.strerror}", advice=advice) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a saved plan: {error}", advice=advice) from error
