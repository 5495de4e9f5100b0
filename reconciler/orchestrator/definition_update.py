"""The smallest request that reliably makes a definition equal to the desired one: PATCH or PUT.

PUT replaces the whole mutable part, including every secret, which the server then stores as a new
version even if nothing changed (v1 reference 4.6, U13). PATCH leaves secrets alone, but merges, and
how deep it merges below a member of `driver_inputs` or `provision` is not documented (U11). So PATCH
is used only if every possible depth gives the same result:

- Whole maps are sent, never parts of them: a server that replaces `values`, one that replaces each
  of its keys, and one that merges recursively all end up with what was sent.
- No live key is missing from what is sent, at any depth of nested maps, because a merging server
  would keep it. Lists are always replaced as a whole, so their contents do not matter.
- No value outside lists is null, because a merge interprets null as "remove".
- Nothing is to be unset (an account, all of `values`, all of `provision`), the driver does not
  change, because PATCH cannot change it, and secrets do not change.

Everything else is a PUT. Neither request touches criteria.
"""

from reconciler.model.json import Json, JsonObject
from reconciler.model.secret import Expression, Reference, SecretLeaf
from reconciler.model.state import Resource

_MAPS = ("values", "provision")


def patch_body(live: Resource, desired: Resource, *, secrets_changed: bool) -> JsonObject | None:
    """Body of a PATCH that makes the live definition equal to the desired one; None if only PUT is reliable.

    Empty if nothing differs.
    """
    if secrets_changed or secrets_differ(live, desired):
        return None
    before, after = live.document, desired.document
    if after["driver_type"] != before["driver_type"] or set(before) - set(after):
        return None
    changed = {name for name in after if name not in before or after[name] != before[name]}
    if not all(_is_mergeable(before.get(name, {}), after[name]) for name in _MAPS if name in changed):
        return None
    body: JsonObject = {name: after[name] for name in sorted(changed - {"values"})}
    if "values" in changed:
        body["driver_inputs"] = {"values": after["values"]}
    return body


def secrets_differ(live: Resource, desired: Resource) -> bool:
    """True if positions, references or placeholders of secrets differ, as far as reading can show.

    Plain values cannot be read, so their digests are compared elsewhere. A value that the server
    stores in a secret store reads back as a reference.
    """
    if set(live.secrets) != set(desired.secrets):
        return True
    return any(_tells_apart(live.secrets[place], leaf) for place, leaf in desired.secrets.items())


def _tells_apart(live: SecretLeaf, desired: SecretLeaf) -> bool:
    if isinstance(desired, Reference) and isinstance(live, Reference) and desired.version is None:
        return (live.store, live.ref) != (desired.store, desired.ref)
    if isinstance(desired, Reference | Expression):
        return live != desired
    return isinstance(live, Expression)


def _is_mergeable(before: Json, after: Json) -> bool:
    """True if merging `after` into `before` gives `after`, whatever the depth of the merge."""
    if not isinstance(after, dict):
        return after is not None
    known = before if isinstance(before, dict) else {}
    if set(known) - set(after):
        return False
    return all(_is_mergeable(known.get(name, {}), child) for name, child in after.items())
