"""The installed Helm, asked for its version only."""

import shutil
import subprocess
from collections.abc import Mapping

_LIMIT_S = 10


def helm_version(environment: Mapping[str, str]) -> str | None:
    """What `helm version --short` prints, "" if it fails; None if Helm is not on the path."""
    program = shutil.which("helm", path=environment.get("PATH"))
    if program is None:
        return None
    try:
        found = subprocess.run(  # noqa: S603  a program of the user's path, with constant arguments
            [program, "version", "--short"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_S,
            check=False,
            env=dict(environment),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.decode(errors="replace") if found.returncode == 0 else ""
