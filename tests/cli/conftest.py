"""Folders for commands to run in, and the orchestrators they use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running
from tests.cli.running import add


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    add(tmp_path, "orders-db")
    return tmp_path


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(organizations=["acme"]) as made:
        yield made


@pytest.fixture
def connected(tree: Path, emulator: Emulator) -> Iterator[Path]:
    """A tree whose settings name an emulator on a real port."""
    with running(emulator) as url:
        (tree / "reconciler.yaml").write_text(
            "version: 1\ntargets:\n  acme:\n    organization: acme\n"
            f"    orchestrator: {{url: '{url}', token: {{env: TEST_TOKEN}}}}\n"
        )
        yield tree
