"""Secret positions of definitions as rules see them (v1 reference 4.6)."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.pattern import is_literal
from reconciler.facts.scope import Scope
from reconciler.facts.template_secret import template_secrets
from reconciler.model.canonical import is_reference_leaf
from reconciler.model.declaration import Declared
from reconciler.model.handed import is_tagged
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.runner import WRITE_ONLY_AUTH, KubernetesRunner, RunnerDocument

SECRET_REFS: Path = ("driver_inputs", "secret_refs")
_CLUSTER_AUTH: Path = ("spec", "runner_configuration", "cluster", "auth")


@dataclass(frozen=True, slots=True)
class SecretLeaf:
    """Content of one secret position; `path` is its path below `entity`.

    `value` is a mapping for a leaf of `secret_refs`, and anything else for a plain value.
    """

    definition: DeclaredDefinition
    path: Path
    value: Json

    def origin(self, *path: str) -> Origin:
        """Place of the leaf, or of a member of it."""
        return self.definition.origin((*self.path, *path))

    def key(self, scope: Scope) -> ResourceKey:
        """Key of the definition."""
        return scope.key(Kind.DEFINITION, self.definition.id)

    def member(self, name: str) -> str | None:
        """A text of a reference leaf; None if it is absent, null or empty."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) and value else None

    @property
    def is_empty(self) -> bool:
        """True if every member is null or empty, which the orchestrator drops (v1 reference P8)."""
        return isinstance(self.value, dict) and not any(self.value.values())

    @property
    def needs_operator(self) -> bool:
        """True for a reference to a store: nothing resolves it in legacy mode."""
        return self.member("store") is not None

    @property
    def place(self) -> str:
        """The position in words: definition and path, never the value."""
        return f"`{'.'.join(str(step) for step in self.path)}` of definition `{self.definition.id}`"


def reference_leaves(scope: Scope) -> Iterator[SecretLeaf]:
    """Leaves of `secret_refs` of every definition, including malformed ones, without tagged values."""
    for definition in scope.with_secrets:
        inputs = definition.entity.driver_inputs
        if inputs is not None and inputs.secret_refs:
            for leaf in _leaves(definition, inputs.secret_refs, SECRET_REFS):
                if not is_tagged(leaf.value):
                    yield leaf


def _leaves(definition: DeclaredDefinition, root: JsonObject, at: Path) -> Iterator[SecretLeaf]:
    stack: list[tuple[Path, Json]] = [(at, root)]
    while stack:
        path, value = stack.pop()
        is_leaf = is_tagged(value) or (
            isinstance(value, dict) and (is_reference_leaf(value) or _is_meant(value))
        )
        if isinstance(value, dict) and (path == at or not is_leaf):
            stack.extend(((*path, name), child) for name, child in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend(((*path, index), value[index]) for index in range(len(value) - 1, -1, -1))
        elif value is not None:
            yield SecretLeaf(definition, path, value)


def _is_meant(value: JsonObject) -> bool:
    """True for a malformed reference, false for a branch that happens to have a member of that name."""
    return isinstance(value.get("store"), str) or isinstance(value.get("ref"), str)


def plain_values(scope: Scope) -> Iterator[SecretLeaf]:
    """Values that are sent as plain text and kept in the primary store: literals, and values that are handed in."""
    for definition in scope.with_secrets:
        inputs = definition.entity.driver_inputs
        if inputs is None:
            continue
        for path, value in definition.inputs() if inputs.secrets else ():
            if path[1] == "secrets" and (is_literal(value) or is_tagged(value)):
                yield SecretLeaf(definition, path, value)
        if inputs.secret_refs:
            for leaf in _leaves(definition, inputs.secret_refs, SECRET_REFS):
                plain = leaf.value.get("value") if isinstance(leaf.value, dict) else None
                if is_tagged(leaf.value):
                    yield leaf
                elif is_literal(plain) or is_tagged(plain):
                    yield SecretLeaf(definition, (*leaf.path, "value"), plain)


def literal_values(scope: Scope) -> Iterator[SecretLeaf]:
    """Secrets written as literals in definitions, in secret positions and in the text of templates.

    The path of a secret in a text is that of the text followed by its name, and its value is None.
    """
    for definition in scope.with_templates:
        for path, name in template_secrets(definition):
            yield SecretLeaf(definition, (*path, name), None)
    for leaf in plain_values(scope):
        if not is_tagged(leaf.value):
            yield leaf


def literal_credentials(scope: Scope) -> Iterator[tuple[Declared[RunnerDocument], Path]]:
    """Credentials of clusters written as literals in runners, each with its path in the document."""
    for runner in scope.declarations.runners:
        configuration = runner.document.spec.runner_configuration
        if isinstance(configuration, KubernetesRunner):
            for name in WRITE_ONLY_AUTH:
                value = getattr(configuration.cluster.auth, name)
                if isinstance(value, str) and value:
                    yield runner, (*_CLUSTER_AUTH, name)
