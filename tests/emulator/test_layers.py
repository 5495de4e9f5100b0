"""Allowed imports inside the emulator: the state knows no API, no API knows the other or the web."""

import ast
from pathlib import Path

import pytest

import reconciler.emulator as package

ROOT = Path(package.__file__).parent
APIS = ("v1", "v2", "dataplane")
WEB = ("starlette", "uvicorn", "h11", "anyio", "httpx", "reconciler.emulator.web")
STATE = (
    *("choices", "clock", "exchange", "failure", "faults", "organization", "polls", "public_keys"),
    *("repeating", "request_log", "setting", "state_file", "store", "wire"),
)
"""Modules that operations and doors build on."""

KNOWS_NOTHING_OF = {
    **{f"{name}.py": (*APIS, *WEB) for name in STATE},
    "v1/*.py": ("v2", "dataplane", *WEB),
    "v2/*.py": ("v1", "dataplane", *WEB),
    "dataplane/*.py": ("v1", *WEB),
}


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("modules", KNOWS_NOTHING_OF)
def test_a_module_imports_nothing_above_it(modules: str) -> None:
    closed = {f"reconciler.emulator.{name}" if name in APIS else name for name in KNOWS_NOTHING_OF[modules]}
    paths = sorted(ROOT.glob(modules))

    found = {
        (path.name, name)
        for path in paths
        for name in _imported(path)
        if any(name == part or name.startswith(f"{part}.") for part in closed)
    }

    assert paths
    assert found == set()
