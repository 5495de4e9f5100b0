"""Programs of a Kubernetes control plane, and clients of it, built from Go modules into a cache.

A program is a row of `PLANE` or `CLIENTS`, and its module a folder next to this file. `python -m
tests.control_plane.programs` builds what is missing of the plane, and the clients that it is given: minutes with an
empty Go cache, seconds after that, nothing once it is there.
`KUBEBUILDER_ASSETS` names a folder with programs to use instead (the convention of envtest, which has only some).
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TIMEOUT_S = 1_800
_OUTSIDE = re.compile(
    r"requires go >=|dial tcp|no such host|i/o timeout|connection refused|connection reset|TLS handshake|proxyconnect|"
    r"module lookup disabled"
)


class CannotBuildError(Exception):
    """A program is not at hand and cannot be built here, for a reason outside this repository."""


@dataclass(frozen=True)
class Program:
    """One program. `folder` has the Go module that builds `package`; the version is that of `module` there."""

    name: str
    folder: str
    package: str
    module: str
    flags: str = ""
    """Flags for the linker; `{version}` is replaced."""

    @property
    def version(self) -> str:
        """Version with its `v`, as in the module file."""
        text = (HERE / self.folder / "go.mod").read_text(encoding="utf-8")
        found = re.search(rf"(?m)^(?:require|\t)\s*{re.escape(self.module)} (v\S+)$", text)
        assert found is not None, self.module
        return found[1]

    @property
    def path(self) -> Path:
        """Where it is, or will be once it is built."""
        folder = os.environ.get("KUBEBUILDER_ASSETS")
        given = Path(folder) / self.name if folder else None
        return given if given and given.is_file() else self._cached

    @property
    def _cached(self) -> Path:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "reconciler-control-plane" / f"{self.folder}-{self.version}" / self.name

    def build(self) -> None:
        """Build it into the cache."""
        go = shutil.which("go")
        if go is None:
            raise CannotBuildError(f"{self.name} is built with Go, which is not installed")
        with tempfile.TemporaryDirectory(dir=self.path.parent) as folder:
            made = Path(folder) / self.name
            ended = subprocess.run(
                [
                    *(go, "build", "-mod=readonly", "-buildvcs=false", "-trimpath"),
                    *("-ldflags", f"-s -w {self.flags.format(version=self.version)}".strip()),
                    *("-o", str(made), self.package),
                ],
                cwd=HERE / self.folder,
                env={**os.environ, "CGO_ENABLED": "0"},
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
            if ended.returncode:
                last = ended.stderr[-2_000:]
                if _OUTSIDE.search(last):
                    raise CannotBuildError(
                        f"{self.name} needs Go modules, or a Go, that cannot be had here: {last}"
                    )
                raise RuntimeError(f"go build {self.package}: {last}")
            made.replace(self.path)


def _kubernetes(name: str) -> Program:
    # Without the flag the program reports no version.
    flag = "-X k8s.io/component-base/version.gitVersion={version}"
    return Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", "k8s.io/kubernetes", flag)


PLANE = (
    Program("etcd", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    Program(
        "kwok",
        "kwok",
        "sigs.k8s.io/kwok/cmd/kwok",
        "sigs.k8s.io/kwok",
        "-X sigs.k8s.io/kwok/pkg/consts.Version={version}",
    ),
)
"""What a control plane consists of."""
CLIENTS = (
    _kubernetes("kubectl"),
    Program(
        "helm",
        "helm",
        "helm.sh/helm/v3/cmd/helm",
        "helm.sh/helm/v3",
        # Without the last two, `helm template` renders for a Kubernetes of years ago.
        "-X helm.sh/helm/v3/internal/version.version={version} "
        "-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34",
    ),
)
"""Built only for what names them: some benchmarks, and people who look at a cluster."""
PROGRAMS = {program.name: program for program in (*PLANE, *CLIENTS)}


def built(name: str) -> Path:
    """Path of a program, built if necessary, by one process at a time. Raises CannotBuildError."""
    program = PROGRAMS[name]
    if program.path.is_file():
        return program.path
    program.path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(program.path.parent / "lock"):
        if not program.path.is_file():
            program.build()
    return program.path


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def main(*clients: str) -> int:
    """Build what a control plane consists of, and these clients. Fails for what cannot be built here."""
    for name in (*(program.name for program in PLANE), *clients):
        try:
            sys.stdout.write(f"{built(name)}\n")
        except CannotBuildError as error:
            sys.stderr.write(f"without it the tests against a real cluster are skipped: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
