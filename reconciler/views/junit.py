"""Findings as JUnit XML, which most CI systems show as test results.

One test case for each rule, and one for each rule and file with findings. An error is a failed
test. JUnit has no warnings: they are in the output of a test that passed. Rules that could not be
evaluated and rules that are off are skipped tests. Failures before any rule are errors.
"""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from reconciler.model.finding import Finding, Severity
from reconciler.passes.result import PassResult
from reconciler.plan.action import Unexamined
from reconciler.rules.registry import RULES
from reconciler.views import conclusion, unseen
from reconciler.views.pages import topics
from reconciler.views.quotation import quotation
from reconciler.views.visible import visible

_COLUMNS = 100


def render(result: PassResult) -> str:
    """One XML document, ending with a line break."""
    cases = [*_trouble(result), *_of_files(result), *_of_rules(result), *_others(result)]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    suite = ET.Element("testsuite", {"name": f"reconciler {result.purpose}", **counts})
    suite.extend(cases)
    noted = [
        f"{title}: {listed}"
        for title, listed in (
            ("Checked, not applied", unseen.checked_only(result)),
            ("Left alone", unseen.left_alone(result)),
        )
        if listed
    ]
    if noted:
        ET.SubElement(suite, "system-out").text = "\n".join(noted)
    root = ET.Element("testsuites", {"name": "reconciler", **counts})
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(group: str, name: str, file: str = "") -> ET.Element:
    case = ET.Element("testcase", classname=visible(group), name=visible(name))
    if file:
        case.set("file", visible(file))
    return case


def _add_part(case: ET.Element, tag: str, message: str, lines: Sequence[str] = (), *, kind: str = "") -> None:
    part = ET.SubElement(case, tag, message=visible(message))
    if kind:
        part.set("type", kind)
    if lines:
        part.text = "\n".join(map(visible, lines))


def _trouble(result: PassResult) -> Iterator[ET.Element]:
    if result.error:
        case = _case("reconciler", "The files and settings can be read")
        _add_part(case, "error", result.error, [result.advice] if result.advice else ())
        yield case
    for target in result.targets:
        if target.error:
            what = "is free of errors" if target.stopped_by else "can be read"
            case = _case("targets", f"Target {target.target} {what}")
            _add_part(case, "error", target.error, [target.advice] if target.advice else ())
            yield case
    for refusal in conclusion.refusals(result):
        case = _case("guards", f"Guard {refusal.guard} of target {refusal.target}")
        lines = [f"To allow this one case: {refusal.approval}"]
        _add_part(case, "failure", refusal.message, lines, kind="refused")
        yield case
    for one in conclusion.accepted(result):
        case = _case(
            "guards", f"Guard {one.refusal.guard} of target {one.refusal.target}, allowed by approval"
        )
        names = ", ".join(map(str, one.refusal.keys))
        ET.SubElement(case, "system-out").text = visible(f"{conclusion.accepted_text(one)}: {names}")
        yield case


def _of_files(result: PassResult) -> Iterator[ET.Element]:
    """One case for each rule and file with findings, by file."""
    known = topics()
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in result.all_findings:
        groups.setdefault((finding.origin.file, finding.rule), []).append(finding)
    for (file, rule), found in sorted(groups.items()):
        title = f": {known[rule].title}" if rule in known else ""
        case = _case(file or "reconciler", f"{rule}{title}", file)
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        if errors:
            message = errors[0].message if len(errors) == 1 else conclusion.findings_text(tuple(errors))
            _add_part(case, "failure", message, _lines(errors, result), kind=rule)
        warnings = [finding for finding in found if finding.severity is not Severity.ERROR]
        if warnings:
            ET.SubElement(case, "system-out").text = "\n".join(map(visible, _lines(warnings, result)))
        yield case


def _lines(found: Sequence[Finding], result: PassResult) -> list[str]:
    lines: list[str] = []
    for finding in found:
        tail = " (also without this change)" if finding in (result.existing or ()) else ""
        lines.append(f"{finding.origin}: {finding.severity} {finding.rule}: {finding.message}{tail}")
        excerpt = result.excerpts.get(finding.origin)
        if excerpt is not None:
            lines += [f"    {line}" for line in quotation(excerpt, finding.origin.line, _COLUMNS)]
        lines += [f"    see also {other}" for other in finding.others]
        lines += [f"    {finding.advice}"] if finding.advice else []
    return lines


def _of_rules(result: PassResult) -> Iterator[ET.Element]:
    """One case for each rule that found nothing, could not be evaluated, or is off."""
    if result.error:
        return
    with_findings = {finding.rule for finding in result.all_findings}
    reasons: dict[str, list[str]] = {}
    for switched, reason in result.rules_off:
        reasons.setdefault(switched, []).append(f"switched off in the settings: {reason}")
    for one in result.silenced:
        reasons.setdefault(one.rule, []).append(f"switched off by annotation at {one.place}: {one.reason}")
    for blind in sorted(set(result.unknown), key=lambda blind: (blind.rule, blind.reason)):
        reasons.setdefault(blind.rule, []).append(f"unknown: {blind.reason}")
    for rule_id, rule in RULES.items():
        why = reasons.get(rule_id, [])
        if rule_id in with_findings and not why:
            continue
        case = _case("rules", f"{rule_id}: {rule.title}")
        if why:
            _add_part(case, "skipped", "; ".join(why))
        yield case


def _others(result: PassResult) -> Iterator[ET.Element]:
    for item in unseen.others(result):
        if not _is_reported(item, result):
            case = _case("not examined", item.subject)
            _add_part(case, "skipped", item.reason)
            yield case


def _is_reported(item: Unexamined, result: PassResult) -> bool:
    """True for targets that could not be read: `_trouble` reports them as errors."""
    return any(item.subject == f"target {target.target}" for target in result.targets if target.error)
