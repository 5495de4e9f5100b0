"""The rule about the SSH agent from before 2024 (agent and operator 2.1, 2.3): R25.

It is incompatible with the current Agent: its image, key, port and host were different.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Foreign
from reconciler.model.finding import Severity
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.rules.over import AGENT_INSTALLS, MANIFESTS, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

F = TypeVar("F")

_IMAGE = re.compile(r"(?:^|/)(public/humanitec-agent:1\.0\.[0-9]{1,6})")
_HOST = re.compile(r"(?<![A-Za-z0-9._-])agent\.humanitec\.io(?![A-Za-z0-9_-]|\.[A-Za-z0-9])")
_VARIABLE = "REMOTE_PORT"
_KEY_FILE = "id.key"
_NAMES = ("humanitec-agent", "humanitec/agent")
_DEPLOYMENT = ("apps/v1", "Deployment")


@dataclass(frozen=True, slots=True)
class _Sign:
    """A trace of the old agent, in words, and its path. A weak one counts only where the Agent is involved."""

    what: str
    path: Path
    is_weak: bool = False


def _in_manifest(subject: Subject[Foreign]) -> Iterator[Answer]:
    if isinstance(subject.fact.raw.get("kind"), str):
        signs, is_agent = _signs(subject.fact.raw)
        if signs:
            yield _replaced(subject, signs, subject.fact.origin(signs[0].path), is_agent=is_agent)


def _in_install(subject: Subject[InstalledAgent]) -> Iterator[Answer]:
    signs = [*_of_install(subject.fact)]
    if signs:
        yield _replaced(subject, signs, subject.fact.origin(signs[0].path))


def _replaced(
    subject: Subject[F], signs: list[_Sign], origin: Origin, *, is_agent: bool = True, where: str = ""
) -> Answer:
    """Finding for the signs; only a warning for a host that is merely listed, as in a firewall, outside the Agent."""
    named = list(dict.fromkeys(sign.what for sign in signs))
    only_host = not is_agent and all(sign.what.startswith("host") for sign in signs)
    return subject.says(
        f"Settings of the discontinued SSH agent{where}: {', '.join(named)}",
        at=origin,
        advice="Remove the entry; the current Agent connects to `agent-01.humanitec.io`."
        if only_host
        else "Install the current Agent (image `ghcr.io/humanitec/agent`) with an RSA key, and remove the old one.",
        severity=Severity.WARNING if only_host else Severity.ERROR,
    )


def _signs(raw: JsonObject) -> tuple[list[_Sign], bool]:
    """Traces in a manifest, and whether it is about the Agent. Linear in its size."""
    found: list[_Sign] = []
    is_agent = False
    stack: list[tuple[Path, Json]] = [((), raw)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            found.extend(_of_names(value, path))
            stack.extend((((*path, name), child) for name, child in reversed(value.items())))
        elif isinstance(value, list):
            stack.extend(((*path, index), value[index]) for index in range(len(value) - 1, -1, -1))
        elif isinstance(value, str):
            found.extend(_of_text(value, path))
            is_agent = is_agent or any(name in value for name in _NAMES)
    return ([sign for sign in found if is_agent or not sign.is_weak]), is_agent


def _of_names(value: JsonObject, path: Path) -> Iterator[_Sign]:
    if _VARIABLE in value:
        yield _Sign(f"variable `{_VARIABLE}`", (*path, _VARIABLE), is_weak=True)
    elif value.get("name") == _VARIABLE:
        yield _Sign(f"variable `{_VARIABLE}`", (*path, "name"), is_weak=True)
    if _KEY_FILE in value:
        yield _Sign(f"file `{_KEY_FILE}`", (*path, _KEY_FILE), is_weak=True)


def _of_text(text: str, path: Path) -> Iterator[_Sign]:
    if "humanitec" in text:
        image = _IMAGE.search(text)
        if image is not None:
            yield _Sign(f"image `{image[1]}`", path)
        if _HOST.search(text) is not None:
            yield _Sign("host `agent.humanitec.io`", path)
    if text == _KEY_FILE or text.endswith("/" + _KEY_FILE):
        yield _Sign(f"file `{_KEY_FILE}`", path, is_weak=True)


def _of_install(installed: InstalledAgent) -> Iterator[_Sign]:
    install = installed.install
    texts: list[tuple[str | None, Path]] = [(install.image, ("image",))]
    if install.privateKey is not None:
        texts += [
            (install.privateKey.path, ("privateKey", "path")),
            (install.privateKey.secretKey, ("privateKey", "secretKey")),
        ]
    texts += [(value, ("env", name)) for name, value in (install.env or {}).items()]
    if _VARIABLE in (install.env or {}):
        yield _Sign(f"variable `{_VARIABLE}`", ("env", _VARIABLE))
    for text, path in texts:
        if text is not None:
            yield from _of_text(text, path)
    if install.helmValues is not None:
        signs, _ = _signs({"of": "humanitec-agent", "helmValues": install.helmValues})
        yield from signs


def _clusters(scope: Scope) -> Iterator[Subject[str]]:
    """Clusters with Agents, each once, at the place of its first Agent."""
    first: dict[str, InstalledAgent] = {}
    for installed in scope.agent_installs:
        if installed.install.cluster is not None:
            first.setdefault(installed.install.cluster, installed)
    for cluster, installed in first.items():
        place, key = installed.origin(("cluster",)), scope.key(Kind.AGENT, installed.id)
        yield Subject(cluster, scope, "", place, key)


CLUSTERS = Over("cluster with an Agent", _clusters)


def _on_cluster(subject: Subject[str]) -> Iterator[Answer]:
    for deployment in subject.seen.objects(subject.fact, *_DEPLOYMENT):
        if any(_NAMES[0] in image for image in _images(deployment.body)):
            signs, _ = _signs(deployment.body)
            if signs:
                name = f"{deployment.namespace}/{deployment.name}"
                where = f" in Deployment `{name}` of cluster `{subject.fact}`"
                yield _replaced(subject, signs, subject.place, where=where)


def _images(body: JsonObject) -> Iterator[str]:
    containers = dig(body, "spec", "template", "spec", "containers")
    for container in containers if isinstance(containers, list) else ():
        image = dig(container, "image")
        if isinstance(image, str):
            yield image


RULES = (
    Rule(
        id="R25",
        title="Nothing is left of the discontinued SSH agent",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.CLUSTER),
        over=MANIFESTS,
        check=_in_manifest,
        also=(Part(AGENT_INSTALLS, _in_install), Part(CLUSTERS, _on_cluster)),
    ),
)
