"""Rules about keys (compatibility rules, Keys): R10, R12, R13, R14, R15, R17.

No message here contains key text, not even that of public keys: a private key may be where a public one belongs.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from reconciler.facts.declared_runner import CONFIGURATION, WrittenRunner
from reconciler.facts.keyring import live_keys
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declarations, Declared
from reconciler.model.finding import Severity
from reconciler.model.identity import shown
from reconciler.model.key import KeyDocument, KeyOwner, PublicKey
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.unseen import UnseenError
from reconciler.model.wording import plural
from reconciler.rules.over import RUNNERS, TARGET, TREE, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor import orchestrator_v2 as v2

_RSA = "RSA"
_ED25519 = "Ed25519"
_MINIMUM_BITS = 4096
_PUBLIC_LABEL = "PUBLIC KEY"
_GENERATE_RSA = "Generate a pair with `openssl genrsa 4096`; register what `openssl rsa -pubout` prints."
_GENERATE_ED25519 = (
    "Generate a pair with `openssl genpkey -algorithm ed25519`; register what `openssl pkey -pubout` prints."
)


@dataclass(frozen=True, slots=True)
class _RsaKey:
    """A parsed key of an Agent or Operator; the reader reports those that cannot be parsed.

    `holders` are the Agents that have it registered, None where the live keys were not read.
    """

    declared: Declared[KeyDocument]
    public_key: PublicKey
    holders: tuple[str, ...] | None

    @property
    def owner(self) -> KeyOwner:
        """Owner of the key."""
        return self.declared.document.spec.for_


def _rsa_keys(scope: Scope) -> Iterator[Subject[_RsaKey]]:
    holders: dict[str, list[str]] = defaultdict(list)
    for agent, keys in (live_keys(scope) or {}).items():
        for fingerprint in keys:
            holders[fingerprint].append(agent)
    is_read = scope.has_read(Kind.KEY)
    for declared in scope.declarations.keys:
        owner = declared.document.spec.for_
        for public_key in () if owner.runner is not None else scope.public_keys_of(declared):
            found = tuple(holders.get(public_key.fingerprint, ())) if is_read else None
            # Keys of Operators are not managed.
            key = scope.key(Kind.KEY, f"{owner.agent}/{public_key.fingerprint}") if owner.agent else None
            fact = _RsaKey(declared, public_key, found)
            yield Subject(fact, scope, f"key of {owner.name}", partial(_place, declared), key)


RSA_KEYS = Over("key of an Agent or Operator", _rsa_keys)


def _place(declared: Declared[KeyDocument]) -> Origin:
    return declared.origin(("spec", "publicKey"))


def _private_key(subject: Subject[Declarations]) -> Iterator[Answer]:
    for place in subject.fact.private_keys:
        yield subject.says(
            f"Private key in the repository at {place.origin} ({place.form}); treat it as compromised",
            at=place.origin,
            advice="Remove it from the file and from the history, replace the key pair everywhere, and keep "
            "the new private key in a secret store.",
        )


def _is_rsa(subject: Subject[_RsaKey]) -> Iterator[Answer]:
    algorithm = subject.fact.public_key.algorithm
    if algorithm != _RSA:
        yield subject.says(
            f"{subject.fact.owner.name} needs an RSA key, found {algorithm}",
            advice=_GENERATE_RSA + " Ed25519 keys are for Runners.",
        )


def _is_long(subject: Subject[_RsaKey]) -> Iterator[Answer]:
    public_key = subject.fact.public_key
    if public_key.algorithm == _RSA and public_key.bits < _MINIMUM_BITS:
        yield subject.says(
            f"Key of {subject.fact.owner.name}: {public_key.bits} bits; {_MINIMUM_BITS} or more are required",
            advice=_GENERATE_RSA,
        )


def _is_labelled(subject: Subject[_RsaKey]) -> Iterator[Answer]:
    public_key = subject.fact.public_key
    if public_key.is_mislabelled or public_key.label != _PUBLIC_LABEL:
        yield subject.says(
            f"Mislabelled PEM: labelled `{public_key.label}` instead of `{_PUBLIC_LABEL}`; the orchestrator has been "
            "seen to accept it, stricter readers refuse it",
            advice="Write the key again with `openssl pkey -pubin -pubout`; its fingerprint stays the same.",
        )


def _one_agent(subject: Subject[Scope]) -> Iterator[Answer]:
    scope = subject.scope
    own = {declared.origin() for declared in scope.declarations.keys}
    first: dict[str, Declared[KeyDocument]] = {}
    for declared in scope.everything.keys:
        b = declared.document.spec.for_.agent
        for public_key in () if b is None else scope.public_keys_of(declared):
            before = first.setdefault(public_key.fingerprint, declared)
            a = before.document.spec.for_.agent
            if a == b or not own & {before.origin(), declared.origin()}:
                continue
            yield subject.says(
                f"Agents `{a}` and `{b}` share key {shown(public_key.fingerprint)}; a key identifies one Agent",
                at=_place(declared),
                key=scope.key(Kind.KEY, f"{b}/{public_key.fingerprint}"),
                others=(_place(before),),
                advice="Generate a key pair for each Agent. Replicas of one Agent share one id and one key.",
            )


def _one_live_agent(subject: Subject[_RsaKey]) -> Iterator[Answer]:
    """A warning for an Agent that is no longer declared, since the plan may delete it along with its key."""
    owner, scope = subject.fact.owner.agent, subject.scope
    if owner is None:
        return
    if subject.fact.holders is None:
        raise UnseenError(scope.unread(Kind.KEY))
    for holder in subject.fact.holders:
        if holder == owner:
            continue
        is_declared = holder in scope.agent_ids
        yield subject.says(
            f"Agents `{holder}` (live) and `{owner}` share key {shown(subject.fact.public_key.fingerprint)}; a key "
            "identifies one Agent",
            advice=f"Generate a new key pair for `{owner}`."
            if is_declared
            else f"Generate a new key pair for `{owner}`, or remove `{holder}` first if this is the same Agent under "
            "a new id.",
            severity=Severity.ERROR if is_declared else Severity.WARNING,
        )


def _runner_key(subject: Subject[WrittenRunner]) -> Iterator[Answer]:
    runner = subject.fact
    text = runner.at(*CONFIGURATION, "key")
    if runner.at(*CONFIGURATION, "type") != "kubernetes-agent" or not isinstance(text, str):
        return
    public_key = subject.scope.public_key(runner.origin())
    found = _runner_key_problem(text, public_key, is_parsed=runner.is_valid)
    if found is not None:
        problem, advice = found
        place = runner.origin((*CONFIGURATION, "key"))
        yield subject.says(f"Runner `{runner.id}`: {problem}", at=place, advice=advice)


def _runner_key_problem(
    text: str, public_key: PublicKey | None, *, is_parsed: bool
) -> tuple[str, str] | None:
    """Problem and next step, most harmful problem first: a private key must never be sent.

    Keys of invalid documents are not parsed.
    """
    if "PRIVATE KEY" in text:
        return (
            "`key` contains a private key instead of the runner's public key",
            "Remove the private key from the file and the history, generate a new pair, and use its public key.",
        )
    if public_key is not None and public_key.algorithm != _ED25519:
        return (
            f"the key must be an Ed25519 public key in PEM, found {public_key.algorithm}",
            _GENERATE_ED25519,
        )
    if "-----BEGIN" not in text:
        return "the key must be an Ed25519 public key in PEM, found no PEM block", _GENERATE_ED25519
    if "\r" in text:
        return (
            "the key has CRLF line endings; the orchestrator accepts only LF",
            "Write the key with LF line endings.",
        )
    longest = v2.AGENT_KEY.most or 0
    if len(text) > longest:
        return (
            f"the key has {plural(len(text), 'character')}; the orchestrator accepts at most {longest}",
            _GENERATE_ED25519,
        )
    if not v2.AGENT_KEY.accepts(text):
        return (
            "the key must be one PEM block labelled `PUBLIC KEY`, its body on one line, at most one newline after it",
            "In YAML, write the three lines under `key: |`.",
        )
    if public_key is None and is_parsed:
        return (
            "the key must be an Ed25519 public key in PEM, but cannot be parsed as one",
            _GENERATE_ED25519,
        )
    return None


RULES = (
    Rule(
        id="R10",
        title="The repository contains no private key",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=TREE,
        check=_private_key,
    ),
    Rule(
        id="R12",
        title="An Agent's key is an RSA key",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=RSA_KEYS,
        check=_is_rsa,
    ),
    Rule(
        id="R13",
        title="An Agent's key has at least 4096 bits",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=RSA_KEYS,
        check=_is_long,
    ),
    Rule(
        id="R14",
        title="A public key's PEM label matches its content",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=RSA_KEYS,
        check=_is_labelled,
    ),
    Rule(
        id="R15",
        title="A key belongs to one Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=TARGET,
        check=_one_agent,
        also=(Part(RSA_KEYS, _one_live_agent),),
    ),
    Rule(
        id="R17",
        title="A Runner's key is an Ed25519 public key in short PEM",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=RUNNERS,
        check=_runner_key,
    ),
)
