"""A saved plan, with digests of everything it was made from: they prove that an apply carries out this plan."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.diff.change import Absent, Change, SecretDifference
from reconciler.diff.fields import literal_digests
from reconciler.model.json import Json, JsonObject, digest
from reconciler.model.record import Inventory
from reconciler.model.secret import Handed, Literal, SecretLeaf
from reconciler.model.state import State
from reconciler.plan.action import Action, TargetPlan
from reconciler.plan.approval import Approval, parse
from reconciler.settings import Settings

VERSION = 2
_SHOWN = 20
"""Characters shown of a version that the file may have made up."""

PARTS = {
    "revision": "the commit",
    "desired": "the files",
    "live": "the live state",
    "inventory": "the ownership record",
    "safety": "the policy and safety settings",
    "selection": "the selection of targets and objects",
    "approvals": "the approvals",
    "actions": "the actions",
}
"""What a plan is bound to, in the order in which a difference is reported."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What is kept of a plan. `digests` maps `part` or `target/part` to a digest; no secret.

    `shown` is the text that people read, as paragraphs of the views; it binds nothing. `applied` is the same of the
    result of its apply, empty before.
    """

    created_at: str
    digests: dict[str, str]
    approvals: tuple[str, ...]
    """Approvals as given after `--accept`, for the reader: an apply uses only those that it is given itself."""
    summary: tuple[str, ...]
    shown: tuple[Json, ...] = ()
    applied: tuple[Json, ...] = ()
    applied_at: str = ""

    def _approvals_again(self) -> str:
        given = " ".join(f"--accept {approval}" for approval in self.approvals)
        return f": the plan was made with {given or 'none'}; give exactly that with the apply"

    def to_json(self) -> JsonObject:
        """Shape of the file."""
        return {
            "version": VERSION,
            "kind": "ReconcilerPlan",
            "createdAt": self.created_at,
            "digests": dict(sorted(self.digests.items())),
            "approvals": list(self.approvals),
            "actions": list(self.summary),
            **({"shown": list(self.shown)} if self.shown else {}),
            **({"applied": {"at": self.applied_at, "shown": list(self.applied)}} if self.applied else {}),
        }

    @classmethod
    def from_json(cls, document: Json) -> "SavedPlan":
        """The plan in a document. Raises ValueError if it is not a saved plan of this version."""
        if not isinstance(document, dict) or document.get("kind") != "ReconcilerPlan":
            raise ValueError("not a saved plan")
        if document.get("version") != VERSION:
            raise ValueError(
                f"a saved plan of version {repr(document.get('version'))[:_SHOWN]}; this is {VERSION}"
            )
        digests, approvals = document.get("digests"), document.get("approvals")
        if isinstance(digests, dict) and any(name.rpartition("/")[2] not in PARTS for name in digests):
            raise ValueError("a saved plan of another version: it is bound to parts unknown here")
        if not isinstance(digests, dict) or not isinstance(approvals, list):
            raise ValueError("`digests` or `approvals` is missing")
        texts = tuple(parse(str(approval)).text for approval in approvals)
        actions, shown, applied = document.get("actions"), document.get("shown"), document.get("applied")
        result = applied.get("shown") if isinstance(applied, dict) else None
        return cls(
            created_at=str(document.get("createdAt", "")),
            digests={name: str(value) for name, value in digests.items()},
            approvals=texts,
            summary=tuple(str(line) for line in actions) if isinstance(actions, list) else (),
            shown=tuple(shown) if isinstance(shown, list) else (),
            applied=tuple(result) if isinstance(result, list) else (),
            applied_at=str(applied.get("at", "")) if isinstance(applied, dict) else "",
        )

    def changed(self, now: "SavedPlan") -> tuple[str, ...]:
        """What differs from the same plan made now, in words, most informative first."""
        changed = []
        order = list(PARTS)
        names = sorted(
            self.digests.keys() | now.digests.keys(),
            key=lambda name: (order.index(name.rpartition("/")[2]), name),
        )
        for name in names:
            if self.digests.get(name) != now.digests.get(name):
                target, _, part = name.rpartition("/")
                changed.append(PARTS[part] + (f" of target {target}" if target else ""))
                if part == "approvals" and self.approvals != now.approvals:
                    changed[-1] += self._approvals_again()
        return tuple(changed)


def bind(
    plans: tuple[tuple[TargetPlan, State, State, Inventory], ...],
    settings: Settings,
    *,
    revision: str,
    selection: str,
    approvals: frozenset[Approval],
    now: datetime,
) -> SavedPlan:
    """What is saved of plans, each given with its desired and live state and its inventory."""
    given = sorted(approval.text for approval in approvals if approval.reviewed is None)
    reviewed = sorted(
        [approval.text, approval.reviewed.target, str(approval.reviewed.until)]
        for approval in approvals
        if approval.reviewed is not None
    )
    digests = {
        "revision": digest(revision),
        "selection": digest(selection),
        "approvals": digest([list[Json](given), [list[Json](entry) for entry in reviewed]]),
        "safety": digest(
            [
                settings.safety.model_dump(mode="json"),
                settings.policy.model_dump(mode="json"),
                {name: rule.model_dump(mode="json") for name, rule in settings.rules.items()},
            ]
        ),
    }
    summary: list[str] = []
    for plan, desired, live, inventory in plans:
        digests[f"{plan.target}/desired"] = state_digest(desired)
        digests[f"{plan.target}/live"] = state_digest(live)
        digests[f"{plan.target}/inventory"] = digest(inventory.to_json())
        digests[f"{plan.target}/actions"] = digest(
            [[*_action(action), action.id in plan.held] for action in plan.actions]
        )
        summary.extend(f"{plan.target}: {action.verb} {action.key}" for action in plan.actions)
    return SavedPlan(now.isoformat(), digests, tuple(given), tuple(summary))


def state_digest(state: State) -> str:
    """Digest of everything comparable in a state. Of literals only the keyed digest is included.

    Of values that are handed in only the source is: they are not in the files, and whoever plans need not have them.
    """
    return digest(
        [
            [
                str(resource.key.kind),
                resource.key.place.name,
                resource.key.id,
                resource.document,
                list[Json](sorted(resource.criteria)) if resource.criteria is not None else None,
                {at: _leaf(leaf) for at, leaf in sorted(resource.secrets.items())},
                {
                    at: list[Json](digest)
                    for at, digest in literal_digests(resource).items()
                    if not _is_handed_in(resource.secrets[at])
                },
            ]
            for _, resource in sorted(state.resources.items())
        ]
    )


def _is_handed_in(leaf: SecretLeaf) -> bool:
    return isinstance(leaf, Literal) and leaf.source is not None


def _leaf(leaf: SecretLeaf) -> str:
    match leaf:
        case Literal(source=None):
            return "literal"
        case Literal(source=source) | Handed(source=source):
            return f"handed in from {source}"
        case _:
            return repr(leaf)


def _action(action: Action) -> list[Json]:
    return [
        str(action.verb),
        str(action.key.kind),
        action.key.id,
        change_digest(action.subject),
        action.forces,
    ]


def change_digest(change: Change) -> str:
    """Digest of the effect of a change; equal effects have equal digests, in any place."""
    return digest(
        [
            str(change.key.kind),
            change.key.id,
            str(change.group),
            [
                [list(field.path), _value(field.before), _value(field.after), field.note]
                for field in change.fields
                if field.secret is not SecretDifference.NOT_AT_HAND
            ],
            list[Json](sorted(change.criteria.added)),
            list[Json](sorted(change.criteria.removed)),
            change.desired.document if change.desired is not None else None,
        ]
    )


def _value(value: Json | Absent) -> Json:
    return "absent" if isinstance(value, Absent) else [value]
