"""`modes` as one JSON document. Members are only ever added while `version` stays 1.

version, exitCode
targets         [{target, organization, primaryStore, definitions, phase, isReady, waits, stops, notKnown, notLookedAt}]
primaryStore    {before, after}   ids, null where they are not known
definitions     [{id, before, after, cluster, place}]   `before` is "" for one that does not exist yet, a mode is null
                where it is not known
phase           `none`, `register`, `key`, `chart`, `custom resource`, `primary` or `unknown`
waits           [{step, what, isRead}]   `isRead` is false where it is not known whether it is missing
stops           [{rule, definition, what, place, isSure}]
unread          [{what, reason, advice}]   targets and clusters
"""

import json

from reconciler.model.json import Json, JsonObject
from reconciler.model.unread import Unread
from reconciler.procedure.store_switch import SHARED_VALUES, ModeReport, StoreSwitch, store_switch

VERSION = 1


def render(report: ModeReport) -> str:
    """One document in ASCII, ending with a line break."""
    document: JsonObject = {
        "version": VERSION,
        "exitCode": int(report.exit_code),
        "targets": [_target(name, facts) for name, facts in report.switches.items()],
        "unread": [
            {"what": name, "reason": one.reason, "advice": one.advice} for name, one in report.unread.items()
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _target(name: str, facts: StoreSwitch) -> JsonObject:
    course = store_switch(facts)
    definitions: list[Json] = [
        {
            "id": one.id,
            "before": _known(one.before),
            "after": _known(one.after),
            "cluster": one.cluster,
            "place": one.place,
        }
        for one in facts.definitions
    ]
    waits: list[Json] = [
        {"step": str(lack.step), "what": lack.what, "isRead": not lack.is_unread} for lack in course.lacks
    ]
    stops: list[Json] = [
        {
            "rule": one.rule,
            "definition": one.name,
            "what": one.what,
            "place": one.place,
            "isSure": one.is_sure,
        }
        for one in course.stopping
    ]
    return {
        "target": name,
        "organization": facts.organization,
        "primaryStore": {"before": _known(facts.before), "after": _known(facts.after)},
        "definitions": definitions,
        "phase": str(course.phase),
        "isReady": course.is_ready,
        "waits": waits,
        "stops": stops,
        "notKnown": list(course.unread),
        "notLookedAt": [SHARED_VALUES] if facts.leaves_legacy else [],
    }


def _known(value: str | Unread) -> str | None:
    return None if isinstance(value, Unread) else value
