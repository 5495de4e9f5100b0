"""Findings as a log of the Static Analysis Results Interchange Format, SARIF 2.1.0 (OASIS standard).

For GitHub code scanning, Azure DevOps and editors. Contains no lines of files: readers of SARIF take
them from the repository. What could not be evaluated, is switched off or failed is a notification of
the one invocation. Nothing depends on the time of the run.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote

from reconciler import __version__
from reconciler.model.finding import Finding
from reconciler.model.json import Json, JsonObject
from reconciler.model.origin import Origin
from reconciler.passes.result import PassResult
from reconciler.views import conclusion, unseen
from reconciler.views.pages import Topic, packaged_page, topics
from reconciler.views.visible import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "reconcilerFinding/v1"
"""Name of a fingerprint that survives moved lines, and changes with rule, file, object or message."""
ROOT = "%SRCROOT%"
_NO_FILE = "reconciler.yaml"
"""Place of findings not caused by a file: readers refuse results without a place."""


def render(result: PassResult, *, detailed: bool = False) -> str:
    """One log in ASCII, ending with a line break; `detailed` as in `PassResult.exit_code`."""
    return json.dumps(document(result, detailed=detailed), indent=2) + "\n"


def document(result: PassResult, *, detailed: bool = False) -> JsonObject:
    """The log of one run."""
    index = {rule: number for number, rule in enumerate(_rules_of(result))}
    known = topics()
    described: list[Json] = [_descriptor(rule, known.get(rule)) for rule in index]
    failed = bool(result.error) or any(target.error for target in result.targets)
    invocation: JsonObject = {
        "executionSuccessful": not failed,
        "exitCode": int(result.exit_code(detailed=detailed)),
        "toolExecutionNotifications": [*_failures(result), *_unseen(result, index)],
        "toolConfigurationNotifications": list(_switched(result, index)),
    }
    run: JsonObject = {
        "tool": {
            "driver": {
                "name": "reconciler",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": described,
            }
        },
        "automationDetails": {"id": f"reconciler/{result.purpose}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the tree that was read."}}},
        "invocations": [invocation],
        "results": list(_results(result, index)),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules_of(result: PassResult) -> list[str]:
    """Every rule that the log names, sorted."""
    named = {
        *(finding.rule for finding in result.all_findings),
        *(one.rule for one in result.unknown),
        *(rule for rule, _ in result.rules_off),
        *(one.rule for one in result.silenced),
    }
    return sorted(named, key=conclusion.rule_order)


def _descriptor(rule: str, topic: Topic | None) -> JsonObject:
    if topic is None:
        return {"id": rule}
    labelled = topic.paragraphs
    paragraphs = [f"{label}: {text}" for label, text in labelled]
    page = packaged_page(rule)
    described: JsonObject = {
        "id": rule,
        "shortDescription": {"text": topic.title},
        "fullDescription": {"text": next((text for label, text in labelled if label == "Why"), topic.title)},
        "help": {
            "text": "\n\n".join([topic.title, *paragraphs]),
            "markdown": page or "\n\n".join([f"**{topic.title}**", *paragraphs]),
        },
        "properties": {"tags": ["gitops", "platform-orchestrator"]},
    }
    if topic.severity is not None:
        described["defaultConfiguration"] = {"level": str(topic.severity)}
    return described


def _results(result: PassResult, index: dict[str, int]) -> Iterable[JsonObject]:
    seen: Counter[str] = Counter()
    for finding in result.all_findings:
        identity = _identity(finding)
        seen[identity] += 1
        members: JsonObject = {
            "ruleId": finding.rule,
            "ruleIndex": index[finding.rule],
            "level": str(finding.severity),
            "message": {"text": visible(_sentence(finding.message) + finding.advice).strip()},
            "locations": [_location(finding)],
            "partialFingerprints": {FINGERPRINT: _digest(f"{identity}\0{seen[identity]}")},
        }
        if result.existing is not None:
            members["baselineState"] = "unchanged" if finding in result.existing else "new"
        if finding.others:
            members["relatedLocations"] = [
                {"id": number, "physicalLocation": _physical(other), "message": {"text": "See also."}}
                for number, other in enumerate(finding.others, start=1)
            ]
        yield members


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}. "


def _identity(finding: Finding) -> str:
    """What identifies a finding after lines have moved."""
    return "\0".join((finding.rule, finding.origin.file, str(finding.key or ""), finding.message))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _location(finding: Finding) -> JsonObject:
    place: JsonObject = {"physicalLocation": _physical(finding.origin)}
    if finding.key is not None:
        place["logicalLocations"] = [{"fullyQualifiedName": visible(str(finding.key)), "kind": "resource"}]
    return place


def _physical(origin: Origin) -> JsonObject:
    region: JsonObject = {"startLine": max(origin.line, 1)}
    if origin.line and origin.column:
        region["startColumn"] = origin.column
    return {"artifactLocation": _artifact(origin.file or _NO_FILE), "region": region}


def _artifact(path: str) -> JsonObject:
    """Path as a URI reference (RFC 3986), relative to the root unless it is absolute."""
    escaped = quote(path, safe="/", errors="backslashreplace")
    if path.startswith("/"):
        return {"uri": f"file://{escaped}"}
    return {"uri": escaped, "uriBaseId": ROOT}


def _notification(level: str, text: str, rule: JsonObject | None = None) -> JsonObject:
    members: JsonObject = {"level": level, "message": {"text": visible(text)}}
    if rule is not None:
        members["associatedRule"] = rule
    return members


def _failures(result: PassResult) -> Iterable[JsonObject]:
    if result.error:
        yield _notification("error", f"{_sentence(result.error)}{result.advice}".strip())
    for target in result.targets:
        if target.error:
            yield _notification(
                "error", f"Target {target.target}: {_sentence(target.error)}{target.advice}".strip()
            )
    for refusal in conclusion.refusals(result):
        yield _notification(
            "error",
            f"Guard {refusal.guard} refuses target {refusal.target}: {refusal.message}. To allow this one "
            f"case: {refusal.approval}",
        )
    for one in conclusion.accepted(result):
        yield _notification("note", conclusion.accepted_text(one))


def _unseen(result: PassResult, index: dict[str, int]) -> Iterable[JsonObject]:
    for group in unseen.blind(result):
        text = f"Unknown, because {group.reason}: {', '.join(group.rules)}"
        first = group.rules[0]
        yield _notification("note", text, {"id": first, "index": index[first]})
    for item in unseen.others(result):
        yield _notification(
            "warning" if item.is_failure else "note", f"Not examined: {item.subject}: {item.reason}"
        )
    if result.checked_only:
        yield _notification("note", f"Checked, not applied: {unseen.checked_only(result)}")
    if result.left_alone:
        yield _notification("note", f"Left alone: {unseen.left_alone(result)}")


def _switched(result: PassResult, index: dict[str, int]) -> Iterable[JsonObject]:
    for rule, reason in result.rules_off:
        yield _notification(
            "note", f"{rule} is switched off in the settings: {reason}", {"id": rule, "index": index[rule]}
        )
    for one in result.silenced:
        members = _notification(
            "note",
            f"{one.rule} is switched off by an annotation: {one.reason}",
            {"id": one.rule, "index": index[one.rule]},
        )
        members["locations"] = [{"physicalLocation": _physical(one.place)}]
        yield members
