"""Definitions of kinds that other projects bring to a cluster, from the Go modules of these projects."""

import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.control_plane.programs import CannotBuildError

MODULES = {
    "github.com/fluxcd/helm-controller@v1.4.0": "config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml",
    "github.com/fluxcd/source-controller@v1.7.0": "config/crd/bases/source.toolkit.fluxcd.io_ocirepositories.yaml",
    "github.com/argoproj/argo-cd/v2@v2.13.2": "manifests/crds/application-crd.yaml",
}
"""Files with definitions, by module and version."""
_TIMEOUT_S = 300


@cache
def definitions() -> tuple[dict[str, Any], ...]:
    """Custom resource definitions of Flux and Argo CD. Raises CannotBuildError where they cannot be downloaded."""
    go = shutil.which("go")
    if go is None:
        raise CannotBuildError("definitions of Flux and Argo CD are Go modules, and Go is not installed")
    return tuple(yaml.safe_load((_folder(go, module) / path).read_text()) for module, path in MODULES.items())


def _folder(go: str, module: str) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            [go, "mod", "download", "-json", module],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    found = json.loads(ended.stdout or "{}")
    if "Dir" not in found:
        raise CannotBuildError(f"{module} cannot be downloaded here: {found.get('Error') or ended.stderr}")
    return Path(found["Dir"])
