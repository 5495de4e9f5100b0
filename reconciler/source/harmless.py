"""Which names and texts of a file are known to be harmless, so that they can be printed.

A closed list of names, and a narrow form of texts: everything else is treated as a secret.
`reconciler.source.excerpt` checks every part of a line.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any, get_args

from pydantic import BaseModel

from reconciler.model.agent import AgentDocument
from reconciler.model.key import KeyDocument
from reconciler.model.operator import OperatorDocument
from reconciler.model.resource_definition import DefinitionDocument
from reconciler.model.runner import RunnerDocument
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.settings import Settings

_MAX_NAME_CHARACTERS = 60
_MAX_VALUE_CHARACTERS = 200
_MODELS: tuple[type[BaseModel], ...] = (
    AgentDocument,
    DefinitionDocument,
    KeyDocument,
    OperatorDocument,
    RunnerDocument,
    SecretStoreDocument,
    Settings,
)
HARMLESS = frozenset(
    """
    apiVersion kind id name type driver_type driver_account class env_type app_id env_id res_id
    organization organizations orgs agent operator runner cluster cluster_type namespace image host
    method replicas minReplicas maxReplicas chart chartVersion appVersion version instance
    url repoURL branch targetRevision path region location zone project_id projectID tenant_id tenantID
    loadbalancer agent_url agent_id platform kubernetesVersion network definitions public primary default
    kvVersion env_type_id service_account serviceAccount serviceAccountName bucket prune drift severity
    until profile mode primaryStore inCluster internal_ip is_default in_place_driver_change directory
    context maxDelete protect runAsUser runAsGroup fsGroup runAsNonRoot privileged
    allowPrivilegeEscalation readOnlyRootFilesystem dropCapabilities bits algorithm every paths
    selfHosted none concurrency pollSeconds resyncSeconds backoffMaxSeconds listen maxFiles
    maxFileBytes maxTotalBytes maxDepth maxNodes privateHosts server delivery registry logLevel
    orchestratorUrl resourceGroup waitSeconds networkPolicy connectionIdFromPod cpu memory
    """.split()  # noqa: SIM905  a list of quoted words is harder to read
)
"""Names whose values are ids, places, versions, numbers or words from a closed set."""
_MORE_NAMES = frozenset(
    """
    << auth client_email client_id credentials data env file helmValues init labels manifests outputs
    password private_key ref source sources ssh_key store stringData syncPolicy template templates token
    user username value
    """.split()  # noqa: SIM905  as above
)
"""More names that are shown, even if their values are secret."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(?:[/#][A-Za-z0-9_.-]+)?")
_PLACEHOLDER = re.compile(r"""\$\{(?:context|resources)\b[\w.#'"\[\]<>@-]*\}""", re.ASCII)
_REFERENCES = re.compile(rf"(?:{_PLACEHOLDER.pattern})+", re.ASCII)
CLOSED_WORDS = ("true", "false", "null", "~")
"""Values that cannot be secret, as written in a file."""
_WORDS = re.compile(r"[\w ./:#@<>*,+-]*", re.ASCII)
_PIECE = re.compile(r"[A-Za-z0-9]+")
_CALM_PIECE = re.compile(
    r"[A-Za-z0-9]{1,8}|[A-Z]?[a-z]{1,22}(?:[A-Z][a-z]{2,20}){0,4}[0-9]{0,4}|[A-Z]{1,16}|[0-9]{1,12}"
)
_ISSUED = re.compile(
    r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat|glpat|xox[a-z]-|sk-|AKIA|ASIA|eyJ|hvs\.|AIza|npm_|pypi-)"
)
_SCP_USER = re.compile(r"(?:ssh://)?git@[\w.-]+[:/]", re.ASCII)


def is_reference(text: str) -> bool:
    """True for text that consists of placeholders: they refer to a value but do not contain it, whatever their key."""
    return len(text) <= _MAX_VALUE_CHARACTERS and _REFERENCES.fullmatch(text) is not None and _is_calm(text)


def is_name(text: str) -> bool:
    """True for text that looks like a name chosen by a person."""
    return len(text) <= _MAX_NAME_CHARACTERS and _NAME.fullmatch(text) is not None and _is_calm(text)


def is_harmless(text: str) -> bool:
    """True for plain words, addresses without credentials, numbers and placeholders."""
    if len(text) > _MAX_VALUE_CHARACTERS:
        return False
    words = _SCP_USER.sub("", _PLACEHOLDER.sub(" ", text), count=1)
    return "@" not in words and _WORDS.fullmatch(words) is not None and _is_calm(words)


def _is_calm(text: str) -> bool:
    """True if no part looks random or issued by a service."""
    return _ISSUED.search(text) is None and all(
        _CALM_PIECE.fullmatch(piece) for piece in _PIECE.findall(text)
    )


@cache
def vocabulary() -> frozenset[str]:
    """All field names of this tool's formats, and some of other formats."""
    return HARMLESS | _MORE_NAMES | {name for model in _MODELS for name in _field_names(model)}


def _field_names(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield info.alias or name
        for inner in _models_in(info.annotation):
            yield from _field_names(inner)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    yield from chain.from_iterable(map(_models_in, get_args(annotation)))
