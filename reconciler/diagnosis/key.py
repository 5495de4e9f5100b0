"""One key in four places: mounted from a Secret, running in pods, registered and authorized in every organization."""

from collections.abc import Iterator, Mapping

from reconciler.diagnosis.check import Check, ok, problem, said, unknown, warning
from reconciler.diagnosis.sight import InstallationSight, OrganizationSight
from reconciler.facts.definition import dig
from reconciler.footprint.value import SecretEntry
from reconciler.model.cluster_state import PrivateKey, SecretObject
from reconciler.model.identity import shown
from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION, metadata_of
from reconciler.model.unread import Unread

RSA, ED25519 = "RSA", "Ed25519"
BITS = 4096
"""Size of an Agent's key in every source."""

Organizations = Mapping[str, OrganizationSight]


def key_checks(sight: InstallationSight, organizations: Organizations) -> Iterator[Check]:
    """Everything about the key of one installation on a cluster."""
    yield from _secret(sight)
    yield from _running(sight)
    fingerprint = fingerprint_of(sight)
    if fingerprint:
        yield from _registered(sight, fingerprint, organizations)


def fingerprint_of(sight: InstallationSight) -> str:
    """Fingerprint of the mounted key, else of the one that pods run with, "" if neither is known."""
    key = _mounted(sight)
    if key is not None and key.fingerprint:
        return key.fingerprint
    return next(iter(_annotations(sight).values()), "")


def refusing(sight: InstallationSight, organizations: Organizations) -> tuple[str, ...]:
    """Organizations that do not accept the key, each with the reason in words."""
    fingerprint = fingerprint_of(sight)
    if not fingerprint:
        return ()
    states = {name: _state(sight, fingerprint, organizations.get(name)) for name in sight.organizations}
    return tuple(f"{name} {state}" for name, state in states.items() if isinstance(state, str) and state)


def _entry(sight: InstallationSight) -> SecretEntry | None:
    return next(iter(sight.footprint.secrets), None)


def _mounted(sight: InstallationSight) -> PrivateKey | None:
    entry = _entry(sight)
    if entry is None or not isinstance(sight.secret, SecretObject):
        return None
    return sight.secret.private_keys.get(entry.entry)


def _secret(sight: InstallationSight) -> Iterator[Check]:
    entry, found, subject = _entry(sight), sight.secret, sight.footprint.installation
    if entry is None:
        return
    named = f"Secret {entry.namespace}/{entry.name}"
    if isinstance(found, Unread):
        yield unknown(
            "secret", f"{named} cannot be read: {found.reason}", *said((found.advice,)), subject=subject
        )
        return
    fill = (
        f"`kubectl -n {entry.namespace} create secret generic {entry.name} --from-file={entry.entry}=KEY.pem`"
    )
    if found is None:
        yield problem("secret", f"{named} does not exist", f"Create it: {fill}", subject=subject)
        return
    if entry.entry not in found.entries:
        names = ", ".join(sorted(found.entries)) or "none"
        what = f"{named} has no entry {entry.entry}; it has {names}"
        yield problem(
            "secret", what, "Store the key under this name, or set `privateKey.secretKey`.", subject=subject
        )
        return
    yield _readable(sight, named, entry.entry)


def _readable(sight: InstallationSight, named: str, entry: str) -> Check:
    key, subject = _mounted(sight), sight.footprint.installation
    wanted = RSA if sight.is_agent or sight.is_operator else ED25519
    if key is None:
        return problem(
            "key",
            f"entry {entry} of {named} is no private key",
            "Store a PEM there as it was generated.",
            subject=subject,
        )
    if key.is_encrypted:
        return problem(
            "key",
            f"the key in {named} has a passphrase, so it cannot be read there",
            "Store it without: `openssl pkey -in KEY.pem -out PLAIN.pem`",
            subject=subject,
        )
    size = f", {key.bits} bits" if key.bits else ""
    if key.algorithm != wanted:
        return problem(
            "key",
            f"the key in {named} is {key.algorithm}{size}; it must be {wanted}",
            "Generate another one, and register its public half.",
            subject=subject,
        )
    if wanted == RSA and key.bits < BITS:
        return warning(
            "key",
            f"the key in {named} has {key.bits} bits",
            f"Generate one with {BITS} bits.",
            subject=subject,
        )
    return ok("key", f"{named} has the key {shown(key.fingerprint)} ({key.algorithm}{size})", subject=subject)


def _annotations(sight: InstallationSight) -> dict[str, str]:
    """Fingerprints that pods say they run with, by pod."""
    found = {}
    for pod in () if isinstance(sight.pods, Unread) else sight.pods:
        value = dig(pod, "metadata", "annotations", FINGERPRINT_ANNOTATION)
        if isinstance(value, str) and value:
            found[str(metadata_of(pod).get("name", ""))] = value
    return found


def _running(sight: InstallationSight) -> Iterator[Check]:
    """Compares what pods run with with what is mounted: pods read the key when they start."""
    key, running, subject = _mounted(sight), _annotations(sight), sight.footprint.installation
    if key is None or not key.fingerprint or not running:
        return
    others = {pod: value for pod, value in running.items() if value != key.fingerprint}
    for pod, value in others.items():
        yield problem(
            "running-key",
            f"pod {pod} runs with key {shown(value)}, its Secret has {shown(key.fingerprint)}",
            "Run `reconciler apply`, which restarts the pods.",
            subject=subject,
        )
    if not others:
        yield ok("running-key", "its pods run with that key", subject=subject)


def _registered(sight: InstallationSight, fingerprint: str, organizations: Organizations) -> Iterator[Check]:
    subject, accepted = sight.footprint.installation, []
    for name in sight.organizations:
        state = _state(sight, fingerprint, organizations.get(name))
        if isinstance(state, Unread):
            what = (
                f"whether organization {name} accepts key {shown(fingerprint)} is not known: {state.reason}"
            )
            yield unknown("registration", what, *said((state.advice,)), subject=subject)
        elif state:
            advice = (
                "An administrator of the organization authorizes it; see `reconciler explain R23`."
                if "authorized" in state
                else "Declare its public half as a `Key` and run `reconciler apply`."
                if sight.is_agent or sight.is_operator
                else "Declare its public half in the `Runner` and run `reconciler apply`."
            )
            yield problem(
                "registration",
                f"organization {name} {state} (key {shown(fingerprint)})",
                advice,
                subject=subject,
            )
        else:
            accepted.append(name)
    if accepted:
        names = ", ".join(accepted)
        words = "registered and authorized" if sight.is_agent else "registered"
        yield ok("registration", f"that key is {words} in {names}", subject=subject)


def _state(sight: InstallationSight, fingerprint: str, seen: OrganizationSight | None) -> str | Unread:
    """What an organization lacks, "" if it accepts the key."""
    if seen is None:
        return Unread("no target of the settings reaches it", "Add a target for it, if only to read.")
    if sight.is_agent:
        if isinstance(seen.keys, Unread):
            return seen.keys
        keys = seen.keys.get(sight.id)
        if keys is None:
            return "does not know the Agent"
        if fingerprint not in keys:
            return "lacks the mounted key"
        return "" if keys[fingerprint].is_accepted else "has not authorized the mounted key"
    if sight.is_operator:
        if isinstance(seen.operator_keys, Unread):
            return seen.operator_keys
        return "" if fingerprint in seen.operator_keys else "lacks the mounted key"
    if isinstance(seen.runners, Unread):
        return seen.runners
    registered = seen.runners.get(sight.id)
    if registered is None:
        return "does not know the runner"
    return "" if registered == fingerprint else "has another key of the runner"
