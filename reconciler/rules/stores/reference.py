"""Rules about secret inputs of definitions (compatibility rules, Secrets and stores): R76 to R81."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from reconciler.facts.built_in_secret import built_in_secrets
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.pattern import is_literal
from reconciler.facts.placed_store import values_in
from reconciler.facts.scope import Scope
from reconciler.facts.secret_leaf import SecretLeaf, literal_credentials, literal_values, reference_leaves
from reconciler.facts.template_secret import unread_templates
from reconciler.model.finding import Severity
from reconciler.model.handed import is_tagged
from reconciler.model.identifier import did_you_mean
from reconciler.model.json import Json, Path, dotted
from reconciler.model.kind import Kind
from reconciler.model.placeholder import has_placeholder
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.unseen import unspecified
from reconciler.model.wording import listed
from reconciler.rules.over import DEFINITIONS, TARGET, Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_MEMBERS = ("store", "ref", "version")
_HANDED_IN = (
    "Pass it in at apply with `!env NAME`, `!file PATH` or `!secret {…}` in its place, or keep it in a secret store "
    "and refer to it with `store` and `ref`; replace the secret, since it was in the repository."
)
_NOT_IN_TEMPLATES = (
    "Move it to `driver_inputs.secrets`, passed in with `!env NAME`, `!file PATH` or `!secret {…}`, and refer to it "
    "with `{{ .driver.secrets.NAME }}`; replace the secret, since it was in the repository."
)
_SHAPE = "Write `{store: …, ref: …}` with an optional `version`, or `{value: …}` with a placeholder."


def _references(scope: Scope) -> Iterator[Subject[SecretLeaf]]:
    for leaf in reference_leaves(scope):
        yield Subject(leaf, scope, leaf.place, leaf.origin, leaf.key(scope))


SECRET_REFERENCES = Over("secret reference", _references)


def _one_member(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition, inputs = subject.fact, subject.fact.entity.driver_inputs
    if inputs is not None and inputs.secrets is not None and inputs.secret_refs is not None:
        yield subject.says(
            f"Definition `{definition.id}` has both `secrets` and `secret_refs`",
            at=definition.key_origin(("driver_inputs", "secret_refs")),
            others=(definition.key_origin(("driver_inputs", "secrets")),),
            advice="Move everything to `secret_refs`; a placeholder goes under `value` there.",
        )


def _well_formed(reference: Subject[SecretLeaf]) -> Iterator[Answer]:
    leaf, known = reference.fact, reference.scope.known_stores
    if leaf.is_empty:
        # An empty string is an ordinary value: runners without an Agent have an empty `agent_url`.
        if leaf.value != {"value": ""}:
            yield reference.says(
                f"The secret reference {leaf.place} is empty; the orchestrator drops it",
                advice=f"Fill it in or remove it. {_SHAPE}",
                severity=Severity.WARNING,
            )
        return
    problem = _problem(leaf)
    if problem is not None:
        member, wrong, advice = problem
        yield reference.says(
            f"Malformed secret reference: {leaf.place} {wrong}",
            at=leaf.origin(member) if member else None,
            advice=advice,
        )
        return
    store = leaf.member("store")
    if store is None or store in known or has_placeholder(store):
        return
    is_read = reference.scope.surroundings.stores is not None
    if is_read or known:
        yield reference.says(
            f"{leaf.place} names unknown secret store `{store}`",
            at=leaf.origin("store"),
            advice=did_you_mean(store, sorted(known))
            or f"Declare a SecretStore `{store}`, or name one that exists.",
            severity=Severity.ERROR if is_read else Severity.WARNING,
        )
    if not is_read:
        _ = reference.seen.stores


def _problem(leaf: SecretLeaf) -> tuple[str, str, str] | None:
    """Field at fault, what is wrong, and advice; None for a valid leaf."""
    if not isinstance(leaf.value, dict):
        return "", "is a plain value, not a reference", _SHAPE
    for name in leaf.value:
        if name not in (*_MEMBERS, "value"):
            return name, f"has unknown field `{name}`", did_you_mean(name, _MEMBERS) or _SHAPE
    value, store, ref = leaf.member("value"), leaf.member("store"), leaf.member("ref")
    given = {name for name, member in leaf.value.items() if member is not None}
    if "value" in given and given & set(_MEMBERS):
        return "value", "has `value` as well as a reference", _SHAPE
    if store == BUILT_IN_STORE:
        return (
            "store",
            f"refers to the built-in store `{BUILT_IN_STORE}`, which the API does not accept",
            "Use an external store; the built-in one cannot be referred to.",
        )
    for name in _MEMBERS:
        if leaf.value.get(name) is not None and not isinstance(leaf.value[name], str):
            return name, f"has a `{name}` that is not a string", "Put it in quotes."
    if value is not None or "value" in given:
        return None
    if given and (store is None or ref is None):
        missing = "store" if store is None else "ref"
        return "", f"has no `{missing}`", _SHAPE
    return None


def _no_plain_secret(target: Subject[Scope]) -> Iterator[Answer]:
    scope = target.scope
    for leaves in _by_parent(literal_values(scope)):
        first = leaves[0]
        parent = ".".join(str(step) for step in first.path[:-1])
        names = listed(str(leaf.path[-1]) for leaf in leaves)
        yield target.says(
            f"Plain secret in a file: {names} under `{parent}` of definition `{first.definition.id}`",
            at=first.origin(),
            key=first.key(scope),
            others=tuple(leaf.origin() for leaf in leaves[1:]),
            advice=_NOT_IN_TEMPLATES if first.path[1] == "values" else _HANDED_IN,
        )
    for runner, at in literal_credentials(scope):
        identifier = runner.document.metadata.id
        yield target.says(
            f"Plain secret in a file: `{dotted(at)}` of runner `{identifier}`",
            at=runner.origin(at),
            key=scope.key(Kind.RUNNER, identifier),
            advice="Pass it in at apply with `!env NAME`, `!file PATH` or `!secret {…}` in its place; replace the "
            "credential, since it was in the repository.",
        )
    for store in scope.secret_stores:
        registration = store.document.spec.orchestrator
        for path in _literals(registration.auth if registration is not None else None):
            yield target.says(
                f"Plain secret in a file: `auth.{'.'.join(path)}` of secret store `{store.document.metadata.id}`",
                at=store.origin(("spec", "orchestrator", "auth", *path)),
                advice="Pass it in with `!env NAME`, `!file PATH` or `!secret {…}`; replace the credential, since it "
                "was in the repository.",
            )
        for index, entry in enumerate(store.document.spec.clusters or ()):
            for path in values_in(entry.auth):
                yield target.says(
                    f"Plain secret in a file: `auth.{'.'.join(path)}` of secret store "
                    f"`{store.document.metadata.id}` on cluster `{entry.cluster}`",
                    at=store.origin(("spec", "clusters", index, "auth", *path)),
                    advice="Keep it in a Secret of the store's namespace, and name that in a field that ends with "
                    "`SecretRef`; replace the credential, since it was in the repository.",
                )
    for definition in scope.with_templates:
        for unread in unread_templates(definition):
            yield target.doubts(
                f"whether `{dotted(unread)}` of definition `{definition.id}` contains a plain secret",
                unspecified(f"the string cannot be read as YAML ({definition.origin(unread)})"),
            )


def _by_parent(leaves: Iterable[SecretLeaf]) -> Iterable[list[SecretLeaf]]:
    """Leaves grouped by mapping, so that a file of credentials is one finding."""
    groups: dict[tuple[str, Path], list[SecretLeaf]] = defaultdict(list)
    for leaf in leaves:
        groups[leaf.definition.id, leaf.path[:-1]].append(leaf)
    return groups.values()


def _literals(value: Json, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of literals; tags, `{env: NAME}` and `{file: PATH}` are sources and not literals."""
    if isinstance(value, dict):
        if at and (is_tagged(value) or set(value) <= {"env", "file"}):
            return
        for name, child in value.items():
            yield from _literals(child, (*at, name))
    elif is_literal(value) or isinstance(value, list):
        yield at


