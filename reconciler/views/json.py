"""The whole result as one JSON document. Members are only ever added while `version` stays 1.

    version, tool                    1; name and version of the program
    purpose, verdict, exitCode       what was asked, how it ended (`reconciler.passes.result.Verdict`)
    nothingChanged, rerun            whether anything was written; {safe, useful, message}
    startedAt, seconds, requests     RFC 3339; duration; requests sent, by verb
    selection, stopped               words of --only and --target; true where a signal ended it
    error, advice, changed           failure before any target; next step; what made a plan stale
    source                           {location, revision, dirty, files, documents}
    findings                         [{rule, severity, message, file, line, column, object?, others?, advice?,
                                     excerpt?: {text, caret}, existing?}]: the line without secrets, a column of
                                     it from 1; of a preview, true if the base has the finding as well
    notExamined                      [{subject, reason, failure}]: also rules that could not be evaluated or are off
    unknownRules, rulesOff           [{rule, reason}]
    silenced                         [{rule, reason, file, line, column}]: findings silenced by annotations
    checkedOnly                      [{what, count}]: declared and checked, never applied
    leftAlone                        [{what, count}]: documents of kinds that are known but not handled
    summary                          counts of all targets; of a preview, this change's own
    targets                          [{name, organization or cluster, endpoints, complete, error, advice, transient,
                                     stoppedBy: [{rule, file, line, column}],
                                     causes: [{message, advice, setting, file?, line?, column?}],
                                     inventoryError, plan?, outcomes}]
    preview                          {base, existing, withdrawn, own: [plan]} or null
    settingsChange                   {inForce, settings: [{concern, setting, before?, after?, file?, line?,
                                     column?}]} or null

A plan: {target, organization or cluster, summary, compared: {KIND: {desired, live, owned}}, changes, actions,
refusals, accepted}. An accepted refusal lists the approvals that allow it under `by`: {what, file?,
line?, who?, until?, reason?}. A change: {action, kind, organization, id, reason, file?, line?, column?, drift,
fields: [{path, pointer, before?, after?, secret, note?}], criteria: {added, removed}, sentWith?}.
A missing member means that there is no value; `null` is a value. A field with
`secret: true` never has values, and one whose live value somebody else set has a note instead of it. An action and
an outcome name their object as `object: {kind, organization, id}`.
"""

from collections.abc import Iterator

from reconciler import __version__
from reconciler.diff.change import Absent, FieldChange, Visibility
from reconciler.diff.settings_change import SettingsChange
from reconciler.model.finding import Finding
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject, Path, dotted, pointer, steps
from reconciler.model.origin import Origin
from reconciler.model.place import Realm
from reconciler.model.secret import Expression, Reference
from reconciler.model.state import Resource
from reconciler.passes.result import Cause, PassResult, TargetResult
from reconciler.plan.action import Action, Outcome, Status, TargetPlan
from reconciler.plan.approval import Accepted
from reconciler.plan.refusal import Refusal
from reconciler.views import agenda, conclusion, unseen
from reconciler.views.agenda import Entry, Risk
from reconciler.views.json_text import Items, Members, pieces
from reconciler.views.visible import leaves

VERSION = 1
_FOREIGN = "the live value is not ours and not shown"
_PLACES = {Realm.ORGANIZATION: "organization", Realm.CLUSTER: "cluster"}
"""Member that names the place of something."""


def render(result: PassResult, *, detailed: bool = False) -> str:
    """One document in ASCII, ending with a line break; `detailed` as in `PassResult.exit_code`."""
    return "".join(stream(result, detailed=detailed))


def stream(result: PassResult, *, detailed: bool = False) -> Iterator[str]:
    """As `render`, piece by piece: with many objects the whole takes more memory than anything else."""
    yield from pieces(_document(result, detailed=detailed))
    yield "\n"


