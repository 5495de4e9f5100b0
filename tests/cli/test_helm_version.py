"""The version of the installed Helm, which is asked only if a declared delivery is `helm`."""

from pathlib import Path

import pytest

from reconciler.cli.edges.helm import helm_version


@pytest.mark.parametrize(
    ("script", "says"), [("echo v3.17.0+g301108e", "v3.17.0+g301108e\n"), ("exit 1", "")]
)
def test_the_installed_helm_is_asked(tmp_path: Path, script: str, says: str) -> None:
    program = tmp_path / "helm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert helm_version({"PATH": str(tmp_path)}) == says


def test_without_helm_there_is_no_version(tmp_path: Path) -> None:
    assert helm_version({"PATH": str(tmp_path)}) is None