def _fixed(reference: Subject[SecretLeaf]) -> Iterator[Answer]:
    leaf = reference.fact
    for name in _MEMBERS:
        text = leaf.member(name)
        if text is not None and has_placeholder(text):
            yield reference.says(
                f"Secret references cannot contain placeholders: `{name}` of {leaf.place}",
                at=leaf.origin(name),
                advice="Use a fixed string; to choose a secret by context, declare a definition for each context.",
            )


def _resolvable(reference: Subject[SecretLeaf]) -> Iterator[Answer]:
    leaf = reference.fact
    if leaf.needs_operator and reference.seen.primary_store == BUILT_IN_STORE:
        yield reference.says(
            f"{leaf.place} is a secret reference, which needs an Operator; organization "
            f"`{reference.scope.organization}` is in legacy mode",
            at=leaf.origin("store"),
            advice="Pass the secret in at apply, with `!env NAME`, `!file PATH` or `!secret {…}` in place of the "
            "reference, or install Operators and make an external store primary first.",
        )


def _readable(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition, inputs = subject.fact, subject.fact.entity.driver_inputs
    if subject.scope.primary_store in (None, BUILT_IN_STORE):
        return
    live = subject.seen.live_resource(Kind.DEFINITION, definition.id)
    for place in () if live is None else built_in_secrets(live, inputs.secret_refs if inputs else None):
        yield subject.says(
            f"`{place}` of definition `{definition.id}` has its secret in the built-in store, which the Operator "
            "cannot read",
            at=definition.origin(("driver_inputs",)),
            advice="Store the secret in an external store and refer to it with `store` and `ref`.",
        )


RULES = (
    Rule(
        id="R76",
        title="Secret inputs are in `secrets` or in `secret_refs`, not in both",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=DEFINITIONS,
        check=_one_member,
    ),
    Rule(
        id="R77",
        title="Secret references are well-formed and name an existing store",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=SECRET_REFERENCES,
        check=_well_formed,
    ),
    Rule(
        id="R78",
        title="No file contains a plain secret",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=TARGET,
        check=_no_plain_secret,
    ),
    Rule(
        id="R79",
        title="Secret references contain no placeholders",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=SECRET_REFERENCES,
        check=_fixed,
    ),
    Rule(
        id="R80",
        title="Secret references are not used in legacy mode",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SECRET_REFERENCES,
        check=_resolvable,
    ),
    Rule(
        id="R81",
        title="The Operator can read the secrets of what it provisions",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.LIVE,),
        over=DEFINITIONS,
        check=_readable,
    ),
)
