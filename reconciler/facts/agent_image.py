"""Name and version of the Agent's image, and what newer images lack (agent and operator 2.1)."""

from dataclasses import dataclass

from reconciler.facts.definition import dig
from reconciler.model.installation import AgentInstall
from reconciler.vendor.version import is_older

_DISTROLESS = "distroless"
_WITHOUT_SHELL = "1.4.0"
"""First version whose image is distroless by default."""


@dataclass(frozen=True, slots=True)
class Image:
    """Parts of an image's name. `tag` is "" if there is none.

    >>> image("registry.example.com:5000/agent:1.8.4")
    Image(tag='1.8.4', has_digest=False)
    """

    tag: str
    has_digest: bool


def image(text: str) -> Image:
    """Parts of an image's name."""
    name, _, digest = text.partition("@")
    return Image(name.rpartition("/")[2].partition(":")[2], bool(digest))


def tag_of(install: AgentInstall) -> str:
    """Tag of the image of an installation, "" if it is not declared."""
    if install.image is not None:
        return image(install.image).tag
    value = dig(install.helmValues, "image", "tag")
    return str(value) if isinstance(value, str | int | float) else ""


def lacks_shell(tag: str) -> bool | None:
    """True for images that contain only the Agent; None if the tag is not a version."""
    if _DISTROLESS in tag:
        return True
    older = is_older(tag, _WITHOUT_SHELL)
    return None if older is None else not older
