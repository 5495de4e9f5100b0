"""A plan as its readers see it: one entry per object, by risk, and the counts. All views start here.

Actions on criteria are part of their definition's entry; a key that is sent with its agent has
its own. Nothing of a plan is dropped: what needs a decision by a person is an entry too.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from reconciler.diff.change import Change, Group
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.plan.action import Action, TargetPlan, Verb


class Mark(StrEnum):
    """Symbols in front of the entries of a plan."""

    ADD = "+"
    CHANGE = "~"
    REMOVE = "-"
    ATTENTION = "!"


class Risk(IntEnum):
    """Order of the entries: what can do most harm comes first."""

    DELETE = 0
    REPLACE = 1
    STORAGE = 2
    MOVE = 3
    """An update that takes criteria away: what they matched moves to another definition, or has none."""
    SECRET = 4
    """An update that replaces a secret."""
    DRIFT = 5
    CORRECTED = 6
    """An update that takes back what was changed outside Git."""
    CONTESTED = 7
    KEPT = 8
    RELEASED = 9
    UPDATE = 10
    CREATE = 11
    ADOPT = 12
    FORGET = 13
    VERIFY = 14


UPDATES = (Risk.STORAGE, Risk.MOVE, Risk.SECRET, Risk.CORRECTED, Risk.UPDATE)
"""Everything that is changed in place."""


MARKS = {
    Risk.DELETE: Mark.REMOVE,
    Risk.CONTESTED: Mark.ATTENTION,
    Risk.DRIFT: Mark.ATTENTION,
    Risk.KEPT: Mark.ATTENTION,
    Risk.RELEASED: Mark.ATTENTION,
    Risk.REPLACE: Mark.REMOVE,
    **dict.fromkeys(UPDATES, Mark.CHANGE),
    Risk.CREATE: Mark.ADD,
    Risk.ADOPT: Mark.CHANGE,
    Risk.FORGET: Mark.CHANGE,
    Risk.VERIFY: Mark.ATTENTION,
}
WORDS = {
    Risk.DELETE: "delete",
    Risk.CONTESTED: "contested",
    Risk.DRIFT: "drift",
    Risk.KEPT: "keep",
    Risk.RELEASED: "release",
    Risk.REPLACE: "replace",
    **dict.fromkeys(UPDATES, "update"),
    Risk.CREATE: "create",
    Risk.ADOPT: "adopt",
    Risk.FORGET: "forget",
    Risk.VERIFY: "verify",
}
EXPLANATIONS = {
    Risk.CONTESTED: "differs and is not owned: left alone until a person decides",
    Risk.DRIFT: "changed outside Git: reported only, as the policy says",
    Risk.KEPT: "owned and no longer declared: kept, because the policy never prunes it",
    Risk.RELEASED: "no longer managed by the files: left as it is",
    Risk.REPLACE: "cannot be changed in place: deleted, then created again",
    Risk.STORAGE: "changes where state is stored: existing state is not moved",
    Risk.ADOPT: "equal to its file: only the ownership record is written",
    Risk.FORGET: "gone on both sides: only the ownership record is written",
}
_STORAGE = "state_storage_configuration"


@dataclass(frozen=True, slots=True)
class Entry:
    """One object that a plan changes or leaves to a person."""

    key: ResourceKey
    risk: Risk
    change: Change
    reason: str = ""
    sent_with: ResourceKey | None = None
    held: str = ""
    """Why it is held, wholly or in part; "" if nothing holds it."""
    users: tuple[str, ...] = ()
    """What deployments have in use of what goes: `application/environment/resource`."""

    @property
    def mark(self) -> Mark:
        """Symbol of the entry."""
        return MARKS[self.risk]

    @property
    def word(self) -> str:
        """Verb of the entry, for readers who see no symbol."""
        return WORDS[self.risk]

    @property
    def place(self) -> str:
        """`file:line:column` of its document, "" if it is only live."""
        origin = self.change.desired.origin if self.change.desired else None
        return str(origin) if origin else ""

    @property
    def explanation(self) -> str:
        """Why the entry has this word, "" if the word alone says it."""
        if self.key.kind is Kind.PRIVATE_KEY:
            return _explanation_of_key(self.change)
        fixed = EXPLANATIONS.get(self.risk, "")
        if self.risk is Risk.CONTESTED and self.change.changed_by:
            return f"{fixed} (managed by {', '.join(self.change.changed_by)})"
        if self.change.group is Group.CREATION and self.risk in (Risk.CREATE, Risk.DRIFT):
            return _explanation_of_missing(self.risk, self.change) or self.reason
        if self.risk in UPDATES and self.change.is_drift:
            how = f"by {', '.join(self.change.changed_by)}" if self.change.changed_by else "by hand"
            return "; ".join(filter(None, (fixed, f"changed {how} since the last apply")))
        if self.risk is Risk.REPLACE and self.reason not in ("", "replaced"):
            return self.reason
        return fixed or self.reason

    @property
    def criteria_added(self) -> list[str]:
        """Selectors that will be added, as shown to people."""
        added: Iterable[str] = self.change.criteria.added
        if not self.change.criteria and self.risk is Risk.CREATE and self.change.desired is not None:
            added = self.change.desired.criteria or ()
        return [selector_text(selector) for selector in sorted(added)]

    @property
    def criteria_removed(self) -> list[str]:
        """Selectors that will be removed, as shown to people."""
        removed: Iterable[str] = self.change.criteria.removed
        if not self.change.criteria and self.risk is Risk.DELETE and self.change.live is not None:
            removed = self.change.live.criteria or ()
        return [selector_text(selector) for selector in sorted(removed)]


def _explanation_of_key(change: Change) -> str:
    """Why a key is made or replaced where it is used, and what follows in later rounds."""
    side = change.desired or change.live
    because, later = (
        ("", "") if side is None else (str(side.document.get(n, "")) for n in ("because", "later"))
    )
    return "; ".join(filter(None, (because, f"then {later}" if later else "")))


def _explanation_of_missing(risk: Risk, change: Change) -> str:
    """Explanation of an object that is not live, "" if it is simply new."""
    if change.is_lost:
        text = "deleted outside Git since the last apply"
        if not change.is_drift:
            text += ", and its file changed since"
    elif risk is Risk.DRIFT:
        return "waits for what it belongs to, whose deletion outside Git is only reported"
    else:
        return ""
    return f"{text}: reported only, as the policy says" if risk is Risk.DRIFT else text


def selector_text(selector: str) -> str:
    """Selector of a criterion; the empty one is shown as what it does: match everything."""
    return selector or "(matches everything)"


_CARRIED = {
    Verb.CREATE: Risk.CREATE,
    Verb.UPDATE: Risk.UPDATE,
    Verb.DELETE: Risk.DELETE,
    Verb.ADOPT: Risk.ADOPT,
    Verb.FORGET: Risk.FORGET,
    Verb.VERIFY: Risk.VERIFY,
}


def entries(plan: TargetPlan) -> list[Entry]:
    """Entries for everything that a plan does or leaves to a person, by risk, then by key."""
    by_subject: dict[ResourceKey, list[Action]] = {}
    for action in plan.actions:
        by_subject.setdefault(action.subject.key, []).append(action)
    found = [_entry(key, actions, plan) for key, actions in by_subject.items()]
    for action in plan.actions:
        found.extend(
            Entry(
                change.key,
                _CARRIED[action.verb],
                change,
                sent_with=action.key,
                held=plan.held[action.id].reason if action.id in plan.held else "",
            )
            for change in action.carried
            if change.key not in by_subject
        )
    left = (
        (Risk.CONTESTED, plan.contested),
        (Risk.DRIFT, plan.drift_reported),
        (Risk.KEPT, plan.kept),
        (Risk.RELEASED, plan.released),
    )
    found.extend(Entry(change.key, risk, change) for risk, changes in left for change in changes)
    return sorted(found, key=lambda entry: (entry.risk, entry.key))


def _entry(key: ResourceKey, actions: list[Action], plan: TargetPlan) -> Entry:
    own = [action for action in actions if action.key == key]
    reason = next((action.reason for action in (*own, *actions) if action.reason), "")
    held = [plan.held[action.id].reason for action in actions if action.id in plan.held]
    subject = actions[0].subject
    return Entry(
        key,
        _risk({action.verb for action in own}, subject),
        subject,
        reason,
        held=_held(held, len(actions)),
        users=plan.users.get(key, ()),
    )


def _held(reasons: list[str], steps: int) -> str:
    """Reasons why steps are held, each once; with numbers if others of the same entry are not."""
    text = "; ".join(dict.fromkeys(reasons))
    return f"{len(reasons)} of {steps} steps: {text}" if text and len(reasons) < steps else text


def _risk(verbs: set[Verb], change: Change) -> Risk:
    if {Verb.DELETE, Verb.CREATE} <= verbs:
        return Risk.REPLACE
    by_verb = {
        Verb.DELETE: Risk.DELETE,
        Verb.CREATE: Risk.CREATE,
        Verb.ADOPT: Risk.ADOPT,
        Verb.FORGET: Risk.FORGET,
        Verb.VERIFY: Risk.VERIFY,
    }
    for verb, risk in by_verb.items():
        if verb in verbs:
            return risk
    if change.key.kind is Kind.RUNNER and any(field.path[:1] == (_STORAGE,) for field in change.fields):
        return Risk.STORAGE
    if change.criteria.removed:
        return Risk.MOVE
    if any(field.secret is not None and field.is_known for field in change.fields):
        return Risk.SECRET
    return Risk.CORRECTED if change.is_drift else Risk.UPDATE


_PHRASES = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
    "adopt": "to adopt",
    "forget": "to forget",
    "verify": "to verify",
    "contested": "contested",
    "drift": "drifted",
    "keep": "kept",
    "release": "no longer managed",
    "unchanged": "unchanged",
    "unmanaged": "unmanaged",
}
COUNTED = tuple(_PHRASES)
"""Names of the counts, in the order they are shown."""


def counts(plan: TargetPlan) -> dict[str, int]:
    """Number of objects by word; all words are present."""
    found = Counter(entry.word for entry in entries(plan))
    found["unchanged"] = len(plan.diff.of(Group.UNCHANGED))
    found["unmanaged"] = len(plan.diff.of(Group.UNMANAGED))
    return {word: found[word] for word in COUNTED}


def total(plans: Iterable[TargetPlan]) -> dict[str, int]:
    """Sum of the counts of several plans."""
    added: Counter[str] = Counter()
    for plan in plans:
        added.update(counts(plan))
    return {word: added[word] for word in COUNTED}


_WRITES = ("delete", "replace", "update", "create", "adopt", "forget")
_DECISIONS = ("verify", "contested", "drift", "keep", "release")
_REST = ("unchanged", "unmanaged")


def counts_text(numbers: dict[str, int]) -> str:
    """Counts as a phrase, what can do most harm first: `1 to delete, 0 to update, 2 to create; 540 unchanged`.

    A plan that writes anything names creates, updates and deletes even if their number is 0, so that
    nobody has to guess what a missing word means.
    """
    writes = any(numbers[word] for word in ("create", "update", "replace", "delete"))
    always = {"create", "update", "delete"} if writes else set()
    parts = [
        [f"{numbers[word]:,} {_PHRASES[word]}" for word in words if numbers[word] or word in always]
        for words in ((*_WRITES, *_DECISIONS), _REST)
    ]
    return "; ".join(", ".join(part) for part in parts if part) or "nothing found on either side"
