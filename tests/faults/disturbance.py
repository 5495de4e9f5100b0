"""Faults of files, of the record and of Git, as data: what is wrong while a run is under way."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.ground import GitGround, Ground
from tests.faults.proxy import Exchange

Spoil = Callable[[Ground], contextlib.AbstractContextManager[None]]


@dataclass(frozen=True)
class Disturbance:
    """One row. `what` is the file or the command that it happens to; `organization` as in `trial.Evidence`."""

    side: str
    name: str
    what: str
    spoil: Spoil
    organization: str = ""
    stays: bool = False
    """As in `trial.Evidence`."""

    def __str__(self) -> str:
        return f"{self.name} | {self.what}"


def _instead(
    path_of: Callable[[Ground], Path], make: Callable[[Path], object], *, restores: bool = True
) -> Spoil:
    """Something else in the place of a file; what was there comes back, if `restores`."""

    @contextlib.contextmanager
    def spoil(ground: Ground) -> Iterator[None]:
        path = path_of(ground)
        before = path.read_bytes()
        path.unlink()
        make(path)
        yield
        if restores:
            _remove(path)
            path.write_bytes(before)

    return spoil


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _content(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _cut(path: Path) -> None:
    """The first half of a document, as while it is being written."""
    path.write_text(
        "apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {id: orders}\nentity:\n  na"
    )


_PLACES: dict[str, Callable[[Path], object]] = {
    "a folder in its place": Path.mkdir,
    "a pipe in its place": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nowhere.yaml"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link out of the repository": lambda path: path.symlink_to("/etc/hostname"),
}
_CONTENTS: dict[str, Callable[[Path], object]] = {
    "half of it": _cut,
    "only zeros": _content(b"\0" * 512),
    "invalid UTF-8": _content(b"apiVersion: \xff\xfe\xfa\n"),
    "conflict markers": _content(b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n"),
    "2 MiB of text": _content(b"# " + b"x" * 2 * 1024 * 1024),
    "aliases that multiply": _content(
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 107))
    ),
    "a mapping as its kind": _content(b"apiVersion: entity.humanitec.io/v1b1\nkind: {a: b}\n"),
}
_FILE = "orgs/acme/orders.yaml"


def _document(ground: Ground) -> Path:
    return ground.world.root / _FILE


def _all_gone(folder: str) -> Spoil:
    @contextlib.contextmanager
    def spoil(ground: Ground) -> Iterator[None]:
        place, aside = ground.world.root / folder, ground.folder / "aside"
        shutil.copytree(place, aside)
        shutil.rmtree(place)
        place.mkdir()
        yield
        shutil.rmtree(place)
        shutil.move(aside, place)

    return spoil


FILE_DISTURBANCES = (
    *(Disturbance("Files", name, _FILE, _instead(_document, make), "acme") for name, make in _PLACES.items()),
    *(
        Disturbance("Files", name, _FILE, _instead(_document, make), "acme")
        for name, make in _CONTENTS.items()
    ),
    Disturbance("Files", "an empty file", _FILE, _instead(_document, _content(b"")), "acme"),
    Disturbance("Files", "only blanks", _FILE, _instead(_document, _content(b" \r\n\n")), "acme"),
    # Documents there declare the agent of both organizations.
    Disturbance("Files", "all documents gone", "orgs/acme", _all_gone("orgs/acme")),
    Disturbance("Files", "all documents gone", "orgs", _all_gone("orgs")),
)


def _record(ground: Ground) -> Path:
    return ground.records / "test" / "acme.json"


def _meanwhile(act: Callable[[Ground], object]) -> Spoil:
    """Something that happens once, right before the first change that a run sends."""

    @contextlib.contextmanager
    def spoil(ground: Ground) -> Iterator[None]:
        def trick(exchange: Exchange) -> None:
            act(ground)
            exchange.write(exchange.forward().raw)

        before = _record(ground).read_bytes()
        with ground.proxy.playing(trick, "POST|PUT|PATCH|DELETE", "/orgs/acme/.*"):
            yield
        if not _record(ground).is_file():
            _remove(ground.records)
            shutil.copytree(ground.folder / "records-before", ground.records)
            _record(ground).write_bytes(before)

    return spoil


def _rewritten(ground: Ground) -> None:
    path = _record(ground)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=7))


def _folder_replaced(ground: Ground) -> None:
    shutil.rmtree(ground.records)
    ground.records.write_text("")


@contextlib.contextmanager
def _locked(ground: Ground) -> Iterator[None]:
    descriptor = os.open(_record(ground).with_name(".acme.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _rolled_back(ground: Ground) -> Iterator[None]:
    before = _record(ground).read_bytes()
    yield
    _record(ground).write_bytes(before)


def _edited(change: Callable[[str], str]) -> Callable[[Ground], contextlib.AbstractContextManager[None]]:
    @contextlib.contextmanager
    def spoil(ground: Ground) -> Iterator[None]:
        before = _record(ground).read_text()
        _record(ground).write_text(change(before))
        assert _record(ground).read_text() != before
        yield
        _record(ground).write_text(before)

    return spoil


_RECORD = "acme.json"
RECORD_DISTURBANCES = (
    *(Disturbance("Record", name, _RECORD, _instead(_record, make), "acme") for name, make in _PLACES.items()),
    *(
        Disturbance("Record", name, _RECORD, _instead(_record, _content(data)), "acme")
        for name, data in {
            "empty": b"",
            "half of it": b'{"version": 2, "instance": "test", "ent',
            "another document": b'{"version": 2}',
            "10,000 open brackets": b"[" * 10_000,
            "only zeros": b"\0" * 512,
        }.items()
    ),
    Disturbance("Record", "a newer version", _RECORD,
                _edited(lambda text: text.replace('"version": 2', '"version": 99')), "acme"),
    Disturbance("Record", "of another instance", _RECORD, _edited(lambda t: t.replace('"test"', '"rest"')), "acme"),
    Disturbance("Record", "locked by another run", _RECORD, _locked, "acme"),
    Disturbance("Record", "written by another run meanwhile", _RECORD, _meanwhile(_rewritten), "acme"),
    Disturbance("Record", "its folder becomes a file meanwhile", _RECORD, _meanwhile(_folder_replaced)),
    Disturbance("Record", "restored from a backup after the run", _RECORD, _rolled_back, "acme", stays=True),
    Disturbance("Record", "lost", _RECORD, _instead(_record, lambda _: None, restores=False), "acme"),
)  # fmt: skip


def _git(command: str, reaction: str, *, once: bool = False) -> Spoil:
    """A `git` that reacts in another way to one command."""

    @contextlib.contextmanager
    def spoil(ground: Ground) -> Iterator[None]:
        assert isinstance(ground, GitGround)
        used = ground.folder / "used"
        used.unlink(missing_ok=True)
        guard = f"[ ! -e {used} ] && touch {used} && " if once else ""
        with ground.git_in_front(f'case " $* " in *" {command} "*) {guard}{{ {reaction}; }} ;; esac'):
            yield

    return spoil


_REACTIONS = {
    "fails": "echo 'fatal: unable to access: The requested URL returned error: 502' >&2; exit 128",
    "is killed": "kill -9 $$",
    "answers with a page": "echo '<html>Sign in</html>'; exit 0",
    "answers nothing": "exit 0",
    "never ends": "exec sleep 60",
    "asks for a password": "echo 'fatal: could not read Username: terminal prompts disabled' >&2; exit 128",
}
_PUSHED = '@REAL@ "$@" >/dev/null 2>&1'
GIT_DISTURBANCES = (
    *(
        Disturbance("Git", f"git {name}{', once' if once else ''}", command, _git(command, reaction, once=once))
        for command in ("ls-remote", "fetch", "push")
        for name, reaction in _REACTIONS.items()
        for once in ((False, True) if command == "push" else (False,))
    ),
    Disturbance("Git", "git fails after its effect", "push", _git("push", f"{_PUSHED}; exit 1")),
    Disturbance("Git", "git fails after its effect, once", "push", _git("push", f"{_PUSHED}; exit 1", once=True)),
    Disturbance(
        "Git", "git never ends after its effect, once", "push", _git("push", f"{_PUSHED}; exec sleep 60", once=True)
    ),
)  # fmt: skip
