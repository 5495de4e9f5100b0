"""The reading rules: what can be wrong with a file before any rule about its content runs.

A table for `reconciler explain F05`, and the only place where findings of reading are created. The rules
about content (`R01` …) are in `reconciler.rules`, which also finds the problems with switches that only it
can know (`S01` …).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.model.finding import Finding, Severity
from reconciler.model.origin import Origin


@dataclass(frozen=True, slots=True)
class ReadingRule:
    """One kind of reading problem. `title` is a short sentence; `explanation` says what it means and what to do."""

    id: str
    title: str
    explanation: str


_RULES = (
    ReadingRule(
        "F01",
        "The file is not UTF-8 text",
        "YAML files are read as UTF-8, with or without a byte order mark. UTF-16, Latin-1, NUL and other "
        "control characters are refused, never guessed. Save the file as UTF-8.",
    ),
    ReadingRule(
        "F02",
        "The YAML cannot be parsed",
        "The file is not valid YAML 1.2, uses an alias without an anchor, or uses a tag outside the core "
        "schema. It is not known what such a file declares, so nothing is carried out in its targets. "
        "Helm templates (files that contain `{{` and no managed kind) and JSON that names no managed kind are "
        "left alone.",
    ),
    ReadingRule(
        "F03",
        "A key appears twice in one mapping",
        "YAML parsers disagree on which of the two values counts, so neither is used. Remove one.",
    ),
    ReadingRule(
        "F04",
        "A limit on the input is exceeded",
        "The number, size and depth of files, and the number of values that aliases expand to, are limited "
        "(`limits` in the settings), so that hostile or broken input cannot exhaust memory. Make the input "
        "smaller or raise the limit. Of a document or a file with very many problems, only the first are listed "
        "and the others are counted; these numbers are not settings.",
    ),
    ReadingRule(
        "F05",
        "A field is unknown",
        "Unknown fields are refused because a misspelt field would silently have no effect. The message suggests "
        "the nearest known field. `reconciler schema` writes JSON Schemas that editors use for completion.",
    ),
    ReadingRule(
        "F06",
        "A value is missing or cannot be used",
        "The value has the wrong type, is not one of the allowed words or exceeds a limit; or a required field is "
        "missing; or a tag hands in a secret where no secret is allowed. Plain `no`, `on` and `yes` are strings "
        '(YAML 1.2), `123` is a number: quote it (`"123"`) where a string is meant.',
    ),
    ReadingRule(
        "F07",
        "The kind or its version is unknown",
        "`reconciler/v1alpha1` has the kinds Agent, Key, Operator, Runner and SecretStore; "
        "`entity.humanitec.io/v1b1` has Definition. Account and ResourceType, which `humctl` accepts as well, are left "
        "alone and counted. Other kinds of these two groups are refused, because somebody expects them to be applied. "
        "So are documents that have the shape of one of these kinds under another version or as items of a list. "
        "Documents of any other group are left alone.",
    ),
    ReadingRule(
        "F08",
        "A link or path leaves the tree",
        "Symbolic links and `file:` paths are followed only inside the tree: files outside are neither "
        "reviewed nor versioned with it.",
    ),
    ReadingRule(
        "F09",
        "A file that a document refers to is missing",
        "Paths are relative to the folder of the document that contains them. Files that Git ignores are not "
        "part of the tree.",
    ),
    ReadingRule(
        "F10",
        "A file cannot be read",
        "The file is listed, but its content is not available: no permission, not checked out, a Git LFS "
        "pointer without its content, or a broken link. It is not known what the file declares, so nothing "
        "is carried out in its targets.",
    ),
    ReadingRule(
        "F11",
        "A file belongs to no target",
        "No target in the settings has a path pattern that matches the file, so what it declares is not "
        "applied. Add a pattern to `targets.<name>.paths`, or remove the file.",
    ),
    ReadingRule(
        "F12",
        "An agent names an organization that no target has",
        "`spec.organizations` lists organizations by id. No target in the settings has that organization, so the "
        "agent cannot be registered in it.",
    ),
    ReadingRule(
        "F13",
        "An older name of a mode is used",
        "The modes are called `legacy`, `direct` and `gitops`. Older names are accepted but should be replaced: "
        "`direct` used to be the name of a different mode.",
    ),
    ReadingRule(
        "F14",
        "A setting has no effect yet",
        "The setting is accepted but not used yet, so its value changes no finding and no plan. Remove it, or "
        "keep it without expecting an effect.",
    ),
    ReadingRule(
        "F15",
        "A number does not arrive as it is written",
        "JSON does not preserve how a number is written, and the APIs store numbers as doubles: `012` arrives as 12, "
        "`1.10` as 1.1, `1e3` as 1000, and beyond 15 digits the last ones may change. Where a string is meant (an "
        "account, a version, a commit), quote it. Leading zeros are an error, because YAML parsers disagree on "
        "whether they mean octal, and so are numbers whose value changes.",
    ),
    ReadingRule(
        "F16",
        "A cluster is named almost as in the settings",
        "Documents refer to clusters by their names under `clusters` in the settings. This name is not among them, "
        "but one that is nearly the same is. What the document declares for it is not applied. Correct the name; if "
        "it is another cluster, add it to the settings, where `{}` is enough.",
    ),
    ReadingRule(
        "A01",
        "An approval cannot be used",
        "An entry of `approvals.yaml` names a guard, a kind or a target that does not exist, does not have the form "
        "that a refusal prints after `--accept`, or is listed twice. A number alone is not an approval: it could "
        "allow something other than what was shown. While any entry is wrong, nothing is applied.",
    ),
    ReadingRule(
        "A02",
        "The last day of an approval is past",
        "An approval in `approvals.yaml` is valid up to and including `until`. After that the guard refuses again, as "
        "if the approval did not exist. Remove it, or set a new day in a reviewed change.",
    ),
    ReadingRule(
        "S01",
        "A switch names a rule that does not exist",
        "`rules` in the settings, or an annotation of an object, names an id that no rule has, so the switch has "
        "no effect. Correct the id or remove it; `reconciler rules` lists all rules.",
    ),
    ReadingRule(
        "S02",
        "An annotation is not a switch",
        "An annotation whose name starts with `reconciler/R` switches a rule for its object and has the form "
        '`"off: reason"`, `"warning: reason"` or `"error: reason"`, with a last day `"off until 2027-01-31: '
        'reason"`. The reason is required. This annotation has another form, so it has no effect.',
    ),
    ReadingRule(
        "S03",
        "The last day of a switch is past",
        "A switch with `until` is valid up to and including that day. After that the rule applies again, as if "
        "there were no switch. Fix the problem and remove the switch, or set a new day and reason.",
    ),
)

READING_RULES: Mapping[str, ReadingRule] = MappingProxyType({rule.id: rule for rule in _RULES})
"""Every reading rule by id, in order."""


MAX_FINDINGS = 50
"""Per document and check; further ones are only counted."""
MAX_FINDINGS_OF_FILE = 200
"""Of all its documents together; further ones are only counted."""
_NOT_LISTED = "further problems of the document are not listed: "


def problem(
    rule: str, message: str, origin: Origin, *, advice: str = "", others: tuple[Origin, ...] = ()
) -> Finding:
    """A finding of severity error."""
    return Finding(READING_RULES[rule].id, Severity.ERROR, message, origin, others=others, advice=advice)


def concern(rule: str, message: str, origin: Origin, *, advice: str = "") -> Finding:
    """A finding of severity warning."""
    return Finding(READING_RULES[rule].id, Severity.WARNING, message, origin, advice=advice)


def not_listed(count: int, origin: Origin) -> Finding:
    """The last finding about a document that has `count` more than are listed."""
    return problem("F04", f"{_NOT_LISTED}{count}", origin, advice=_CHECK_AGAIN)


def of_file(found: list[Finding]) -> list[Finding]:
    """The findings of one file, errors first if there are too many, and then one with the number of the others.

    A file can hold a hundred thousand documents, each with a problem.
    """
    if len(found) <= MAX_FINDINGS_OF_FILE:
        return found
    first = sorted(found, key=Finding.sort_key)
    shown, rest = first[:MAX_FINDINGS_OF_FILE], first[MAX_FINDINGS_OF_FILE:]
    message = f"further problems of the file are not listed: {sum(map(_count, rest))}"
    return [*shown, problem("F04", message, rest[0].origin, advice=_CHECK_AGAIN)]


def _count(finding: Finding) -> int:
    """Number of problems that a finding stands for."""
    message = finding.message
    return int(message.removeprefix(_NOT_LISTED)) if message.startswith(_NOT_LISTED) else 1


_CHECK_AGAIN = "correct those that are listed, and check again"