def _document(result: PassResult, *, detailed: bool) -> Members:
    """The document described above."""
    rerun = conclusion.rerun(result)
    return {
        "version": VERSION,
        "tool": {"name": "reconciler", "version": __version__},
        "purpose": str(result.purpose),
        "verdict": str(result.verdict),
        "exitCode": int(result.exit_code(detailed=detailed)),
        "nothingChanged": not any(
            outcome.is_written or outcome.status in (Status.DONE, Status.UNKNOWN)
            for outcome in result.outcomes
        ),
        "rerun": {"safe": rerun.is_safe, "useful": rerun.is_useful, "message": rerun.sentence},
        "startedAt": result.started_at.isoformat(),
        "seconds": round(result.seconds, 3),
        "requests": dict(sorted(result.requests.items())),
        "selection": result.selection,
        "stopped": result.stopped,
        "error": result.error,
        "advice": result.advice,
        "changed": list(result.changed),
        "source": {
            "location": result.source.location,
            "revision": result.source.revision,
            "dirty": result.source.is_dirty,
            "files": result.source.file_count,
            "documents": result.source.document_count,
        },
        "findings": Items(_finding(finding, result) for finding in result.all_findings),
        "notExamined": [
            {"subject": item.subject, "reason": item.reason, "failure": item.is_failure}
            for item in unseen.everything(result)
        ],
        "unknownRules": [{"rule": item.rule, "reason": item.reason} for item in result.unknown],
        "rulesOff": [{"rule": rule, "reason": reason} for rule, reason in result.rules_off],
        "silenced": [
            {"rule": one.rule, "reason": one.reason, **_origin(one.place)} for one in result.silenced
        ],
        "checkedOnly": [{"what": noun, "count": number} for noun, number in result.checked_only],
        "leftAlone": [{"what": noun, "count": number} for noun, number in result.left_alone],
        "summary": dict(agenda.total(conclusion.plans(result))),
        "targets": Items(_target(target, result) for target in result.targets),
        "settingsChange": None if result.settings_change is None else _settings(result.settings_change),
        "preview": None
        if result.preview is None
        else {
            "base": result.preview.base,
            "existing": result.preview.existing_count,
            "withdrawn": list(result.preview.withdrawn),
            "own": Items(_plan(plan) for plan in result.preview.own),
        },
    }


def _settings(change: SettingsChange) -> JsonObject:
    members: list[Json] = []
    for setting in (*change.grave, *change.others):
        one: JsonObject = {"concern": str(setting.concern), "setting": dotted(setting.path)}
        if not isinstance(setting.before, Absent):
            one["before"] = setting.before
        if not isinstance(setting.after, Absent):
            one["after"] = setting.after
            place = change.places.get(setting.path)
            one.update(_origin(place) if place is not None else {})
        members.append(one)
    return {"inForce": change.in_force, "settings": members}


def _cause(cause: Cause, result: PassResult) -> JsonObject:
    place = result.places.get(cause.setting)
    return {
        "message": cause.text,
        "advice": cause.advice,
        "setting": dotted(cause.setting),
        **(_origin(place) if place is not None else {}),
    }


def _target(target: TargetResult, result: PassResult) -> Members:
    members: dict[str, Json | Items | Members] = {
        "name": target.target,
        _PLACES[target.realm]: target.organization,
        "endpoints": list(target.endpoints),
        "complete": target.plan is not None and not target.error,
        "error": target.error,
        "stoppedBy": [{"rule": one.rule, **_origin(one.origin)} for one in target.stopped_by],
        "advice": target.advice,
        "transient": target.is_transient,
        "causes": [_cause(cause, result) for cause in target.causes],
        "inventoryError": target.inventory_error,
        "outcomes": Items(_outcome(outcome) for outcome in target.outcomes),
    }
    if target.plan is not None:
        members["plan"] = _plan(target.plan)
    return members


def _plan(plan: TargetPlan) -> Members:
    return {
        "target": plan.target,
        _PLACES[plan.realm]: plan.organization,
        "summary": dict(agenda.counts(plan)),
        "compared": {
            str(kind): {"desired": desired, "live": live, "owned": owned}
            for kind, (desired, live, owned) in sorted(plan.counts.items())
        },
        "changes": Items(_change(entry) for entry in agenda.entries(plan)),
        "actions": Items(_action(action) for action in plan.actions),
        "refusals": Items(_refusal(refusal) for refusal in plan.refusals),
        "accepted": [_accepted(one) for one in plan.accepted],
    }


def _change(entry: Entry) -> JsonObject:
    change = entry.change
    members: JsonObject = {"action": entry.word, **_key(entry.key), "reason": entry.explanation}
    origin = change.desired.origin if change.desired is not None else None
    if origin is not None:
        members.update(_origin(origin))
    members["drift"] = change.is_drift or entry.risk is Risk.DRIFT
    members["fields"] = list[Json](fields_of(entry))
    members["criteria"] = {"added": list(entry.criteria_added), "removed": list(entry.criteria_removed)}
    if entry.sent_with is not None:
        members["sentWith"] = _key(entry.sent_with)
    return members


