"""Pages that are transcripts: their files are written, their commands are run, their outputs are compared.

A YAML block is a file of the tree: its first line is a comment with the name. In a console block, `$ ` begins a
command and everything below it is the output, of both streams; `exit code 5` in the comment after a command is its
exit code, 0 if there is none. In an output, a line `…` is any number of lines, and `…` in a line any text. A word of a
command such as `deletes=6:…` is completed with what was printed last with this beginning.
"""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# (\S+\.yaml)\n")
_CODE = re.compile(r"\s# .*\bexit code (\d+)\b")
_MORE = "…"
_LIMIT_S = 180


@dataclass(frozen=True)
class File:
    """A file of the tree."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command with the output and the exit code that the page promises."""

    text: str
    output: tuple[str, ...]
    code: int

    @property
    def program(self) -> str:
        """The program that is run."""
        return self.text.lstrip("(").split()[0]

    def difference(self, code: int, printed: str) -> str:
        """What is not as promised, with what was printed; "" if nothing."""
        lines = [line.rstrip() for line in printed.rstrip("\n").splitlines()]
        if code == self.code and re.fullmatch(self._pattern(), "".join(f"{line}\n" for line in lines)):
            return ""
        return "\n".join([f"$ {self.text}", *lines, f"[exit code {code}, the page says {self.code}]"])

    def _pattern(self) -> str:
        return "".join(
            r"(?:.*\n)*" if line == _MORE else re.escape(line).replace(re.escape(_MORE), ".*") + r"\n"
            for line in self.output
        )


def steps(text: str) -> Iterator[File | Command]:
    """Files and commands of a page, in their order. Raises ValueError for a YAML block without a name."""
    for language, body in _BLOCK.findall(text):
        if language == "yaml":
            named = _NAME.match(body)
            if named is None:
                raise ValueError(f"the first line of a YAML block is a comment with its name: {body[:80]}")
            yield File(named[1], body)
        elif language == "console":
            yield from _commands(body)


def _commands(body: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        lines = part.rstrip("\n").split("\n")
        end = next((at for at, line in enumerate(lines) if not line.endswith("\\")), 0)
        text = "\n".join(lines[: end + 1])
        code = _CODE.search(text)
        output = tuple(line.rstrip() for line in lines[end + 1 :])
        yield Command(text, output, int(code[1]) if code else 0)


def _completed(command: str, printed: str) -> str:
    def latest(found: re.Match[str]) -> str:
        values = re.findall(rf"{re.escape(found[1])}\S+", printed)
        return values[-1] if values else found[0]

    return re.sub(rf"(\S+:){_MORE}", latest, command)


def run(
    page: str,
    tree: Path,
    environment: Mapping[str, str],
    *,
    left_out: Mapping[str, str],
    to_machine: Callable[[str], str],
    to_page: Callable[[str], str],
    after: Callable[[], None],
) -> str:
    """Everything that is not as the page says, "" if nothing.

    `left_out` are programs that are not run, with the reason. `to_machine` changes what is written and run, `to_page`
    what was printed; `after` is called after every command.
    """
    wrong, printed = [], ""
    for step in steps(page):
        if isinstance(step, File):
            path = tree / step.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(to_machine(step.text), encoding="utf-8")
            continue
        if step.program in left_out:
            continue
        done = subprocess.run(
            ["bash", "-c", to_machine(_completed(step.text, printed))],
            cwd=tree,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        printed += done.stdout
        wrong.append(step.difference(done.returncode, to_page(done.stdout)))
        after()
    return "\n\n".join(filter(None, wrong))
