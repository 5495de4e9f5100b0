"""Placeholders in definition inputs: `${context.…}` and `${resources.…}` (v1 reference 10.2)."""

import re
from dataclasses import dataclass

_START = re.compile(r"\$\{")
_RESOURCE = re.compile(
    r"""resources(?:\.(?P<plain>[^.\[\]'"]+)|\[\s*(?P<quote>['"])(?P<quoted>.+?)(?P=quote)\s*\])(?P<accessor>.*)""",
    re.DOTALL,
)
_NODE = re.compile(r"(?P<type>[^.#<>]+)(?:\.(?P<class>[^#<>]+))?(?:#(?P<id>[^<>]+))?")


@dataclass(frozen=True, slots=True)
class ResourceReference:
    """One parsed `${resources…}` placeholder.

    `class_name` and `res_id` are None where left out: the referring resource's own apply.
    `accessor` is what follows the selector, such as `.outputs.url`. `is_traversal` marks
    selectors with `<` or `>`, whose node is the first of the chain.
    """

    text: str
    type: str
    class_name: str | None
    res_id: str | None
    accessor: str
    is_traversal: bool = False


def placeholders(text: str) -> list[str]:
    r"""Return the insides of every placeholder; `$\{` is an escape and never matches.

    >>> placeholders("a-${context.app.id}-${resources.dns.outputs.host}")
    ['context.app.id', 'resources.dns.outputs.host']
    """
    found: list[str] = []
    end = 0
    for start in _START.finditer(text):
        if start.start() < end:
            continue  # inside the one before: taking it again would cost quadratic time and space
        end = text.find("}", start.end())
        if end == -1:
            break
        found.append(text[start.end() : end].strip())
    return found


def has_placeholder(text: str) -> bool:
    """True where any part of the text is filled in at deployment."""
    return bool(placeholders(text))


def resource_references(text: str) -> list[ResourceReference]:
    """Return every resource reference in the text, in order.

    >>> [(r.type, r.class_name, r.res_id, r.accessor)
    ...  for r in resource_references("${resources['agent.default#agent'].outputs.url}")]
    [('agent', 'default', 'agent', '.outputs.url')]
    """
    found = []
    for inside in placeholders(text):
        matched = _RESOURCE.fullmatch(inside)
        if matched is None:
            continue
        selector = matched["quoted"] or matched["plain"]
        node = _NODE.match(selector)
        if node is None:
            continue
        found.append(
            ResourceReference(
                text="${" + inside + "}",
                type=node["type"],
                class_name=node["class"],
                res_id=node["id"],
                accessor=matched["accessor"],
                is_traversal="<" in selector or ">" in selector,
            )
        )
    return found