def fields_of(entry: Entry) -> list[JsonObject]:
    """Fields that an entry changes, with the values before and after where they may be shown."""
    change = entry.change
    if entry.risk is Risk.CREATE and change.desired is not None:
        return _resource_fields(change.desired, "after")
    if entry.risk is Risk.DELETE and change.live is not None:
        return _resource_fields(change.live, "before", change.foreign)
    return [_field(field) for field in change.fields]


def _resource_fields(
    resource: Resource, side: str, foreign: frozenset[Path] = frozenset()
) -> list[JsonObject]:
    members: list[JsonObject] = [
        {
            "path": dotted(path),
            "pointer": pointer(path),
            "secret": False,
            **({"note": _FOREIGN} if path in foreign else {side: value}),
        }
        for path, value in leaves(resource.document)
    ]
    for at, leaf in sorted(resource.secrets.items()):
        path = ("secrets", *steps(at))
        shown: JsonObject = {"path": dotted(path), "pointer": pointer(path), "secret": False}
        if isinstance(leaf, Expression | Reference):
            shown[side] = leaf.text if isinstance(leaf, Expression) else str(leaf)
        else:
            shown["secret"] = True
            shown["note"] = "set" if side == "after" else "removed"
        members.append(shown)
    return members


def _field(field: FieldChange) -> JsonObject:
    members: JsonObject = {
        "path": dotted(field.path),
        "pointer": pointer(field.path),
        "secret": field.visibility is Visibility.HIDDEN,
    }
    if field.visibility is Visibility.SHOWN and not isinstance(field.before, Absent):
        members["before"] = field.before
    if field.visibility is not Visibility.HIDDEN and not isinstance(field.after, Absent):
        members["after"] = field.after
    if field.visibility is Visibility.FOREIGN:
        members["note"] = _FOREIGN
    if field.note or field.visibility is Visibility.HIDDEN:
        members["note"] = field.note or "changed"
    return members


def _action(action: Action) -> JsonObject:
    return {
        "verb": str(action.verb),
        "object": _key(action.key),
        "reason": action.reason,
        "requires": [{"verb": str(verb), "object": _key(key)} for verb, key in sorted(action.requires)],
        "carries": [_key(change.key) for change in action.carried],
        "writesOrchestrator": action.writes_orchestrator,
    }


def _outcome(outcome: Outcome) -> JsonObject:
    return {
        "verb": str(outcome.action.verb),
        "object": _key(outcome.action.key),
        "status": str(outcome.status),
        "message": outcome.message,
        "transient": outcome.is_transient,
        "seconds": round(outcome.seconds, 3),
    }


def _accepted(one: Accepted) -> JsonObject:
    by: list[Json] = []
    for approval in one.by:
        reviewed = approval.reviewed
        by.append(
            {"what": approval.text}
            if reviewed is None
            else {
                "what": approval.text,
                "file": reviewed.origin.file,
                "line": reviewed.origin.line,
                "who": reviewed.who,
                "until": reviewed.until.isoformat(),
                "reason": reviewed.reason,
            }
        )
    return {**_refusal(one.refusal), "approval": one.approval, "by": by}


def _refusal(refusal: Refusal) -> JsonObject:
    return {
        "guard": refusal.guard,
        "target": refusal.target,
        "message": refusal.message,
        "count": refusal.count,
        "approval": refusal.approval,
        "details": list(refusal.details),
        "objects": [_key(key) for key in refusal.keys],
    }


def _finding(finding: Finding, result: PassResult) -> JsonObject:
    members: JsonObject = {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "message": finding.message,
        **_origin(finding.origin),
    }
    if finding.key is not None:
        members["object"] = _key(finding.key)
    if finding.others:
        members["others"] = [_origin(other) for other in finding.others]
    if finding.advice:
        members["advice"] = finding.advice
    excerpt = result.excerpts.get(finding.origin)
    if excerpt is not None:
        members["excerpt"] = {"text": excerpt.text, "caret": excerpt.caret + 1}
    if result.existing is not None:
        members["existing"] = finding in result.existing
    return members


def _key(key: ResourceKey) -> JsonObject:
    return {"kind": str(key.kind), _PLACES[key.place.realm]: key.place.name, "id": key.id}


def _origin(origin: Origin) -> JsonObject:
    return {"file": origin.file, "line": origin.line, "column": origin.column}
