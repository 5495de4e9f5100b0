"""The declarations of a tree: validated documents with places, and findings for the rest.

Every `*.yaml` and `*.yml` file is read as YAML documents, and every `*.json` file that may contain one. A
document with an `apiVersion` of another group is kept as foreign and its content is not checked, unless it has
the shape of a handled kind: treated as foreign, its object would seem to be removed from the files. A file that
cannot be parsed may declare something managed, so it is an error, with two exceptions that are only noted in
`unread`: a file with a syntax error that contains `{{` and names none of the handled groups is treated as a
Helm-style template, and JSON that names none of them as data of another program.

A file with another extension that looks like a handled document is noted in `unread`, and what it declares is
kept in `set_aside`: it is neither applied nor treated as removed.

Every file, whatever its extension, is searched for private keys. Rules about content are in `reconciler.rules`.
"""

import hashlib
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from pydantic import ValidationError

from reconciler.errors import KeyStoreError
from reconciler.model.agent import AgentDocument
from reconciler.model.body import nul_problems
from reconciler.model.body_check import body_problems
from reconciler.model.declaration import (
    AnyDeclared,
    Declarations,
    Declared,
    Foreign,
    PrivateKeyPlace,
    Rejected,
)
from reconciler.model.finding import Finding, sort_findings
from reconciler.model.json import JsonObject, Path
from reconciler.model.key import KeyDocument, PublicKey
from reconciler.model.operator import OperatorDocument
from reconciler.model.origin import Origin, Positions
from reconciler.model.reading_rule import of_file, problem
from reconciler.model.resource_definition import DefinitionDocument
from reconciler.model.runner import AgentRunner, RunnerDocument
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.settings import Limits
from reconciler.source.approvals_file import Approvals, is_approvals, misplaced, read_approvals
from reconciler.source.ending import as_yaml, holds_document, names_our_version, was_renamed
from reconciler.source.kind import Document, Model, Sibling, kind_of, listed, with_current_envelope
from reconciler.source.private_key import find_private_keys
from reconciler.source.quoted import quoted
from reconciler.source.rest import rest_of
from reconciler.source.spelling import suspects, with_spelling
from reconciler.source.tag import wrong_tags
from reconciler.source.tree import Tree, is_document, is_json
from reconciler.source.violation import body_finding, bounded, findings_of, is_below
from reconciler.source.yaml_event import SlowReading
from reconciler.source.yaml_text import YamlDocument, parse_yaml, read_text

_NUL = (b"\\0", b"\\x00", b"\\u0000", b"\\U00000000")
"""Escapes of a NUL character; a literal one makes the file binary."""
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_OUR_GROUPS = (b"entity.humanitec.io", b"core.api.humanitec.io", b"reconciler/", b"reconciler\\/")
_RENAMED = "looks like a document for reconciler, but its name does not end in .yaml, .yml or .json"
_KEY_PATH: Path = ("spec", "publicKey")
_RUNNER_KEY_PATH: Path = ("spec", "runner_configuration", "key")


