"""Rules about keys (compatibility rules, Keys): R10, R12, R13, R14, R15, R17.

No message here holds key text, of public keys neither: a private key may stand where a public
one belongs.
"""

from collections.abc import Iterator

from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import ResourceKey, shown
from reconciler.model.key import KeyDocument, KeyOwner, PublicKey
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.runner import AgentRunner
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.vendor import orchestrator_v2 as v2

_RSA = "RSA"
_ED25519 = "Ed25519"
_MINIMUM_BITS = 4096
_PUBLIC_LABEL = "PUBLIC KEY"
_GENERATE_RSA = "Make a pair with `openssl genrsa 4096`; register what `openssl rsa -pubout` prints."
_GENERATE_ED25519 = (
    "Make a pair with `openssl genpkey -algorithm ed25519`; register what `openssl pkey -pubout` prints."
)


def _private_key(scope: Scope) -> Iterator[Finding | Unknown]:
    for place in scope.everything.private_keys:
        yield Finding(
            "R10",
            Severity.ERROR,
            f"Private key in the repository at {place.origin} ({place.form}); treat it as known to others",
            place.origin,
            advice="Remove it from the file and from the history, replace the key pair everywhere, and keep "
            "the new private key in a secret store.",
        )


def _rsa_keys(scope: Scope) -> Iterator[tuple[Declared[KeyDocument], PublicKey]]:
    """Parsed keys of Agents and Operators; the reader has spoken about those that cannot be parsed."""
    for declared in scope.declarations.keys:
        public_key = scope.public_key(declared.origin())
        if public_key is not None and declared.document.spec.for_.runner is None:
            yield declared, public_key


def _key(scope: Scope, owner: KeyOwner, public_key: PublicKey) -> ResourceKey | None:
    """Key of the registration; those of Operators are no resources of ours."""
    return None if owner.agent is None else scope.key(Kind.KEY, f"{owner.agent}/{public_key.fingerprint}")


def _place(declared: Declared[KeyDocument]) -> Origin:
    return declared.origin(("spec", "publicKey"))


def _is_rsa(scope: Scope) -> Iterator[Finding | Unknown]:
    for declared, public_key in _rsa_keys(scope):
        if public_key.algorithm != _RSA:
            owner = declared.document.spec.for_
            yield Finding(
                "R12",
                Severity.ERROR,
                f"{owner.name} needs an RSA key, found {public_key.algorithm}",
                _place(declared),
                key=_key(scope, owner, public_key),
                advice=_GENERATE_RSA + " Ed25519 keys belong to Runners.",
            )


def _is_long(scope: Scope) -> Iterator[Finding | Unknown]:
    for declared, public_key in _rsa_keys(scope):
        if public_key.algorithm == _RSA and public_key.bits < _MINIMUM_BITS:
            owner = declared.document.spec.for_
            yield Finding(
                "R13",
                Severity.ERROR,
                f"Key of {owner.name}: {public_key.bits} bits; {_MINIMUM_BITS} or more are required",
                _place(declared),
                key=_key(scope, owner, public_key),
                advice=_GENERATE_RSA,
            )


def _is_labelled(scope: Scope) -> Iterator[Finding | Unknown]:
    for declared, public_key in _rsa_keys(scope):
        if public_key.is_mislabelled or public_key.label != _PUBLIC_LABEL:
            owner = declared.document.spec.for_
            yield Finding(
                "R14",
                Severity.WARNING,
                f"Mislabelled PEM: labelled `{public_key.label}` instead of `{_PUBLIC_LABEL}`; accepted by "
                "the orchestrator as seen, refused by stricter readers",
                _place(declared),
                key=_key(scope, owner, public_key),
                advice="Write the key anew with `openssl pkey -pubin -pubout`; its fingerprint stays the "
                "same.",
            )


