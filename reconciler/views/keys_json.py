"""`keys status` as one JSON document. Members are only ever added while `version` stays 1.

version, exitCode, at
owners          [{owner, keys, rotations, unread, elsewhere}]   `owner` is such as `Agent/eu-1`
rotations       [{cluster, namespace, secret, entry, createdAt, everySeconds, next, because, waits}]   keys that are
                made here; `next` is `generate`, `stage`, `switch`, `replace`, `restart`, `drop` or null
keys            [{fingerprint, phase, what, advice, expiresAt, renew, declaredAt, organizations, mounts, pods}]
organizations   [{organization, registered, authorized, expiresAt}]   only those that were read
mounts          [{cluster, namespace, secret, entry}]
pods            [{cluster, pod}]
unread          [{what, reason, advice}]
`phase` is `register`, `authorize`, `mount`, `restart`, `in use`, `unused`, `replaced`, `remove` or `unknown`; times are
RFC 3339, null where they are not known; `declaredAt` is null for a key that no file declares.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from reconciler.model.json import Json, JsonObject
from reconciler.model.key_entries import KeyEntries
from reconciler.model.unread import Unread
from reconciler.procedure.keyring import Keyring
from reconciler.procedure.rotation import GeneratedKey, KeyStatus, Turn
from reconciler.procedure.step import must_be_renewed, step_of

VERSION = 1
Rotation = tuple[KeyEntries, GeneratedKey, Turn]


def render(status: KeyStatus) -> str:
    """One document in ASCII, ending with a line break."""
    document: JsonObject = {
        "version": VERSION,
        "exitCode": int(status.exit_code),
        "at": status.at.isoformat(),
        "owners": [
            _owner(keyring, status.turns.get(keyring.owner, ()), status.at) for keyring in status.keyrings
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _rotation(entries: KeyEntries, key: GeneratedKey, turn: Turn) -> JsonObject:
    return {
        "cluster": entries.cluster,
        "namespace": entries.namespace,
        "secret": entries.secret,
        "entry": entries.entry,
        "createdAt": None if isinstance(key.place, Unread) else _time(key.place.created_at),
        "everySeconds": None if key.every is None else int(key.every.total_seconds()),
        "next": None if turn.change is None else str(turn.change),
        "because": turn.because,
        "waits": [key.place.reason] if isinstance(key.place, Unread) else list(turn.held),
    }


def _owner(keyring: Keyring, rotations: Sequence[Rotation], now: datetime) -> JsonObject:
    return {
        "owner": keyring.owner,
        "keys": [_key(keyring, fingerprint, now) for fingerprint in keyring.fingerprints],
        "rotations": [_rotation(*one) for one in rotations],
        "unread": [
            {"what": name, "reason": unread.reason, "advice": unread.advice}
            for name, unread in keyring.unread
        ],
        "elsewhere": list(keyring.elsewhere),
    }


def _key(keyring: Keyring, fingerprint: str, now: datetime) -> JsonObject:
    step, origin = step_of(keyring, fingerprint), keyring.declared.get(fingerprint)
    return {
        "fingerprint": fingerprint,
        "phase": str(step.phase),
        "what": step.what,
        "advice": step.advice,
        "expiresAt": _time(step.end),
        "renew": must_be_renewed(step, now),
        "declaredAt": None if origin is None else str(origin),
        "organizations": [
            _registered(organization, fingerprint, registrations)
            for organization, registrations in keyring.registered.items()
            if not isinstance(registrations, Unread)
        ],
        "mounts": [
            {"cluster": one.cluster, "namespace": one.namespace, "secret": one.secret, "entry": one.entry}
            for one in keyring.mounted_at(fingerprint)
        ],
        "pods": [{"cluster": cluster, "pod": pod} for cluster, pod in keyring.run_with(fingerprint)],
    }


def _registered(organization: str, fingerprint: str, registrations: object) -> JsonObject:
    assert isinstance(registrations, dict)
    found = registrations.get(fingerprint)
    return {
        "organization": organization,
        "registered": found is not None,
        "authorized": found is not None and found.is_accepted,
        "expiresAt": None if found is None else _time(found.end),
    }


def _time(when: datetime | None) -> Json:
    return None if when is None else when.isoformat()
