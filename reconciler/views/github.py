"""Findings as workflow commands of GitHub Actions, which shows them next to the lines of a pull request.

GitHub keeps ten annotations of each level per step and silently drops the others. So the tenth
counts those that are left, and all findings follow as plain lines of the log.

Sources: GitHub's documentation of workflow commands for the syntax, the runner's parser for what
must be escaped.
"""

from collections.abc import Iterator, Sequence

from reconciler.model.finding import Finding, Severity
from reconciler.model.origin import Origin
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult
from reconciler.views import conclusion, unseen
from reconciler.views.quotation import quotation
from reconciler.views.visible import visible

MAX_ANNOTATIONS = 10
"""Annotations of one level that GitHub keeps for one step."""
_COLUMNS = 100


def render(result: PassResult) -> str:
    """Workflow commands, then the log, with the verdict as the last line."""
    errors = [*_trouble(result), *_annotations(result, Severity.ERROR)]
    warnings = [*_annotations(result, Severity.WARNING)]
    title = unseen.blind_title(result)
    unknown = [_command("notice", "reconciler: unknown", title)] if title else []
    notices = [*_accepted(result), *_existing(result), *unknown]
    lines = [
        *_at_most(errors, "error"),
        *_at_most(warnings, "warning"),
        *_at_most(notices, "notice"),
        *_log(result),
    ]
    return "".join(f"{line}\n" for line in lines)


def _at_most(commands: Sequence[str], level: str) -> list[str]:
    if len(commands) <= MAX_ANNOTATIONS:
        return list(commands)
    left = len(commands) - MAX_ANNOTATIONS + 1
    more = f"GitHub shows {MAX_ANNOTATIONS} annotations of a step; the log of the step has all findings."
    return [
        *commands[: MAX_ANNOTATIONS - 1],
        _command(level, f"reconciler: {plural(left, f'more {level}')}", more),
    ]


def _trouble(result: PassResult) -> Iterator[str]:
    if result.error:
        yield _command("error", "reconciler", f"{result.error}\n{result.advice}".strip())
    for found in conclusion.troubles(result):
        lines = (found.text, *found.settings, found.advice)
        yield _command("error", f"target {', '.join(found.targets)}", "\n".join(filter(None, lines)))
    for refusal in conclusion.refusals(result):
        text = f"{refusal.message}\nTo allow this one case: {refusal.approval}"
        yield _command("error", f"guard {refusal.guard} (target {refusal.target})", text)


def _accepted(result: PassResult) -> Iterator[str]:
    for one in conclusion.accepted(result):
        title = f"guard {one.refusal.guard} allowed by approval (target {one.refusal.target})"
        names = ", ".join(map(str, one.refusal.keys))
        origin = next((by.reviewed.origin for by in one.by if by.reviewed is not None), None)
        yield _command("notice", title, f"{conclusion.accepted_text(one)}\n{names}", origin)


def _existing(result: PassResult) -> Iterator[str]:
    """Notice with the number of findings that exist without the change; the log lists them."""
    if result.existing_findings:
        text = conclusion.findings_text(result.existing_findings)
        yield _command("notice", "reconciler: also without this change", text)


def _annotations(result: PassResult, severity: Severity) -> Iterator[str]:
    for finding in result.own_findings:
        if finding.severity is severity:
            text = finding.message + (f"\n{finding.advice}" if finding.advice else "")
            text += f"\nreconciler explain {finding.rule}"
            yield _command(str(severity), finding.rule, text, finding.origin)


def _command(level: str, title: str, message: str, origin: Origin | None = None) -> str:
    properties: dict[str, str] = {}
    if origin is not None and origin.file:
        properties["file"] = origin.file
        properties["line"] = str(max(origin.line, 1))
        if origin.line and origin.column:
            properties["col"] = str(origin.column)
    properties["title"] = title
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {listed}::{_message(message)}"


def _message(text: str) -> str:
    """Text escaped for a command: line breaks are kept, other unprintable characters made visible."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(visible(text)).replace(":", "%3A").replace(",", "%2C")


def _log(result: PassResult) -> Iterator[str]:
    for finding in result.own_findings:
        yield from _finding_lines(finding, result)
    existing = result.existing_findings
    if existing:
        yield f"Also without this change: {conclusion.findings_text(existing)}"
    for finding in existing:
        yield from _finding_lines(finding, result)
    for title, lines in (
        (f"Unknown: {unseen.blind_title(result)}", unseen.blind_lines(result)),
        ("Switched off:", [f"{item.subject}: {item.reason}" for item in unseen.switched(result)]),
        ("Not examined:", [f"{item.subject}: {item.reason}" for item in unseen.others(result)]),
    ):
        if lines:
            yield title
            yield from (_plain(f"  - {line}") for line in lines)
    if result.checked_only:
        yield f"Checked, not applied: {unseen.checked_only(result)}"
    if result.left_alone:
        yield f"Left alone: {unseen.left_alone(result)}"
    verb = str(result.purpose).capitalize()
    yield _plain(f"{verb}: {conclusion.headline(result)}. {conclusion.next_step(result)}".rstrip())


def _finding_lines(finding: Finding, result: PassResult) -> Iterator[str]:
    yield _plain(f"{finding.origin}: {finding.severity} {finding.rule}: {finding.message}")
    excerpt = result.excerpts.get(finding.origin)
    if excerpt is not None:
        yield from (_plain(f"    {line}") for line in quotation(excerpt, finding.origin.line, _COLUMNS))
    yield from (_plain(f"    see also {other}") for other in finding.others)
    if finding.advice:
        yield _plain(f"    {finding.advice}")


def _plain(text: str) -> str:
    """A line of the log that the runner cannot mistake for either form of its commands."""
    shown = visible(text).replace("##[", "# #[")
    return f"- {shown}" if shown.lstrip().startswith("::") else shown