def _one_agent(scope: Scope) -> Iterator[Finding | Unknown]:
    mine = {declared.origin() for declared in scope.declarations.keys}
    first: dict[str, Declared[KeyDocument]] = {}
    for declared in scope.everything.keys:
        public_key = scope.public_key(declared.origin())
        if public_key is None or declared.document.spec.for_.agent is None:
            continue
        before = first.setdefault(public_key.fingerprint, declared)
        a, b = before.document.spec.for_.agent, declared.document.spec.for_.agent
        if a != b and (before.origin() in mine or declared.origin() in mine):
            yield Finding(
                "R15",
                Severity.ERROR,
                f"Agents `{a}` and `{b}` share key {shown(public_key.fingerprint)}; a key stands for one Agent",
                _place(declared),
                key=scope.key(Kind.KEY, f"{b}/{public_key.fingerprint}"),
                others=(_place(before),),
                advice="Make a key pair for each Agent. Replicas of one Agent share one id and one key.",
            )
    if scope.has_read(Kind.KEY):
        yield from _one_live_agent(scope)
    elif scope.declarations.keys:
        yield Unknown(
            "R15",
            f"{scope.unread(Kind.KEY)}: whether another Agent holds a declared key is not known",
            scope.unread(Kind.KEY),
        )


def _one_live_agent(scope: Scope) -> Iterator[Finding]:
    """An Agent that is not declared any more may be about to go, key and all; only the plan knows."""
    holders: dict[str, list[str]] = {}
    for resource in scope.live_of(Kind.KEY):
        agent, _, fingerprint = resource.key.id.partition("/")
        holders.setdefault(fingerprint, []).append(agent)
    for declared, public_key in _rsa_keys(scope):
        owner = declared.document.spec.for_.agent
        if owner is None:
            continue
        for holder in holders.get(public_key.fingerprint, ()):
            if holder == owner:
                continue
            is_declared = holder in scope.agent_ids
            yield Finding(
                "R15",
                Severity.ERROR if is_declared else Severity.WARNING,
                f"Agents `{holder}` (live) and `{owner}` share key {shown(public_key.fingerprint)}; a key "
                "stands for one Agent",
                _place(declared),
                key=scope.key(Kind.KEY, f"{owner}/{public_key.fingerprint}"),
                advice=f"Make a new key pair for `{owner}`."
                if is_declared
                else f"Make a new key pair for `{owner}`, or remove `{holder}` first if this is the same "
                "Agent under a new id.",
            )


def _runner_key(scope: Scope) -> Iterator[Finding | Unknown]:
    for runner in scope.declarations.runners:
        configuration = runner.document.spec.runner_configuration
        if not isinstance(configuration, AgentRunner):
            continue
        found = _runner_key_problem(configuration.key, scope.public_key(runner.origin()))
        if found is not None:
            problem, advice = found
            yield Finding(
                "R17",
                Severity.ERROR,
                f"Runner `{runner.document.metadata.id}`: {problem}",
                runner.origin(("spec", "runner_configuration", "key")),
                key=scope.key(Kind.RUNNER, runner.document.metadata.id),
                advice=advice,
            )


def _runner_key_problem(text: str, public_key: PublicKey | None) -> tuple[str, str] | None:
    """Problem and next step. The order is that of harm: a private key must not be sent at all."""
    if "PRIVATE KEY" in text:
        return (
            "`key` holds a private key; the runner's public key belongs there",
            "Put the public key there, take the private one out of the history, and make a new pair.",
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
            "the key has CRLF line ends; the orchestrator takes LF only",
            "Write the key with LF line ends.",
        )
    longest = v2.AGENT_KEY.most or 0
    if len(text) > longest:
        return (
            f"the key has {len(text)} characters; the orchestrator takes {longest} at most",
            _GENERATE_ED25519,
        )
    if not v2.AGENT_KEY.accepts(text):
        return (
            "the key must be one PEM block labelled `PUBLIC KEY`, body on one line, at most one line end after it",
            "In YAML, write the three lines under `key: |`.",
        )
    if public_key is None:
        return (
            "the key must be an Ed25519 public key in PEM; what is there cannot be read as one",
            _GENERATE_ED25519,
        )
    return None


RULES = (
    Rule(
        id="R10",
        title="No private key stands in the repository",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_private_key,
    ),
    Rule(
        id="R12",
        title="An Agent's key is an RSA key",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_is_rsa,
    ),
    Rule(
        id="R13",
        title="An Agent's key has at least 4096 bits",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_is_long,
    ),
    Rule(
        id="R14",
        title="A public key's PEM label fits its content",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_is_labelled,
    ),
    Rule(
        id="R15",
        title="A key belongs to one Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_one_agent,
    ),
    Rule(
        id="R17",
        title="A Runner's key is an Ed25519 public key in short PEM",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_runner_key,
    ),
)
