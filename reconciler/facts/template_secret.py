"""Plain secrets in the text of templates: `templates.secrets` of the Template driver, and Secrets in manifests.

Only whole lines are read, as YAML and as JSON write a member. What a template computes is no plain secret.
"""

import re
from collections.abc import Iterator

from reconciler.facts.definition import DeclaredDefinition, dig
from reconciler.facts.pattern import is_literal
from reconciler.model.json import Json, Path
from reconciler.model.secret_name import variable_names_secret

_TEMPLATES: Path = ("driver_inputs", "values", "templates")
_MEMBERS = ("init", "manifests", "outputs", "secrets")
_LINE = re.compile(
    r"""(?P<indent>[ \t]*)(?:-[ \t]+)?"""
    r"""(?P<quote>["']?)(?P<name>[A-Za-z0-9_.-]+)(?P=quote)[ \t]*:(?:[ \t]+(?P<value>.*))?"""
)
_NO_VALUES = frozenset(("", "~", "null", "true", "false", "|", "|-", "|+", ">", ">-", ">+", "{", "["))
_SECRET_BLOCKS = frozenset(("stringData", "data"))
_IS_SECRET = re.compile(r"""^[ \t]*["']?kind["']?[ \t]*:[ \t]*["']?Secret["']?,?[ \t]*$""", re.MULTILINE)


def template_secrets(definition: DeclaredDefinition) -> Iterator[tuple[Path, str]]:
    """Path of each text below `entity` that holds plain secrets, and their names, never their values."""
    templates = definition.input("values", "templates")
    for member in _MEMBERS:
        for path, text in _texts(dig(templates, member), (*_TEMPLATES, member)):
            for name in dict.fromkeys(_named(text, is_secret=member == "secrets")):
                yield path, name


def _texts(value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _texts(child, (*path, name))


def _named(text: str, *, is_secret: bool) -> Iterator[str]:
    """Names of members with a literal value that is secret: by where it stands, or by its name."""
    holds_secret = _IS_SECRET.search(text) is not None
    block: int | None = None
    for line in text.splitlines():
        found = _LINE.fullmatch(line.rstrip().rstrip(","))
        if found is None:
            continue
        indent, name = len(found["indent"]), found["name"]
        if block is not None and indent <= block:
            block = None
        if name in _SECRET_BLOCKS and holds_secret and not found["value"]:
            block = indent
        elif _is_plain(found["value"]) and (is_secret or block is not None or variable_names_secret(name)):
            yield name


def _is_plain(value: str | None) -> bool:
    text = (value or "").split(" #", 1)[0].strip()
    if text in _NO_VALUES or text.startswith(("{", "[", "*", "&", "!")):
        return False
    return is_literal(text.strip("\"'"))