@dataclass(slots=True)
class _FileContent:
    """What one file declares; depends only on its path and content."""

    definitions: list[Declared[DefinitionDocument]] = field(default_factory=list)
    agents: list[Declared[AgentDocument]] = field(default_factory=list)
    keys: list[Declared[KeyDocument]] = field(default_factory=list)
    runners: list[Declared[RunnerDocument]] = field(default_factory=list)
    operators: list[Declared[OperatorDocument]] = field(default_factory=list)
    secret_stores: list[Declared[SecretStoreDocument]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    private_keys: tuple[PrivateKeyPlace, ...] = ()
    left_alone: list[Foreign] = field(default_factory=list)
    approvals: Approvals | None = None
    unread: str = ""
    set_aside: "_FileContent | None" = None
    slow_bytes: int = 0
    """What reading it took from `SlowReading`."""
    is_refused: bool = False
    """True if too little was left: with another content of other files, it may be read."""

    @property
    def has_handled(self) -> bool:
        """True if a document is of a handled kind, or apparently meant to be."""
        kept = (self.definitions, self.agents, self.keys, self.runners, self.operators, self.secret_stores)
        return any(kept) or bool(self.rejected) or bool(self.findings)


class Loader:
    """Loads trees, and parses only files that are new or changed since the previous one.

    `inspect_key` returns the facts of a public key in PEM or raises KeyStoreError. Not thread-safe.
    """

    def __init__(self, limits: Limits, inspect_key: Callable[[str], PublicKey]) -> None:
        self._limits = limits
        self._inspect_key = inspect_key
        self._contents: dict[str, tuple[bytes, _FileContent]] = {}
        self._inspected: dict[str, PublicKey | KeyStoreError] = {}

    def load(self, tree: Tree) -> Declarations:
        """Everything that the tree declares, in the order of its files, and all findings."""
        contents: dict[str, tuple[bytes, _FileContent]] = {}
        slow = SlowReading()
        for path, text in tree.files.items():
            digest = hashlib.blake2b(text, digest_size=16).digest()
            known = self._contents.get(path)
            if known is None or known[0] != digest or not _is_valid(known[1], slow):
                known = (digest, _read_counted(path, text, self._limits, slow))
            else:
                slow.left_bytes -= known[1].slow_bytes
            contents[path] = known
        self._contents = contents
        files = [content for _, content in contents.values()]
        gathered = _gathered(files)
        aside = _gathered([content.set_aside for content in files if content.set_aside is not None])
        public_keys, key_findings = self._public_keys(tree, gathered, aside)
        noted = ((path, content.unread) for path, (_, content) in contents.items() if content.unread)
        return replace(
            gathered,
            public_keys=public_keys,
            set_aside=replace(aside, public_keys=public_keys) if any(c.set_aside for c in files) else None,
            private_keys=tuple(place for content in files for place in content.private_keys),
            findings=sort_findings(
                [
                    *tree.findings,
                    *key_findings,
                    *_keyless_runners(gathered),
                    *(found for content in files for found in content.findings),
                ]
            ),
            unread=tuple(sorted((*tree.unread, *noted))),
            file_count=len(tree.files),
            read_text=partial(read_text, limits=self._limits, slow=SlowReading()),
        )

    def _public_keys(
        self, tree: Tree, gathered: Declarations, aside: Declarations
    ) -> tuple[dict[Origin, PublicKey], list[Finding]]:
        """Public keys of all documents; findings only for documents that are not set aside."""
        facts: dict[Origin, PublicKey] = {}
        findings: list[Finding] = []
        inspected: dict[str, PublicKey | KeyStoreError] = {}
        of_aside = {key.file for key in aside.keys} | {runner.file for runner in aside.runners}
        whole = gathered.with_rests()
        keys, runners = (*whole.keys, *aside.keys), (*whole.runners, *aside.runners)
        for origin, place, text in _key_texts(tree, keys, runners):
            if isinstance(text, Finding):
                findings.append(text)
                continue
            outcome = inspected.get(text) or self._inspected.get(text) or self._inspect(text)
            inspected[text] = outcome
            if isinstance(outcome, KeyStoreError):
                message = f"the public key cannot be used: {outcome}"
                findings.append(problem("F06", message, place, advice=outcome.advice))
            else:
                facts[origin] = outcome
        self._inspected = inspected
        return facts, [finding for finding in findings if finding.origin.file not in of_aside]

    def _inspect(self, text: str) -> PublicKey | KeyStoreError:
        try:
            return self._inspect_key(text)
        except KeyStoreError as error:
            return error


def _gathered(files: Sequence[_FileContent]) -> Declarations:
    """Documents of all files, in order."""
    return Declarations(
        definitions=tuple(declared for content in files for declared in content.definitions),
        agents=tuple(declared for content in files for declared in content.agents),
        keys=tuple(declared for content in files for declared in content.keys),
        runners=tuple(declared for content in files for declared in content.runners),
        operators=tuple(declared for content in files for declared in content.operators),
        secret_stores=tuple(declared for content in files for declared in content.secret_stores),
        rejected=tuple(rejected for content in files for rejected in content.rejected),
        foreign=tuple(declared for content in files for declared in content.foreign),
        left_alone=tuple(declared for content in files for declared in content.left_alone),
        approvals=next((content.approvals for content in files if content.approvals is not None), None),
    )


def _key_texts(
    tree: Tree, keys: Sequence[Declared[KeyDocument]], runners: Sequence[Declared[RunnerDocument]]
) -> Iterator[tuple[Origin, Origin, str | Finding]]:
    """For each document with a public key: its origin, the place of the key, and the text of the key."""
    for key in keys:
        place = key.origin(_KEY_PATH)
        public_key = key.document.spec.publicKey
        if isinstance(public_key, str):
            yield key.origin(), place, public_key
        elif public_key is not None:
            yield key.origin(), place, _key_file(tree, key, public_key.file)
    for runner in runners:
        configuration = runner.document.spec.runner_configuration
        if not isinstance(configuration, AgentRunner):
            continue
        place = runner.origin(_RUNNER_KEY_PATH)
        if configuration.key is not None:
            yield runner.origin(), place, configuration.key


def _keyless_runners(gathered: Declarations) -> Iterator[Finding]:
    """Findings for runners whose key is neither in their document nor in another one."""
    keyed = {key.document.spec.for_.runner for key in gathered.with_rests().keys}
    for runner in gathered.runners:
        configuration, name = runner.document.spec.runner_configuration, runner.document.metadata.id
        if isinstance(configuration, AgentRunner) and configuration.key is None and name not in keyed:
            yield problem(
                "F06",
                f"`key` is missing, and no Key document is for runner `{name}`",
                runner.origin(_RUNNER_KEY_PATH),
                advice="write the public key here, or declare a Key with `for: {runner: " + name + "}`",
            )


def _key_file(tree: Tree, key: Declared[KeyDocument], name: str) -> str | Finding:
    place = key.origin((*_KEY_PATH, "file"))
    path = posixpath.normpath(posixpath.join(posixpath.dirname(key.file), name))
    if name.startswith("/") or path == ".." or path.startswith("../"):
        advice = "put the key file in the tree and give its path relative to this document"
        return problem("F08", f"the key file {quoted(name)} is outside the tree", place, advice=advice)
    content = tree.files.get(path)
    if content is None:
        reason = dict(tree.unread).get(path)
        if reason is not None:
            return problem("F10", f"the key file {quoted(name)} was not read: {reason}", place)
        advice = f"the path in the tree is {quoted(path)}; files that Git ignores are not part of the tree"
        return problem("F09", f"the key file {quoted(name)} does not exist", place, advice=advice)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        advice = "write it in PEM"
        return problem("F06", f"the key file {quoted(name)} is not text", place, advice=advice)


def _is_valid(known: _FileContent, slow: SlowReading) -> bool:
    """True if a file that was read before would be read in the same way now: what a tree declares has no history."""
    return not known.is_refused and known.slow_bytes <= slow.left_bytes


def _read_counted(path: str, text: bytes, limits: Limits, slow: SlowReading) -> _FileContent:
    left, refused = slow.left_bytes, slow.refused
    content = _read_file(path, text, limits, slow)
    content.findings = of_file(content.findings)
    content.slow_bytes, content.is_refused = left - slow.left_bytes, slow.refused > refused
    return content


def _read_file(path: str, text: bytes, limits: Limits, slow: SlowReading) -> _FileContent:
    content = _FileContent(private_keys=find_private_keys(text, path))
    if is_approvals(path):
        content.approvals, found = read_approvals(text, limits)
        content.findings.extend(found)
        return content
    if not is_document(path):
        if names_our_version(text):
            _set_aside(path, text, limits, content, slow)
        return content
    if is_json(path) and not holds_document(text):
        return content
    if text.startswith(_LFS_POINTER):
        message = "the file is a Git LFS pointer without its content"
        content.findings.append(problem("F10", message, Origin(path), advice="run: git lfs pull"))
        return content
    written = _Written(
        text,
        may_hold_nul=any(escape in text for escape in _NUL),
        may_hold_tags=b"!" in text or b"\\" in text,
        suspects=suspects(text),
    )
    parsed = parse_yaml(as_yaml(text) if is_json(path) else text, path, limits, slow)
    for document in parsed.documents:
        _take(document, written, content)
    if parsed.failure is not None:
        if parsed.failure.rule == "F02" and _is_template(text):
            content.unread = "a template, not YAML"
        elif is_json(path) and not any(group in text for group in _OUR_GROUPS):
            content.unread = f"JSON that cannot be read: {parsed.failure.message}"
        else:
            content.findings.append(parsed.failure)
    return content


def _set_aside(path: str, text: bytes, limits: Limits, content: _FileContent, slow: SlowReading) -> None:
    """Note a file that looks like a handled document, and keep what it declares."""
    aside = _FileContent()
    written = _Written(text)
    parsed = parse_yaml(text, path, limits, slow)
    for document in parsed.documents:
        _take(document, written, aside)
    if aside.has_handled:
        content.set_aside = aside
        content.unread = _RENAMED + (" (a space ends it)" if path[-1:].isspace() else "")
    elif parsed.failure is not None and was_renamed(path):
        content.unread = f"{_RENAMED}; it cannot be parsed"


def _is_template(text: bytes) -> bool:
    return b"{{" in text and not any(group in text for group in _OUR_GROUPS)


@dataclass(frozen=True, slots=True)
class _Written:
    """Facts from the text of a file that its values do not show: escapes of NUL, the spelling of numbers."""

    text: bytes
    may_hold_nul: bool = False
    may_hold_tags: bool = True
    """False if the text contains neither `!` nor an escape that could mean it."""
    suspects: frozenset[int | float] = frozenset()


def _take(document: YamlDocument, written: _Written, content: _FileContent) -> None:
    """Add one document to the content, by its kind."""
    raw, positions = document.value, document.positions
    in_list = listed(raw, positions)
    if in_list is not None:
        content.findings.extend((*document.findings, in_list))
        return
    if not isinstance(raw, dict):
        return
    model = kind_of(raw, positions)
    if model is None:
        content.foreign.append(Foreign(raw, positions))
        if (stray := misplaced(positions.file, raw, positions)) is not None:
            content.findings.append(stray)
        return
    if isinstance(model, Sibling):
        content.left_alone.append(Foreign(raw, positions))
        return
    content.findings.extend(document.findings)
    if isinstance(model, Finding):
        content.findings.append(model)
        return
    raw = with_current_envelope(raw)
    validated = _validated(model, raw, positions, written, content)
    if isinstance(validated, Rejected):
        content.rejected.append(validated)
    else:
        _keep(validated, raw, positions, content)


def _validated(
    model: Model, raw: JsonObject, positions: Positions, written: _Written, content: _FileContent
) -> Document | Rejected:
    """The document, or the rejected document if anything is wrong with it; problems are added to `content`."""
    kind = model.__name__.removesuffix("Document")
    tags = dict(wrong_tags(raw, kind)) if written.may_hold_tags else {}
    content.findings.extend(bounded(tags.items(), lambda found: _problem_at(found, raw, positions)))
    problems = chain(body_problems(kind, raw), nul_problems(raw) if written.may_hold_nul else ())
    wrong = [found for found in problems if not is_below(found.path, tags)]
    refused = bounded(wrong, lambda found: body_finding(found, raw, positions))
    validated: Document | None = None
    rest, without = None, tuple(found.path for found in wrong)
    try:
        validated = rest = model.model_validate(raw)
    except ValidationError as error:
        refused.extend(findings_of(error, model, raw, positions, besides=tags))
        rest, taken = rest_of(model, raw, error)
        without = (*without, *taken)
    found = refused
    if written.suspects:
        found = with_spelling(refused, raw, positions, written.text, written.suspects)
    content.findings.extend(found)
    if validated is not None and not refused:
        return validated
    declared = None if rest is None else _declared(rest, raw, positions)
    return Rejected(kind, raw, positions, declared, without)


def _problem_at(found: tuple[Path, tuple[str, str]], raw: JsonObject, positions: Positions) -> Finding:
    path, (message, advice) = found
    return problem("F06", message, positions.origin(raw, path), advice=advice)


def _declared(document: Document, raw: JsonObject, positions: Positions) -> AnyDeclared:
    content = _FileContent()
    _keep(document, raw, positions, content)
    return next(_gathered([content]).documents())


def _keep(validated: Document, raw: JsonObject, positions: Positions, content: _FileContent) -> None:
    match validated:
        case DefinitionDocument():
            content.definitions.append(Declared(validated, raw, positions))
        case AgentDocument():
            content.agents.append(Declared(validated, raw, positions))
        case KeyDocument():
            content.keys.append(Declared(validated, raw, positions))
        case RunnerDocument():
            content.runners.append(Declared(validated, raw, positions))
        case OperatorDocument():
            content.operators.append(Declared(validated, raw, positions))
        case SecretStoreDocument():
            content.secret_stores.append(Declared(validated, raw, positions))
