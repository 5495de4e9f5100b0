"""Keys whose public half is not in their document, but follows from the place of the private half."""

from reconciler.facts.key_place import entry_of
from reconciler.model.declaration import Declarations, Declared
from reconciler.model.key import KeyDocument
from reconciler.model.key_entries import KeyEntries

PlacedDocument = Declared[KeyDocument]


def placed_keys(declarations: Declarations) -> tuple[PlacedDocument, ...]:
    """`Key` documents whose public half is where the private one is."""
    return tuple(one for one in declarations.keys if one.document.spec.publicKey is None)


def entries_of(declared: PlacedDocument) -> KeyEntries:
    """The place of a key without `publicKey`, which the document always has."""
    spec = declared.document.spec
    at = spec.privateKey
    assert at is not None
    assert at.cluster and at.namespace and at.secret  # noqa: PT018  KeySpec requires them together
    return KeyEntries(at.cluster, at.namespace, at.secret, entry_of(spec))


def secrets_on(declarations: Declarations, cluster: str) -> tuple[tuple[str, str], ...]:
    """Secrets of a cluster with such keys, as namespace and name."""
    found = (entries_of(one) for one in placed_keys(declarations))
    return tuple(dict.fromkeys((one.namespace, one.secret) for one in found if one.cluster == cluster))


def made_in(declarations: Declarations, cluster: str) -> tuple[tuple[str, str], ...]:
    """Secrets of a cluster in which keys are made, as namespace and name."""
    found = (entries_of(one) for one in placed_keys(declarations) if one.document.spec.generate is not None)
    return tuple(dict.fromkeys((one.namespace, one.secret) for one in found if one.cluster == cluster))
