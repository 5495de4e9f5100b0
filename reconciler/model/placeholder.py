"""Placeholders in definition inputs: `${context.…}` and `${resources.…}` (v1 reference 10.2)."""

import re
from dataclasses import dataclass
from functools import lru_cache

_RESOURCE = re.compile(
    r"""resources(?:\.(?P<plain>[^.\[\]'"]+)|\[\s*(?P<quote>['"])(?P<quoted>.+?)(?P=quote)\s*\])(?P<accessor>.*)""",
    re.DOTALL,
)
_NODE = re.compile(r"(?P<type>[^.#<>]+)(?:\.(?P<class>[^#<>]+))?(?:#(?P<id>[^<>]+))?")
_STEP = re.compile(r"""\.(?P<plain>[^.\[\]'"]+)|\[\s*(?P<quote>['"])(?P<quoted>.+?)(?P=quote)\s*\]""")


@dataclass(frozen=True, slots=True)
class Selector:
    """Selects a resource. `class_name` and `res_id` are None if omitted: those of the referring resource apply."""

    type: str
    class_name: str | None
    res_id: str | None


@dataclass(frozen=True, slots=True)
class ResourceReference:
    """One parsed `${resources…}` placeholder.

    `class_name` and `res_id` are None if omitted: those of the referring resource apply.
    `accessor` is what follows the selector, such as `.outputs.url`. `is_traversal` marks
    selectors with `<` or `>`, whose node is the first of the chain.
    """

    text: str
    type: str
    class_name: str | None
    res_id: str | None
    accessor: str
    is_traversal: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """Parts of the accessor, in either notation.

        >>> resource_references("${resources.agent.outputs['url']}")[0].steps
        ('outputs', 'url')
        """
        return tuple(found["plain"] or found["quoted"] for found in _STEP.finditer(self.accessor))

    @property
    def output(self) -> str | None:
        """Name of the output that is referred to, None if it is not an output."""
        steps = self.steps
        return steps[1] if len(steps) > 1 and steps[0] == "outputs" else None


def placeholders(text: str) -> list[str]:
    r"""Contents of every placeholder; `$\{` is an escape and never matches.

    >>> placeholders("a-${context.app.id}-${resources.dns.outputs.host}")
    ['context.app.id', 'resources.dns.outputs.host']
    """
    found: list[str] = []
    start = text.find("${")
    while start != -1:
        end = text.find("}", start)
        if end == -1:
            break
        found.append(text[start + 2 : end].strip())
        # Continue after this one: searching it again would take quadratic time and space.
        start = text.find("${", end)
    return found


def head_and_steps(inside: str) -> tuple[str, tuple[str, ...]]:
    """Root of a placeholder and the steps below it, in either notation.

    >>> head_and_steps("context['app'].id"), head_and_steps("var")
    (('context', ('app', 'id')), ('var', ()))
    """
    head = re.split(r"[.\[\s]", inside, maxsplit=1)[0]
    steps = tuple(found["plain"] or found["quoted"] for found in _STEP.finditer(inside[len(head) :]))
    return head, steps


def has_placeholder(text: str) -> bool:
    """True if any part of the text is filled in at deployment."""
    return bool(placeholders(text))


def resource_references(text: str) -> list[ResourceReference]:
    """Every resource reference in the text, in order.

    >>> [(r.type, r.class_name, r.res_id, r.accessor)
    ...  for r in resource_references("${resources['agent.default#agent'].outputs.url}")]
    [('agent', 'default', 'agent', '.outputs.url')]
    """
    return [reference for inside in placeholders(text) if (reference := _reference(inside)) is not None]


def sole_reference(text: str) -> ResourceReference | None:
    """The reference that the text consists of, None if it is anything else.

    >>> sole_reference("x-${resources.agent.outputs.url}") is None
    True
    """
    text = text.strip()
    if not text.startswith("${") or text.find("}") != len(text) - 1:
        return None
    return _reference(text[2:-1].strip())


@lru_cache(maxsize=4096)
def _reference(inside: str) -> ResourceReference | None:
    matched = _RESOURCE.fullmatch(inside)
    if matched is None:
        return None
    selector = matched["quoted"] or matched["plain"]
    node = _NODE.match(selector)
    if node is None:
        return None
    return ResourceReference(
        text="${" + inside + "}",
        type=node["type"],
        class_name=node["class"],
        res_id=node["id"],
        accessor=matched["accessor"],
        is_traversal="<" in selector or ">" in selector,
    )


@lru_cache(maxsize=4096)
def parse_selector(text: str) -> Selector | None:
    """Selector in a key of `provision` (v1 reference 4.8); None if the text is not a selector.

    >>> parse_selector("aws-policy.s3-admin")
    Selector(type='aws-policy', class_name='s3-admin', res_id=None)
    """
    matched = _NODE.fullmatch(text)
    return None if matched is None else Selector(matched["type"], matched["class"], matched["id"])
