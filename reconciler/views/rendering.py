"""What installations consist of, as files and commands. Nothing here contains a private key, only where it must be."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.facts.delivery import Delivery
from reconciler.footprint.kustomization import folder
from reconciler.footprint.trust import Trust
from reconciler.footprint.value import Footprint, Handover
from reconciler.footprint.yaml_text import to_yaml
from reconciler.model.json import Json, JsonObject
from reconciler.views.visible import visible

ELSEWHERE = "elsewhere"
"""Folder of installations on hosts that are not clusters; each has a folder of its own in it."""
SCRIPT = "install.sh"
"""File with the commands of an installation on such a host, to be run in its folder."""


def stream(footprints: Sequence[Footprint]) -> str:
    """All objects as one YAML stream, as `kubectl apply -f -` takes it; everything else is a comment."""
    return "".join(f"{part}\n" for one in footprints for part in _parts(one))


def _parts(one: Footprint) -> Iterator[str]:
    yield _comment(_head(one))
    for body in one.applied:
        yield "---\n" + to_yaml(body).rstrip("\n")
    if one.handover is not None:
        yield _comment(_handed_over(one.handover, shows_files=True))


def _comment(lines: Iterable[str]) -> str:
    """The lines as comments. None of them may begin another one, which would be an object of the stream."""
    return "\n".join(f"# {visible(line)}".rstrip() for line in lines)


def _head(one: Footprint) -> Iterator[str]:
    where = f"cluster {one.cluster}" if one.cluster else f"host {one.delivery}"
    how = "" if one.delivery is Delivery.NONE else f", delivery {one.delivery}"
    yield f"{one.installation} on {where}{how} ({one.origin})"
    if one.refusal:
        yield f"cannot be installed: {one.refusal}"
    for entry in one.needed:
        yield f"needs Secret {entry.namespace}/{entry.name} with entry {entry.entry}"
    for name in one.pull_secrets:
        yield f"needs Secret {name} with credentials of the registry"


def _handed_over(handover: Handover, *, shows_files: bool) -> Iterator[str]:
    for name, text in handover.files if shows_files else ():
        yield f"file {name}:"
        yield from (f"  {line}" for line in text.splitlines())
    for title, commands in (
        ("to make its Secret", handover.secret),
        ("to install", handover.install),
        ("to check", handover.check),
        ("to remove", handover.remove),
    ):
        if commands:
            yield f"{title}:"
            yield from (f"  {line}" for command in commands for line in command.splitlines())


def files(footprints: Sequence[Footprint]) -> Mapping[str, str]:
    """Texts of all files by path: a folder for each cluster, with a kustomization where something is applied.

    Installations on other hosts do not share a folder: their files may have equal names.
    """
    found: dict[str, str] = {}
    for cluster in sorted({one.cluster for one in footprints} - {""}):
        here = [one for one in footprints if one.cluster == cluster]
        found.update((f"{cluster}/{name}", text) for name, text in folder(here).items())
        for one in here:
            if one.handover is not None:
                found.update((f"{cluster}/{name}", text) for name, text in one.handover.files)
    for base, one in _elsewhere(footprints):
        if one.handover is not None:
            found.update((f"{base}/{name}", text) for name, text in one.handover.files)
            found[f"{base}/{SCRIPT}"] = _script(one, one.handover)
    return found


def _elsewhere(footprints: Iterable[Footprint]) -> Iterator[tuple[str, Footprint]]:
    """Installations on hosts that are not clusters, each with its folder: `elsewhere/agent-vm`.

    Further ones of the same document are numbered with a dot, which no id contains.
    """
    seen: Counter[str] = Counter()
    for one in footprints:
        if not one.cluster:
            kind, _, name = one.installation.partition("/")
            base = f"{ELSEWHERE}/{kind.lower()}-{name}"
            seen[base] += 1
            yield base if seen[base] == 1 else f"{base}.{seen[base]}", one


def _script(one: Footprint, handover: Handover) -> str:
    """The commands that install, for a shell that stops at the first failure; the others are comments."""
    rest = _handed_over(replace(handover, install=()), shows_files=False)
    return "\n".join((_comment(_head(one)), "set -e", *handover.install, _comment(rest), ""))


def steps(footprints: Sequence[Footprint]) -> str:
    """What is left to do by hand once the files are written, "" if nothing is."""
    lines: list[str] = []
    for one in footprints:
        more = () if one.handover is None else tuple(_handed_over(one.handover, shows_files=False))
        if more or one.needed or one.refusal:
            lines += [*_head(one), *(f"  {line}" for line in more), ""]
    return "".join(f"{visible(line)}\n" for line in lines)


def as_json(footprints: Sequence[Footprint]) -> str:
    """One document: `[{installation, cluster, delivery, place, refusal, objects, secrets, pullSecrets, handover}]`."""
    return json.dumps([_json(one) for one in footprints], indent=2) + "\n"


def _json(one: Footprint) -> JsonObject:
    handover: Json = None
    if one.handover is not None:
        handover = {
            "files": [{"name": name, "text": text} for name, text in one.handover.files],
            "secret": list(one.handover.secret),
            "install": list(one.handover.install),
            "check": list(one.handover.check),
            "remove": list(one.handover.remove),
        }
    return {
        "installation": one.installation,
        "cluster": one.cluster or None,
        "delivery": str(one.delivery),
        "place": str(one.origin),
        "refusal": one.refusal or None,
        "objects": list(one.applied),
        "secrets": [{"namespace": at.namespace, "name": at.name, "entry": at.entry} for at in one.needed],
        "pullSecrets": list(one.pull_secrets),
        "handover": handover,
    }


def trust_text(name: str, trust: Trust, *, is_terraform: bool) -> str:
    """Commands, or Terraform, by which a cloud trusts the jobs of a runner."""
    if is_terraform:
        return trust.terraform
    lines = [f"# {name}: {trust.platform}"]
    lines += [f"# set {variable}: {meaning}" for variable, meaning in trust.variables]
    lines += trust.commands
    if trust.document is not None:
        lines += ["", "# the trust policy on its own:"]
        lines += [f"#   {line}" for line in json.dumps(trust.document, indent=2).splitlines()]
    return "".join(f"{line}\n" for line in lines)
