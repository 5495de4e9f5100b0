"""Parts of containers that Agents and runners share: image, resources, fields that must be usable as they stand."""

from collections.abc import Iterator, Mapping

from reconciler.facts.pattern import is_filled_in
from reconciler.model.installation import Amounts, Resources
from reconciler.model.json import Json, JsonObject
from reconciler.vendor.kubernetes_name import ENTRY, LABEL, SUBDOMAIN
from reconciler.vendor.quantity import canonical

_HOST_SIGNS = (".", ":")


def mirrored(name: str, registry: str | None) -> str:
    """An image or chart with the host replaced by a registry, which can have a path; None changes nothing.

    >>> mirrored("ghcr.io/humanitec/agent:1.8.4", "registry.example.com/mirror")
    'registry.example.com/mirror/humanitec/agent:1.8.4'
    """
    if registry is None:
        return name
    scheme, separator, rest = name.rpartition("://")
    host, slash, path = rest.partition("/")
    is_host = slash and (host == "localhost" or any(sign in host for sign in _HOST_SIGNS))
    return f"{scheme}{separator}{registry}/{path if is_host else rest}"


def repository_and_tag(image: str) -> tuple[str, str]:
    """Repository and tag of an image, the tag is "" if it has none. A digest stays with the repository."""
    if "@" in image:
        return image, ""
    folder, slash, last = image.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{folder}{slash}{name}", tag


def resources(
    declared: Resources | None, requests: Mapping[str, str], limits: Mapping[str, str]
) -> JsonObject:
    """Resources in the spelling of the API server, so that a later comparison finds no difference.

    `requests` and `limits` are the vendor's; each is replaced as a whole if the document has its own.
    """
    own = declared or Resources()
    wanted = {
        "limits": limits if own.limits is None else amounts(own.limits),
        "requests": requests if own.requests is None else amounts(own.requests),
    }
    return {
        name: {resource: canonical(amount) for resource, amount in found.items()}
        for name, found in wanted.items()
        if found
    }


def amounts(declared: Amounts) -> dict[str, str]:
    """Declared amounts by the name of the resource."""
    found = declared.model_dump(by_alias=True, exclude_none=True)
    return {name: str(amount) for name, amount in found.items()}


def pull_secrets(names: tuple[str, ...] | None) -> list[Json] | None:
    """`imagePullSecrets` of a pod, None if there are none."""
    return [{"name": name} for name in names] if names else None


def unusable(image: str, namespaces: Mapping[str, str], secret: str, entry: str) -> Iterator[str]:
    """Sentences about texts that no API server would accept. `namespaces` are named by their fields."""
    texts = {
        **dict.fromkeys(namespaces.items(), LABEL),
        ("privateKey.secretName", secret): SUBDOMAIN,
        ("privateKey.secretKey", entry): ENTRY,
    }
    for field, text in (("image", image), *texts):
        if is_filled_in(text):
            yield f"`{field}` is filled in by another tool"
    for (field, text), limit in texts.items():
        if limit.problem(text):
            yield f"`{field}` {limit.problem(text)}"
