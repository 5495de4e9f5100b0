"""The rules of reading: what can be wrong with a file before any rule about its content runs.

A table for `reconciler explain F05`, and the one way this package makes findings. The rules about
content (`R01` …) stand in `reconciler.rules`, which also finds the problems of switches that only it
can know (`S01` …).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.model.finding import Finding, Severity
from reconciler.model.origin import Origin


@dataclass(frozen=True, slots=True)
class ReadingRule:
    """One kind of reading problem. `title` is a short sentence, `explanation` what it means and what to do."""

    id: str
    title: str
    explanation: str


_RULES = (
    ReadingRule(
        "F01",
        "The file is not UTF-8 text",
        "YAML files are read as UTF-8, with or without a byte order mark. UTF-16, Latin-1, NUL and other "
        "control characters are refused instead of guessed. Save the file as UTF-8.",
    ),
    ReadingRule(
        "F02",
        "The YAML cannot be parsed",
        "The text breaks the grammar of YAML 1.2, uses an alias without an anchor, or uses a tag other than "
        "those of the core schema. While such a file is in the tree it is not known what it declares, so "
        "nothing is planned. Files that are Helm templates (they contain `{{` and nothing of ours), and JSON that "
        "names nothing of ours, are left alone.",
    ),
    ReadingRule(
        "F03",
        "A key stands twice in one mapping",
        "YAML readers disagree on which of the two values counts, so neither is taken. Remove one.",
    ),
    ReadingRule(
        "F04",
        "A bound on the input is exceeded",
        "Files, their size, their depth and the values that aliases expand to are bounded (`limits` in the "
        "settings), so that hostile or broken input cannot exhaust memory. Make the input smaller or raise "
        "the limit.",
    ),
    ReadingRule(
        "F05",
        "A field is not known",
        "Unknown fields are refused because a misspelt one would silently do nothing. The message names the "
        "nearest known field. `reconciler schema` writes JSON Schemas that editors complete from.",
    ),
    ReadingRule(
        "F06",
        "A value is missing or cannot be used",
        "The value has another type than the field takes, is not one of the allowed words, breaks a bound, or "
        "a required field is not there, or a tag hands a secret in "
        "where no secret belongs. Plain `no`, `on` and `yes` are texts (YAML 1.2), `123` is a number: "
        'quote it (`"123"`) where a text is meant.',
    ),
    ReadingRule(
        "F07",
        "The kind or its version is not known",
        "`reconciler/v1alpha1` has the kinds Agent, Key, Operator, Runner and SecretStore; "
        "`entity.humanitec.io/v1b1` has Definition. Account and ResourceType, which `humctl` takes beside it, are left "
        "alone and counted. Other kinds of these two groups are refused, because somebody expects them to be applied, "
        "and so are documents that have the shape of one of these kinds under another version or as items of a list. "
        "All documents of any other group are left alone.",
    ),
    ReadingRule(
        "F08",
        "A link or path leaves the tree",
        "Symbolic links and `file:` paths are followed inside the tree only: what is outside is neither "
        "reviewed nor versioned with it.",
    ),
    ReadingRule(
        "F09",
        "A file that a document names is missing",
        "Paths are relative to the folder of the document that names them. Files that Git ignores are not "
        "part of the tree.",
    ),
    ReadingRule(
        "F10",
        "A file cannot be read",
        "The file is listed and its content could not be had: no permission, not checked out, a Git LFS "
        "pointer without its content, or a link that leads nowhere. Absence of what it may declare is no "
        "evidence, so nothing is planned.",
    ),
    ReadingRule(
        "F11",
        "A file belongs to no target",
        "No target of the settings has a path pattern that matches the file, so what it declares is applied "
        "nowhere. Add a pattern to `targets.<name>.paths`, or remove the file.",
    ),
    ReadingRule(
        "F12",
        "An agent names an organization that no target has",
        "`spec.organizations` lists organizations by id. The settings have no target with that organization, "
        "so the agent cannot be registered there.",
    ),
    ReadingRule(
        "F13",
        "An older name of a mode is used",
        "The modes are called `legacy`, `direct` and `gitops`. Older names are understood, and are best "
        "replaced: the word `direct` moved from one mode to another over time.",
    ),
    ReadingRule(
        "F14",
        "A setting has no effect yet",
        "The setting is accepted, and nothing uses it yet, so whatever it says changes no finding and no "
        "plan. Remove it, or keep it and read nothing into it.",
    ),
    ReadingRule(
        "F15",
        "A number does not arrive as it is written",
        "JSON carries numbers without their spelling, and the APIs hold them as doubles: `012` arrives as 12, "
        "`1.10` as 1.1, `1e3` as 1000, and of more than 15 digits the last ones may change. Where a text is meant (an "
        "account, a version, a commit), quote it. Leading zeros are an error, because readers of YAML disagree "
        "whether they mean octal, and so are numbers that arrive as other ones.",
    ),
    ReadingRule(
        "A01",
        "An approval cannot be used",
        "An entry of `approvals.yaml` names a guard, a kind or a target that does not exist, has not the form that "
        "a refusal prints behind `--accept`, or is listed twice. A number alone is no approval: it may let through "
        "something else than was shown. While one entry is wrong, nothing is applied.",
    ),
    ReadingRule(
        "A02",
        "The last day of an approval is past",
        "An approval of `approvals.yaml` holds up to and including `until`. Afterwards the guard refuses again as if "
        "it were not there. Remove it, or give a new day in a change that is reviewed.",
    ),
    ReadingRule(
        "S01",
        "A rule is switched that does not exist",
        "`rules` in the settings, or an annotation of an object, names an id that no rule has, so that the "
        "switch does nothing. Correct the id or remove it; `reconciler rules` lists all rules.",
    ),
    ReadingRule(
        "S02",
        "An annotation is not a switch",
        "An annotation whose name starts with `reconciler/R` switches a rule for its object and has the form "
        '`"off: reason"`, `"warning: reason"` or `"error: reason"`, with a last day `"off until 2027-01-31: '
        'reason"`. The reason is required. This one has another form, so it does nothing.',
    ),
    ReadingRule(
        "S03",
        "The last day of a switch is past",
        "A switch with `until` holds up to and including that day. Afterwards the rule speaks again as if "
        "nothing were switched. Mend what it was switched for and remove it, or give a new day and reason.",
    ),
)

READING_RULES: Mapping[str, ReadingRule] = MappingProxyType({rule.id: rule for rule in _RULES})
"""All of them by id, in order."""


def problem(
    rule: str, message: str, origin: Origin, *, advice: str = "", others: tuple[Origin, ...] = ()
) -> Finding:
    """Return a finding that refuses."""
    return Finding(READING_RULES[rule].id, Severity.ERROR, message, origin, others=others, advice=advice)


def concern(rule: str, message: str, origin: Origin, *, advice: str = "") -> Finding:
    """Return a finding that is printed with the plan."""
    return Finding(READING_RULES[rule].id, Severity.WARNING, message, origin, advice=advice)
