"""The smallest call that is certain to make a definition what is desired: PATCH or PUT.

PUT replaces the mutable part whole, and with it every secret, which the server then stores
as a new version even where nothing changed (v1 reference 4.6, U13). PATCH leaves secrets
alone, but merges, and how deep it merges below a member of `driver_inputs` or `provision` is
not settled (U11). So PATCH is used only where every possible depth gives the same result:

- whole maps are sent, never parts of them: a server that replaces `values`, one that replaces
  each of its keys, and one that merges recursively all end with what was sent,
- provided that no key that is live is missing from what is sent, at any depth below maps: a
  merging server would keep it. Lists are replaced whole by every reading, so what happens
  inside them does not matter,
- provided that no value is null outside lists: a merge reads null as "remove",
- provided that nothing is to be unset (an account, all of `values`, all of `provision`), that
  the driver stays, which PATCH cannot change, and that secrets stay.

Everything else is a PUT. Neither touches criteria.
"""

from reconciler.model.json import Json, JsonObject
from reconciler.model.secret import Expression, Reference, SecretLeaf
from reconciler.model.state import Resource

_MAPS = ("values", "provision")


def patch_body(live: Resource, desired: Resource, *, secrets_changed: bool) -> JsonObject | None:
    """Return the body of the PATCH that makes live what is desired; None where only PUT is certain.

    Empty where nothing differs.
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
    """Tell from reading alone: positions, references and placeholders.

    Plain values cannot be compared; whoever keeps their digests says whether they changed. A
    value the server keeps in a store reads back as a reference.
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
    """Tell whether merging `after` into `before` gives `after`, however deep the merge goes."""
    if not isinstance(after, dict):
        return after is not None
    known = before if isinstance(before, dict) else {}
    if set(known) - set(after):
        return False
    return all(_is_mergeable(known.get(name, {}), child) for name, child in after.items())
