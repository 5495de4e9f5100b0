"""Allowed imports, and what pure packages must not use; every breach is reported as `file:line`.

The tables are the rule; `docs/architecture.md` draws them. Imports inside functions and under
`TYPE_CHECKING` count too: to know a name is to depend on it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SUBJECTS = tuple(
    sorted(path.name for path in (ROOT / "reconciler" / "rules").iterdir() if (path / "__init__.py").exists())
)

PURE = frozenset(
    (
        "model",
        "vendor",
        "facts",
        "rules",
        "matrix",
        "diff",
        "plan",
        "footprint",
        "diagnosis",
        "procedure",
        "views",
        "settings",
        "errors",
    )
)
PURE_MODULES = frozenset(
    ("controller/backoff.py", "passes/result.py", "passes/evidence.py", "passes/approved.py")
)
ADAPTERS = frozenset(("source", "orchestrator", "inventory", "cluster", "keystore"))
BELOW = frozenset(("model", "errors", "settings"))

# Each part of the product (a package or a module at the top) and the parts it may import.
ARROWS: dict[str, frozenset[str]] = {
    "vendor": frozenset(("model",)),  # the type of JSON only, see CONTRACTS
    "model": frozenset(("vendor",)),
    "errors": frozenset(("model",)),
    "settings": frozenset(("model",)),
    "facts": frozenset(("vendor", "model", "settings")),
    "rules": frozenset(("facts", "vendor", "model", "settings")),
    "matrix": frozenset(("facts", "vendor", "model", "settings")),
    "footprint": frozenset(("facts", "vendor", "model", "settings")),
    "diagnosis": frozenset(("footprint", "facts", "vendor", "model", "errors")),
    "procedure": frozenset(("model", "errors")),
    "diff": frozenset(("model",)),
    "plan": frozenset(("diff", "model", "settings")),
    "repository": BELOW,
    **dict.fromkeys(ADAPTERS, BELOW),
    **dict.fromkeys(("source", "inventory"), BELOW | {"repository"}),
    "log": frozenset(("model",)),
    "passes": ADAPTERS | BELOW | {"plan", "diff", "rules", "facts", "footprint", "diagnosis", "procedure"},
    "views": BELOW
    | {"passes", "plan", "diff", "rules", "matrix", "facts", "footprint", "diagnosis", "procedure", "vendor"},
    "controller": BELOW | {"passes", "plan", "diff", "log", "source", "inventory"},
    "emulator": frozenset(),
    "cli": ADAPTERS
    | BELOW
    | {
        "repository",
        "plan",
        "diff",
        "rules",
        "facts",
        "footprint",
        "diagnosis",
        "procedure",
        "passes",
        "views",
    }
    | {"controller", "emulator", "log"},
    "__main__": frozenset(("cli",)),
    "__init__": frozenset(),
}

# Inside a part: what the modules below the first path may not import, and why.
CONTRACTS: tuple[tuple[str, str, str], ...] = (
    ("vendor/", "reconciler.model", "models put the limits of these tables on their fields"),
    ("views/", "reconciler.passes", "a view gets a result and knows nothing of how it came about"),
    *(
        (f"rules/{subject}/", f"reconciler.rules.{other}", "subjects share facts, not each other's rules")
        for subject, other in permutations(SUBJECTS, 2)
    ),
)
CONTRACT_EXCEPTIONS = frozenset(("reconciler.passes.result", "reconciler.model.json"))

# Where each library may be imported: parts, or single modules written as paths below `reconciler/`.
LIBRARIES: dict[str, frozenset[str]] = {
    "anyio": frozenset(("controller", "emulator")),
    "click": frozenset(("cli",)),
    "cryptography": frozenset(("keystore", "emulator")),
    "git": frozenset(("repository",)),
    "h11": frozenset(("emulator",)),
    "httpcore": frozenset(("orchestrator",)),
    "httpx": frozenset(("orchestrator", "emulator/web/transport.py")),
    "jwt": frozenset(("emulator",)),
    "kubernetes": frozenset(("cluster",)),
    "pathspec": frozenset(("source",)),
    "prometheus_client": frozenset(("controller", "emulator")),
    "pydantic": frozenset(("model", "settings", "source", "orchestrator", "inventory", "cli")),
    "pydantic_core": frozenset(("source",)),
    "rich": frozenset(("cli", "views")),
    "ruamel": frozenset(("source",)),
    "starlette": frozenset(("controller", "emulator")),
    "tenacity": frozenset(("orchestrator",)),
    "uvicorn": frozenset(("controller", "emulator")),
    "urllib3": frozenset(("cluster",)),  # of the Kubernetes client: its errors and its responses
    "watchfiles": frozenset(("controller",)),
    "yaml": frozenset(("source", "cluster")),
}

# Modules of the standard library that only compute. A list of what is allowed, because a list of
# what is not would miss the next module that opens a file. `datetime` is here for its values;
# asking it for the time is a breach of its own (CLOCK).
COMPUTING = frozenset(
    """
    __future__ abc array base64 binascii bisect collections collections.abc copy dataclasses datetime
    decimal difflib enum fnmatch functools graphlib hashlib heapq hmac html ipaddress itertools json math
    operator posixpath re shlex string textwrap types typing unicodedata urllib.parse xml.etree.ElementTree
    """.split()  # noqa: SIM905  a column of quotes would hide the words
)
# Paths as text are fine, paths that can be opened are not. Files of the package itself are constants.
PARTLY_COMPUTING = {
    "pathlib": frozenset(("PurePath", "PurePosixPath")),
    "importlib.resources": frozenset(("files",)),
}
# Calls that reach outside without an import.
REACHING_BUILTINS = frozenset(("open", "print", "input", "exec", "eval", "__import__", "breakpoint"))
CLOCK = frozenset(("now", "utcnow", "today"))

PRINTING = frozenset(("cli/output.py", "cli/progress.py"))
LONGEST_MODULE = 500
LONGEST_FUNCTION = 60
VAGUE_MODULES = frozenset(("util", "utils", "helper", "helpers", "manager", "common", "base", "misc"))
VAGUE_CLASSES = ("Manager", "Helper", "Helpers", "Util", "Utils")


@dataclass(frozen=True)
class Import:
    """One imported module; `name` is what is taken from it, "" for the module itself."""

    module: str
    name: str
    line: int
    is_for_types: bool
    """Under `if TYPE_CHECKING`."""


@dataclass(frozen=True)
class Module:
    """One parsed file of the package."""

    path: str
    """Below `reconciler/`, `/` between parts."""
    tree: ast.Module
    lines: int
    imports: tuple[Import, ...]

    @property
    def name(self) -> str:
        """The dotted name."""
        parts = ["reconciler", *self.path.removesuffix(".py").split("/")]
        return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)

    @property
    def part(self) -> str:
        """The package or top-level module it belongs to."""
        return self.path.split("/")[0].removesuffix(".py")

    def breach(self, line: int, text: str) -> str:
        """A breach in the form that editors and terminals turn into a link."""
        return f"reconciler/{self.path}:{line}: {text}"


def _imports(tree: ast.Module, package: list[str], names: frozenset[str]) -> Iterator[Import]:
    """Imports; an imported name that is itself a module is returned as that module."""
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno, id(node) in for_types)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{origin}.{alias.name}"
                module, name = (whole, "") if whole in names else (origin, alias.name)
                yield Import(module, name, node.lineno, id(node) in for_types)


def read(package: Path) -> list[Module]:
    """Every module below a package folder, parsed."""
    paths = sorted(package.rglob("*.py"))
    relative = {path: path.relative_to(package).as_posix() for path in paths}
    known = frozenset(
        "reconciler." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in relative.values()
    )
    modules = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        package_name = ["reconciler", *relative[path].split("/")[:-1]]
        modules.append(
            Module(
                path=relative[path],
                tree=tree,
                lines=text.count("\n"),
                imports=tuple(_imports(tree, package_name, known)),
            )
        )
    return modules


def breaches_of_arrows(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.part not in ARROWS:
            yield module.breach(1, f"`{module.part}` has no place in ARROWS of this test; give it one")
            continue
        for found in module.imports:
            steps = found.module.split(".")
            if steps[0] != "reconciler":
                continue
            # The package itself contains only the version.
            if len(steps) > 1 and steps[1] != module.part and steps[1] not in ARROWS[module.part]:
                yield module.breach(found.line, f"`{module.part}` must not import `{steps[1]}`")


def breaches_of_contracts(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for below, forbidden, reason in CONTRACTS:
            if not module.path.startswith(below):
                continue
            for found in module.imports:
                if found.module in CONTRACT_EXCEPTIONS:
                    continue
                if found.module == forbidden or found.module.startswith(f"{forbidden}."):
                    yield module.breach(found.line, f"must not import `{found.module}`: {reason}")


def breaches_of_libraries(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for found in module.imports:
            library = found.module.split(".")[0]
            if library == "reconciler" or library in sys.stdlib_module_names:
                continue
            places = LIBRARIES.get(library)
            if places is None:
                yield module.breach(found.line, f"`{library}` has no place in LIBRARIES of this test")
            elif module.part not in places and module.path not in places:
                allowed = ", ".join(sorted(places))
                yield module.breach(found.line, f"`{library}` belongs to {allowed}, not to `{module.part}`")


def breaches_of_purity(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.part in PURE or module.path in PURE_MODULES:
            yield from _impure_imports(module)
            yield from _impure_calls(module)


def _impure_imports(module: Module) -> Iterator[str]:
    for found in module.imports:
        whole = f"{found.module}.{found.name}".rstrip(".")
        if (
            found.module.split(".")[0] in sys.stdlib_module_names
            and not {found.module, whole} & COMPUTING
            and found.name not in PARTLY_COMPUTING.get(found.module, ())
        ):
            yield module.breach(found.line, f"pure, and imports `{whole}`")


def _impure_calls(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and function.id in REACHING_BUILTINS:
            yield module.breach(node.lineno, f"pure, and calls `{function.id}`")
        elif isinstance(function, ast.Attribute) and function.attr in CLOCK:
            yield module.breach(node.lineno, f"pure, and asks the clock: `{ast.unparse(function)}`")


def breaches_of_printing(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.path in PRINTING:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield module.breach(node.lineno, f"`print` outside {', '.join(sorted(PRINTING))}")


def breaches_of_naming_and_size(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.lines > LONGEST_MODULE:
            yield module.breach(LONGEST_MODULE, f"{module.lines} lines; split it, {LONGEST_MODULE} at most")
        vague = VAGUE_MODULES & set(module.path.removesuffix(".py").replace("_", "/").split("/"))
        if vague:
            yield module.breach(1, f"`{min(vague)}` says nothing; name the idea")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    yield module.breach(
                        node.lineno, f"`{node.name}` has {lines} lines; split it, {LONGEST_FUNCTION} at most"
                    )
            if isinstance(node, ast.ClassDef) and node.name.endswith(VAGUE_CLASSES):
                yield module.breach(node.lineno, f"`{node.name}` says nothing; name the idea")


def cycles(modules: list[Module]) -> Iterator[str]:
    """One line for each strongly connected group: modules that all reach each other."""
    known = {module.name: module for module in modules}
    edges = {
        name: sorted({found.module for found in module.imports if found.module in known} - {name})
        for name, module in known.items()
    }
    reached: dict[str, frozenset[str]] = {}
    for start, direct in edges.items():
        seen: set[str] = set()
        waiting = list(direct)
        while waiting:
            step = waiting.pop()
            if step not in seen:
                seen.add(step)
                waiting.extend(edges[step])
        reached[start] = frozenset(seen)
    reported: set[str] = set()
    for name in sorted(known):
        group = {other for other in reached[name] if name in reached[other]} | {name}
        if len(group) > 1 and name not in reported:
            reported |= group
            line = next(found.line for found in known[name].imports if found.module in group)
            yield known[name].breach(line, "import cycle: " + ", ".join(sorted(group)))


CHECKS = {
    "arrows": breaches_of_arrows,
    "contracts": breaches_of_contracts,
    "libraries": breaches_of_libraries,
    "purity": breaches_of_purity,
    "printing": breaches_of_printing,
    "naming and size": breaches_of_naming_and_size,
    "cycles": cycles,
}


@pytest.fixture(scope="module")
def product() -> list[Module]:
    return read(ROOT / "reconciler")


@pytest.mark.parametrize("check", CHECKS)
def test_the_product_keeps_to_its_architecture(product: list[Module], check: str) -> None:
    """A rule that is only prose drifts."""
    found = list(CHECKS[check](product))
    assert not found, "\n" + "\n".join(found)


def test_every_file_of_the_product_is_checked(product: list[Module]) -> None:
    """The checks above would pass on an empty list, too."""
    assert {"model", "plan", "source", "emulator", "cli"} <= {module.part for module in product}


BROKEN = {
    "arrow": ("arrows", "diff/a.py", "from reconciler.plan import action\n", 1),
    "relative arrow": ("arrows", "diff/a.py", "\nfrom ..plan.action import Action\n", 2),
    "late arrow": ("arrows", "model/a.py", "def f():\n    import reconciler.rules.b\n", 2),
    "adapters meeting": ("arrows", "source/a.py", "import reconciler.keystore\n", 1),
    "emulator knowing us": ("arrows", "emulator/a.py", "from reconciler.errors import ExitCode\n", 1),
    "product knowing the emulator": ("arrows", "controller/a.py", "import reconciler.emulator\n", 1),
    "view that starts a pass": (
        "contracts",
        "views/a.py",
        "from reconciler.passes.ledger import Ledger\n",
        1,
    ),
    "subjects meeting": ("contracts", "rules/keys/a.py", "\nimport reconciler.rules.gitops.namespace\n", 2),
    "facts above themselves": ("arrows", "facts/a.py", "from reconciler.rules.rule import Rule\n", 1),
    "unplaced part": ("arrows", "extra/a.py", "", 1),
    "client elsewhere": ("libraries", "controller/a.py", "import httpx\n", 1),
    "second git": ("libraries", "inventory/a.py", "\n\nimport git.cmd\n", 3),
    "git knowing the source": ("arrows", "repository/a.py", "from reconciler.source.tree import Tree\n", 1),
    "client in the emulator": ("libraries", "emulator/a.py", "from httpx import Client\n", 1),
    "unplaced library": ("libraries", "model/a.py", "import numpy.random\n", 1),
    "environment": ("purity", "rules/a.py", "import os\n", 1),
    "file": ("purity", "plan/a.py", "x = 1\nopen('f')\n", 2),
    "path that opens": ("purity", "model/a.py", "from pathlib import PurePosixPath, Path\n", 1),
    "network behind a pure name": ("purity", "model/a.py", "import urllib.request\n", 1),
    "logging": ("purity", "diff/a.py", "from logging import getLogger\n", 1),
    "clock": ("purity", "plan/a.py", "from datetime import datetime\nx = datetime.now()\n", 2),
    "print": ("printing", "cli/commands/a.py", "print('x')\n", 1),
    "vague module": ("naming and size", "diff/string_utils.py", "", 1),
    "vague class": ("naming and size", "diff/a.py", "class KeyManager: ...\n", 1),
    "long function": ("naming and size", "diff/a.py", "\ndef f():\n" + "    x = 1\n" * 60, 2),
    "long module": ("naming and size", "diff/a.py", "x = 1\n" * 501, 500),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_breach_is_named_with_its_place(case: str, tmp_path: Path) -> None:
    """Every kind of breach fails once, so that success means something."""
    check, path, text, line = BROKEN[case]
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    found = list(CHECKS[check](read(tmp_path)))
    assert len(found) == 1, found
    assert found[0].startswith(f"reconciler/{path}:{line}: ")


def test_naming_each_others_types_is_a_cycle_too(tmp_path: Path) -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import reconciler.b\n"
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    (tmp_path / "b.py").write_text("import reconciler.a\n", encoding="utf-8")
    assert list(cycles(read(tmp_path))) == ["reconciler/a.py:3: import cycle: reconciler.a, reconciler.b"]


def test_a_cycle_is_named_once(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")):
        (tmp_path / f"{name}.py").write_text(f"\nimport reconciler.{other}\n", encoding="utf-8")
    assert list(cycles(read(tmp_path))) == [
        "reconciler/a.py:2: import cycle: reconciler.a, reconciler.b, reconciler.c"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "from pathlib import PurePosixPath\n",
        "from urllib.parse import urlsplit\n",
        "from urllib import parse\n",
        "from collections.abc import Mapping\n",
        "from datetime import datetime, timedelta\ndef f(now): return now + timedelta(1)\n",
    ],
)
def test_modules_that_only_compute_are_pure(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.py").write_text(text, encoding="utf-8")
    assert not list(breaches_of_purity(read(tmp_path)))
