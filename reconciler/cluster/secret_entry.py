"""Single entries of Secrets."""

import base64
import binascii
from collections.abc import Mapping
from difflib import get_close_matches

from reconciler.cluster.access import Access
from reconciler.cluster.connection import AbsentObjectError, Connection, ForbiddenReadError
from reconciler.errors import ClusterAccessError, ClusterError
from reconciler.model.json import Json
from reconciler.model.secret import Secret

MOST_ENTRY_BYTES = 65_536
"""Limit on an entry, as for files."""


class SecretReader:
    """Reads entries of Secrets of one cluster. The connection is made, and each Secret read, only once."""

    def __init__(self, access: Access, environment: Mapping[str, str]) -> None:
        self._access = access
        self._environment = environment
        self._connection: Connection | None = None
        self._access_error: ClusterAccessError | None = None
        self._read: dict[tuple[str, str], Mapping[str, Json]] = {}

    def entry(self, namespace: str, name: str, key: str) -> Secret:
        """The text of one entry, exactly as stored.

        The names are valid for Kubernetes objects (`reconciler.model.handed`). Raises ClusterError, and
        ClusterAccessError again for every later entry once the cluster could not be read.
        """
        place = f"Secret {namespace}/{name}"
        entries = self._entries(namespace, name, place)
        if key not in entries:
            near = get_close_matches(key, entries, n=1)
            hint = f"did you mean `{near[0]}`?" if near else "correct `key`, or add it to the Secret"
            raise ClusterError(f"{place} has no entry `{key}`", advice=hint)
        return _text(entries[key], f"entry `{key}` of {place}")

    def _entries(self, namespace: str, name: str, place: str) -> Mapping[str, Json]:
        if self._access_error is not None:
            raise self._access_error
        if (namespace, name) in self._read:
            return self._read[namespace, name]
        try:
            if self._connection is None:
                self._connection = Connection(self._access, self._environment)
            found = self._connection.get("api", "v1", "namespaces", namespace, "secrets", name)
        except ClusterAccessError as error:
            self._access_error = error
            raise
        except ForbiddenReadError:
            raise ClusterError(
                f"{place} may not be read with these credentials (403)",
                advice="grant them `get` on this Secret with a Role in its namespace",
            ) from None
        except AbsentObjectError:
            raise ClusterError(
                f"{place} does not exist (404)", advice="correct `namespace` and `name`, or create it"
            ) from None
        if found.get("kind") != "Secret":
            raise ClusterAccessError(
                "the answer is not that of an API server", advice="correct `server` in the kubeconfig"
            )
        data = found.get("data")
        self._read[namespace, name] = entries = data if isinstance(data, dict) else {}
        return entries


def _text(encoded: Json, place: str) -> Secret:
    try:
        content = base64.b64decode(encoded if isinstance(encoded, str) else "-", validate=True)
    except (binascii.Error, ValueError):
        raise ClusterError(f"{place} is not base64") from None
    if len(content) > MOST_ENTRY_BYTES:
        raise ClusterError(f"{place} is larger than {MOST_ENTRY_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ClusterError(f"{place} is not UTF-8 text") from None
    if not text:
        raise ClusterError(f"{place} is empty")
    return Secret(text)
