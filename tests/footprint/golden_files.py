"""The golden files of footprints; run as a module, it writes them."""

import json
from pathlib import Path

from tests.footprint.combinations import COMBINATIONS
from tests.footprint.documents import footprints

GOLDEN = Path(__file__).parent / "golden"


def golden_files() -> dict[str, str]:
    """Text of every file by its name."""
    return {
        f"{name}.json": json.dumps([body for one in footprints(*documents) for body in one.objects], indent=2)
        + "\n"
        for name, documents in COMBINATIONS.items()
    }


if __name__ == "__main__":
    for name, text in golden_files().items():
        (GOLDEN / name).write_text(text, encoding="utf-8")
