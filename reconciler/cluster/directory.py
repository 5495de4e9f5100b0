"""A folder of files in place of a cluster, for a GitOps tool or `kubectl apply -k` to apply.

How files are named and written is given (`reconciler.footprint.kustomization`); here they are read, written and
removed. `.reconciler.json` lists the files that this instance wrote: no other file is changed or deleted. For each it
has the digest of what was last applied, which is no part of the file.
"""

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import yaml

from reconciler.errors import ClusterError, ReadOnlyError
from reconciler.model.cluster_state import ObservedKind, SecretObject, ServerFacts
from reconciler.model.json import Json, JsonObject
from reconciler.model.key_entries import SecretChange
from reconciler.model.kind import FACTS, Kind, type_name
from reconciler.model.kubernetes_object import FIELD_MANAGER, kind_of, metadata_of
from reconciler.model.mark import APPLIED_ANNOTATION, applied_digest, without_digest

RECORD = ".reconciler.json"
VERSION = 1
MOST_BYTES = 1_048_576
"""Limit on a file. The record of thousands of objects is smaller."""
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*\.yaml")
"""Names of files next to the record."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?")
_DEEPEST = 100
_HEADER = "# Written by reconciler. Changes are replaced by the next apply.\n"


@dataclass(frozen=True, slots=True)
class Layout:
    """How objects become files: the name for an object, the text for it, and the file that lists all others."""

    file_name: Callable[[JsonObject], str]
    text: Callable[[JsonObject], str]
    index: str
    index_text: Callable[[Iterable[str]], str]


class Directory:
    """One folder. `is_read_only` refuses every change. Raises ClusterError where files cannot be read or written."""

    is_directory = True

    def __init__(self, folder: Path, instance: str, layout: Layout, *, is_read_only: bool) -> None:
        self.address = str(folder)
        self._folder = folder
        self._layout = layout
        self._instance = instance
        self._is_read_only = is_read_only
        self._lock = Lock()
        self._record = self._read_record()
        if not is_read_only:
            self._complete()

    @property
    def requests(self) -> dict[str, int]:
        """Empty: nothing is sent."""
        return {}

    def list(self, kind: Kind, namespace: str = "", *, label_selector: str = "") -> tuple[JsonObject, ...]:
        """All recorded objects of a kind. The selector is that of the instance, which the record implies."""
        found = []
        for path in sorted(self._record):
            body = self._read(path)
            if body is not None and kind_of(body) is kind:
                found.append(self._marked(path, body))
        return tuple(found)

    def observe(self, kind: ObservedKind) -> tuple[JsonObject, ...]:
        """None: what else is on the cluster is not known."""
        return ()

    def get(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """One object; None if there is no file."""
        path = self._path(kind, namespace, name)
        body = self._read(path)
        return None if body is None else self._marked(path, body)

    def secret(self, namespace: str, name: str) -> SecretObject | None:
        """None: Secrets are never in files."""
        return None

    def change_secret(
        self, namespace: str, name: str, change: SecretChange, *, instance: str
    ) -> SecretObject:
        """Raises ClusterError: Secrets are never in files."""
        raise ClusterError(f"{self.address} is a folder of files, which never contain a Secret")

    def restart(self, namespace: str, deployment: str, annotations: Mapping[str, str]) -> None:
        """Raises ClusterError: nothing runs here."""
        raise ClusterError(f"{self.address} is a folder of files, where nothing runs")

    def apply(self, body: JsonObject, *, force: bool = False, is_new: bool = False) -> JsonObject:
        """Write the object. A file that is not in the record is replaced only if `force`, or if it is equal."""
        metadata = metadata_of(body)
        kind = kind_of(body)
        assert kind is not None
        path = self._path(kind, str(metadata.get("namespace", "")), str(metadata.get("name", "")))
        with self._lock:
            present = None if path in self._record else self._read(path)
            if present is not None and (is_new or (not force and present != without_digest(body))):
                raise ClusterError(f"{path} exists and was not written by this instance")
            self._keep_foreign_index()
            # The record first: a file that it does not name would never be pruned.
            self._record[path] = applied_digest(body)
            self._write_record()
            self._write(path, _HEADER + self._layout.text(without_digest(body)))
            self._write_index()
        return self._marked(path, without_digest(body))

    def tried(self, body: JsonObject, *, force: bool) -> JsonObject:
        """The object: a file is what is written."""
        return body

    def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> bool:
        """Delete a recorded file."""
        path = self._path(kind, namespace, name)
        with self._lock:
            if path not in self._record:
                return False
            self._refuse_writing()
            try:
                (self._folder / path).unlink(missing_ok=True)
            except OSError as error:
                raise ClusterError(f"{path} cannot be deleted: {error.strerror}") from None
            del self._record[path]
            self._write_index()
            self._write_record()
        return True

    def pods(self, namespace: str, label_selector: str) -> tuple[JsonObject, ...]:
        """None: nothing runs here."""
        return ()

    def log(
        self, namespace: str, pod: str, container: str, *, tail_lines: int = 200, previous: bool = False
    ) -> tuple[str, ...]:
        """Nothing: nothing runs here."""
        return ()

    def contents(self, namespace: str) -> tuple[str, ...]:
        """Recorded objects in a namespace."""
        found = (self._read(path) for path in sorted(self._record))
        inside = [body for body in found if body and metadata_of(body).get("namespace") == namespace]
        return tuple(f"{body.get('kind')}/{metadata_of(body).get('name')}" for body in inside)

    def describe(self) -> ServerFacts:
        """Nothing: no server is asked."""
        return ServerFacts("", None)

    def refusal(
        self,
        verb: str,
        api_group: str,
        resource: str,
        namespace: str = "",
        name: str = "",
    ) -> str | None:
        """None: whether files can be written is known when they are."""
        return None

    def has_kind(self, api_version: str, kind: str) -> bool:
        """True: any object can be a file."""
        return True

    def close(self) -> None:
        """Nothing is open."""

    def _marked(self, path: str, body: JsonObject) -> JsonObject:
        """The object as a cluster would return it: all of a recorded one is managed by this program."""
        if path not in self._record:
            return body
        metadata: JsonObject = dict(metadata_of(body))
        annotations = metadata.get("annotations")
        given = annotations if isinstance(annotations, dict) else {}
        metadata["annotations"] = {**given, APPLIED_ANNOTATION: self._record[path]}
        metadata["managedFields"] = [
            {
                "manager": FIELD_MANAGER,
                "operation": "Apply",
                "apiVersion": body.get("apiVersion"),
                "fieldsType": "FieldsV1",
                "fieldsV1": _all_fields({**body, "metadata": metadata}),
            }
        ]
        return {**body, "metadata": metadata}

    def _read(self, path: str) -> JsonObject | None:
        text = self._content(path)
        if text is None:
            return None
        try:
            found = _loaded(text)
        except (yaml.YAMLError, RecursionError, ValueError):
            found = None
        if not isinstance(found, dict):
            raise ClusterError(f"{path} is not YAML of one object", advice="delete it, and apply again")
        return found

    def _content(self, path: str) -> str | None:
        try:
            content = _regular(self._folder / path)
            if content is None:
                return None
            if len(content) > MOST_BYTES:
                raise ClusterError(f"{path} is larger than {MOST_BYTES} bytes")
            return content.decode()
        except OSError as error:
            raise ClusterError(f"{path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ClusterError(f"{path} is not UTF-8") from None

    def _read_record(self) -> dict[str, str]:
        text = self._content(RECORD)
        if text is None:
            return {}
        try:
            found = json.loads(text)
            version, instance, files = found["version"], found["instance"], found["files"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ClusterError(f"{RECORD} is not a record of files", advice="restore it from Git") from None
        if version != VERSION or not isinstance(files, dict):
            raise ClusterError(f"{RECORD} has version {str(version)[:20]!r}; this is {VERSION}")
        if instance != self._instance:
            raise ClusterError(
                f"the folder belongs to instance {str(instance)[:50]!r}",
                advice="use another folder for each instance",
            )
        return {path: str(applied) for path, applied in files.items() if _FILE.fullmatch(path)}

    def _complete(self) -> None:
        """Finish what a run that died left half done, which no later plan would see: its objects are as declared."""
        if not (self._folder / RECORD).is_file():
            return
        present = {path: applied for path, applied in self._record.items() if (self._folder / path).is_file()}
        is_whole = present == self._record
        self._record = present
        if self._content(self._layout.index) != self._index():
            self._write_index()
        if not is_whole:
            self._write_record()

    def _write_record(self) -> None:
        document = {
            "version": VERSION,
            "instance": self._instance,
            "files": dict(sorted(self._record.items())),
        }
        self._write(RECORD, json.dumps(document, indent=2) + "\n")

    def _keep_foreign_index(self) -> None:
        """Raises ClusterError in a folder that is not ours yet and has a list of files that somebody else wrote."""
        index = self._layout.index
        if self._record or self._content(RECORD) is not None:
            return
        present = self._content(index)
        if present is not None and not present.startswith(_HEADER):
            raise ClusterError(
                f"{index} exists and was not written by this instance",
                advice="use an empty folder: what is not listed in it would be left out",
            )

    def _write_index(self) -> None:
        self._write(self._layout.index, self._index())

    def _index(self) -> str:
        return _HEADER + self._layout.index_text(sorted(self._record))

    def _path(self, kind: Kind, namespace: str, name: str) -> str:
        """Path of an object's file below the folder. Raises ClusterError for a name that would lead out of it."""
        for part in (namespace, name) if FACTS[kind].is_namespaced else (name,):
            if not _NAME.fullmatch(part) or ".." in part:
                raise ClusterError(f"{part[:80]!r} is not a name of a Kubernetes object")
        metadata: JsonObject = {
            "name": name,
            **({"namespace": namespace} if FACTS[kind].is_namespaced else {}),
        }
        return self._layout.file_name({"kind": type_name(kind), "metadata": metadata})

    def _write(self, path: str, text: str) -> None:
        self._refuse_writing()
        full = self._folder / path
        new = full.with_name(f".{full.name}.new")
        try:
            full.parent.mkdir(parents=True, exist_ok=True)
            try:
                new.unlink(missing_ok=True)
                # Never through a link: it would lead out of the folder.
                with new.open("x", encoding="utf-8") as stream:
                    stream.write(text)
                new.replace(full)
            finally:
                new.unlink(missing_ok=True)
        except OSError as error:
            raise ClusterError(f"{path} cannot be written: {error.strerror}") from None

    def _refuse_writing(self) -> None:
        if self._is_read_only:
            raise ReadOnlyError(f"a read-only command tried to write into {self._folder}")


def _regular(path: Path) -> bytes | None:
    """The content of a file, None if there is none; one byte more than the limit of a longer one. Raises OSError.

    A link is no file: somebody else's file would be shown as an object of ours.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(error.errno, "it is a symbolic link") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _loaded(text: str) -> Json:
    """The value. Raises ValueError for aliases, which can multiply, and for more depth than any object has."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST:
            raise ValueError
    found: Json = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def _all_fields(value: Json) -> JsonObject:
    """FieldsV1 of all of a value: objects by field, everything else as a whole."""
    if not isinstance(value, dict):
        return {}
    return {f"f:{name}": _all_fields(child) for name, child in value.items()}
