"""Secrets of a definition: what was sent, and the references that are read back (v1 4.6).

Plain text is never stored. A literal becomes a reference to the primary store; a
whole-string placeholder stays readable because it is not a secret.
"""

import re
from dataclasses import dataclass
from typing import Any

from reconciler.emulator.failure import ApiError
from reconciler.emulator.wire import Document

BUILT_IN_STORE = "humanitec"

_LEAF = frozenset({"store", "ref", "version", "value"})
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}", re.ASCII)


@dataclass
class SecretWriter:
    """Turns what was sent into references of one definition.

    Plain text goes to the primary store; 400 if it cannot be written. Afterwards `wrote` is
    whether any text was written, so that the version has to be incremented.
    """

    organization: str
    definition: str
    primary_store: str
    is_writable: bool
    version: int
    wrote: bool = False

    @property
    def prefixes(self) -> tuple[str, str]:
        """Prefix of this definition's references, in the built-in store and in others."""
        path = ("orgs", self.organization, "resources", "defs", self.definition, "driver_secrets", "")
        return "/".join(path), "--".join(path)

    def from_secrets(self, secrets: Document) -> Document:
        """References for the plain texts of a `secrets` object, leaf by leaf (U14)."""
        return {name: self._plain(value, (name,)) for name, value in secrets.items()}

    def from_references(self, references: Document) -> Document:
        """References for a `secret_refs` object; 400 for an invalid leaf."""
        if _is_leaf(references) and references:
            raise ApiError(400, "secret_refs must name its references", details={"field": "secret_refs"})
        return {name: self._branch(value, (name,)) for name, value in references.items()}

    def _plain(self, value: Any, path: tuple[str, ...]) -> Any:
        if value is None:
            return None
        if isinstance(value, dict):
            return {name: self._plain(item, (*path, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self._plain(item, (*path, str(number))) for number, item in enumerate(value)]
        if isinstance(value, str) and _PLACEHOLDER.fullmatch(value):
            return {"value": value}
        return self._kept(path)

    def _branch(self, value: Any, path: tuple[str, ...]) -> Any:
        if value is None:
            return None
        if isinstance(value, list):
            return [self._branch(item, (*path, str(number))) for number, item in enumerate(value)]
        if not isinstance(value, dict):
            raise ApiError(
                400,
                f"secret_refs.{'.'.join(path)} is not a secret reference",
                details={"field": "secret_refs"},
            )
        if value and _is_leaf(value):
            return self._leaf({name: item for name, item in value.items() if item is not None}, path)
        return {name: self._branch(item, (*path, name)) for name, item in value.items()}

    def _leaf(self, leaf: Document, path: tuple[str, ...]) -> Document:
        problem = _leaf_problem(leaf)
        if problem:
            raise ApiError(400, f"secret_refs.{'.'.join(path)}: {problem}", details={"field": "secret_refs"})
        return leaf if "ref" in leaf else self._plain(leaf["value"], path)

    def _kept(self, path: tuple[str, ...]) -> Document:
        if not self.is_writable:
            raise ApiError(
                400,
                f"secret {'.'.join(path)} cannot be written: the primary store {self.primary_store} has no"
                " credentials; refer to a stored secret instead",
                details={"field": "driver_inputs"},
            )
        self.wrote = True
        built_in, external = self.prefixes
        if self.primary_store == BUILT_IN_STORE:
            ref = f"{built_in}{'/'.join(path)}/.value"
        else:
            ref = f"{external}{'--'.join(path)}"
        return {"store": self.primary_store, "ref": ref, "version": str(self.version)}


def merge(stored: Any, sent: Any) -> Any:
    """References merged into stored ones: objects merge, leaves and arrays replace, null removes."""
    if isinstance(sent, dict) and not sent:
        return sent if stored is None else stored
    if not isinstance(sent, dict) or _is_leaf(sent):
        return sent
    base = stored if isinstance(stored, dict) and not _is_leaf(stored) else {}
    merged = {**base, **{name: merge(base.get(name), value) for name, value in sent.items()}}
    return {name: value for name, value in merged.items() if value is not None}


def with_version(references: Any, writer: SecretWriter) -> Any:
    """References with the new version for all those in the writer's store.

    A write increments the version of all of them together (v1 section 4.6). References to an
    earlier primary store are not written, so they keep their version.
    """
    if isinstance(references, list):
        return [with_version(item, writer) for item in references]
    if not isinstance(references, dict):
        return references
    ref = references.get("ref")
    if isinstance(ref, str) and references.get("store") == writer.primary_store:
        return (
            {**references, "version": str(writer.version)} if ref.startswith(writer.prefixes) else references
        )
    return {name: with_version(value, writer) for name, value in references.items()}


def without_empty(value: Any) -> Any:
    """References without nulls and without empty branches."""
    if isinstance(value, list):
        return [without_empty(item) for item in value if item is not None]
    if not isinstance(value, dict):
        return value
    kept = {name: without_empty(item) for name, item in value.items() if item is not None}
    return {name: item for name, item in kept.items() if item not in ({}, [])}


def _is_leaf(value: Document) -> bool:
    return set(value) <= _LEAF and all(item is None or isinstance(item, str) for item in value.values())


def _leaf_problem(leaf: Document) -> str | None:
    if "value" in leaf:
        return "value excludes store, ref and version" if len(leaf) > 1 else None
    if "ref" not in leaf:
        return "either ref with store, or value, is required"
    if "store" not in leaf:
        return "ref requires a store"
    if leaf["store"] == BUILT_IN_STORE:
        return f"store must not be {BUILT_IN_STORE}"
    return None
