"""Output that a person pasted: of `az container show`, `docker inspect`, `nc`, logs, and errors of deployments.

Documents in JSON and lines can be mixed, in any order, as several commands print them one after another.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.diagnosis.check import Check, ok, problem, unknown, warning
from reconciler.diagnosis.workload import LONGEST_LINE, symptom_check
from reconciler.facts.agent_log import Connection, read_log
from reconciler.facts.definition import dig
from reconciler.facts.egress import reaches
from reconciler.facts.log_cause import REMEDIES, Cause, symptom
from reconciler.model.json import Json, JsonObject
from reconciler.model.wording import plural

_GOOD = ("running",)
_STARTING = ("waiting", "created", "restarting", "pending", "creating")


@dataclass(frozen=True, slots=True)
class Pasted:
    """A text in its parts."""

    documents: tuple[Json, ...]
    lines: tuple[str, ...]


def parted(text: str) -> Pasted:
    r"""Documents and lines of a text; what only begins like a document is lines.

    >>> parted('{"state": "Running"}\nlevel=INFO msg=Starting')
    Pasted(documents=({'state': 'Running'},), lines=('level=INFO msg=Starting',))
    """
    decoder, documents, lines = json.JSONDecoder(), list[Json](), list[str]()
    rest = text
    while rest:
        if rest.lstrip(" \t")[:1] in ("{", "["):
            begin = len(rest) - len(rest.lstrip(" \t"))
            try:
                found, end = decoder.raw_decode(rest, begin)
            except (ValueError, RecursionError):
                pass
            else:
                documents.append(found)
                rest = rest[end:].lstrip(" \t\r\n")
                continue
        line, _, rest = rest.partition("\n")
        if line.strip():
            lines.append(line.rstrip("\r"))
    return Pasted(tuple(documents), tuple(lines))


def pasted_checks(text: str, refused_by: Sequence[str] = ()) -> Iterator[Check]:
    """What the text says. `refused_by` are organizations that accept no key of an Agent on another host."""
    found = parted(text)
    checks = [check for document in found.documents for check in _of_document(document)]
    checks += _egress(found.lines)
    checks += _log(found.lines, refused_by)
    if not checks:
        yield unknown(
            "pasted",
            "nothing in it is a state or a line that says whether the product is connected",
            "Paste the output of `az container show`, `az container logs`, `docker logs` or `docker inspect`.",
        )
    yield from checks


def _of_document(document: Json) -> Iterator[Check]:
    """States of containers, wherever the three commands put them."""
    for item in document if isinstance(document, list) else [document]:
        if not isinstance(item, dict):
            continue
        containers = item.get("containers")
        for container in containers if isinstance(containers, list) else ():
            if isinstance(container, dict):
                view = dig(container, "instanceView")
                yield from _state(dig(view, "currentState"), str(container.get("name", "container")), view)
        if "state" in item:
            yield from _state(item, "container", item)
        elif isinstance(item.get("State"), dict):
            yield from _of_docker(item)


def _of_docker(item: JsonObject) -> Iterator[Check]:
    state = {
        "state": dig(item, "State", "Status"),
        "exitCode": dig(item, "State", "ExitCode"),
        "detailStatus": dig(item, "State", "Error"),
    }
    yield from _state(
        state, str(item.get("Name", "container")).lstrip("/"), {"restartCount": item.get("RestartCount")}
    )


def _state(state: Json, name: str, view: Json) -> Iterator[Check]:
    word = dig(state, "state")
    if not isinstance(word, str):
        return
    detail, code = dig(state, "detailStatus"), dig(state, "exitCode")
    more = f" ({detail[:LONGEST_LINE]})" if isinstance(detail, str) and detail else ""
    if word.lower() in _GOOD:
        yield ok("state", f"{name} is {word}{more}")
    elif word.lower() in _STARTING:
        yield warning("state", f"{name} is {word}{more}", "Look again in a minute.")
    else:
        ended = "" if code is None else f", exit code {code}"
        yield problem("state", f"{name} is {word}{ended}{more}", "Its log says why; paste it as well.")
    restarts = dig(view, "restartCount")
    if isinstance(restarts, int) and restarts > 0:
        yield warning("restarts", f"{name} was restarted {plural(restarts, 'time')}")


def _egress(lines: Sequence[str]) -> list[Check]:
    for line in reversed(lines):
        found = reaches(line.strip())
        if found:
            return [ok("egress", f"the host is reached: {line.strip()[:LONGEST_LINE]}")]
        if found is False:
            steps = REMEDIES[Cause.UNREACHABLE].steps
            return [problem("egress", f"the host is not reached: {line.strip()[:LONGEST_LINE]}", *steps)]
    return []


def _log(lines: Sequence[str], refused_by: Sequence[str]) -> list[Check]:
    found, seen = symptom(lines), read_log(lines)
    checks = []
    if found is not None:
        checks.append(symptom_check(found, "the text", refused_by))
    elif seen.connection is Connection.CONNECTED:
        at = f" to {seen.host}" if seen.host else ""
        checks.append(ok("log", f"connected{at}"))
    if seen.version:
        checks.append(ok("version", f"reports version {seen.version}"))
    return checks
