"""Plain secrets in the text of templates: `templates.secrets` of the Template driver, and Secrets in manifests.

A value that a template computes is not a plain secret.
"""

from collections.abc import Iterator

from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.pattern import is_literal
from reconciler.model.json import Json, Path
from reconciler.model.secret_name import variable_names_secret

_TEMPLATES: Path = ("driver_inputs", "values", "templates")
_MEMBERS = ("init", "manifests", "outputs", "secrets")
_SECRET_BLOCKS = frozenset(("stringData", "data"))


def template_secrets(definition: DeclaredDefinition) -> Iterator[tuple[Path, str]]:
    """Path below `entity` of each text that contains plain secrets, and their names, never their values."""
    for path, text in _template_texts(definition):
        for name in dict.fromkeys(_named(definition, text, is_secret=path[3] == "secrets")):
            yield path, name


def unread_templates(definition: DeclaredDefinition) -> Iterator[Path]:
    """Paths below `entity` of template texts that cannot be read."""
    return (path for path, text in _template_texts(definition) if not definition.read(text).is_readable)


def _template_texts(definition: DeclaredDefinition) -> Iterator[tuple[Path, str]]:
    templates = definition.template_members
    for member in _MEMBERS:
        if member in templates:
            yield from _texts(templates[member], (*_TEMPLATES, member))


def _texts(value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _texts(child, (*path, name))


def _named(definition: DeclaredDefinition, text: str, *, is_secret: bool) -> Iterator[str]:
    """Names of members with a literal value that is secret, by its position or by its name."""
    stack: list[tuple[Json, bool]] = [(one, is_secret) for one in reversed(definition.read(text).documents)]
    while stack:
        value, is_inside = stack.pop()
        if isinstance(value, list):
            stack.extend((item, is_inside) for item in reversed(value))
        if not isinstance(value, dict):
            continue
        inner: list[tuple[Json, bool]] = []
        for name, child in value.items():
            is_block = name in _SECRET_BLOCKS and value.get("kind") == "Secret"
            if isinstance(child, dict | list):
                inner.append((child, is_inside or is_block))
            elif isinstance(child, str) and "\n" in child.strip() and len(child) < len(text):
                yield from _named(definition, child, is_secret=is_inside)
            if (is_inside or variable_names_secret(name)) and is_literal(child):
                yield name
        stack.extend(reversed(inner))
