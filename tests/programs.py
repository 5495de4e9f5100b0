"""Programs that replace git: one that misbehaves, and one that records its commands."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


def in_front(folder: Path, script: str) -> dict[str, str]:
    """An environment in which `git` is this shell script."""
    program = folder / "bin" / "git"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


@dataclass(frozen=True)
class Recorder:
    """The commands of git since the start, one per line."""

    environment: dict[str, str]
    log: Path

    @classmethod
    def make(cls, folder: Path) -> "Recorder":
        log = folder / "asked.log"
        log.touch()
        script = f'printf "%s " "$@" >> {log}; echo >> {log}\nexec {shutil.which("git")} "$@"'
        return cls(in_front(folder, script), log)

    def commands(self) -> list[str]:
        """Commands in order, without the options before them and without those started by git itself."""
        lines = [line.removeprefix("--no-pager ").split() for line in self.log.read_text().splitlines()]
        return [words[0] for words in lines if words[0] not in ("upload-pack", "receive-pack", "version")]

    def forget(self) -> None:
        """Start over."""
        self.log.write_text("")
