"""`doctor` as one JSON document. Members are only ever added while `version` stays 1.

version, exitCode
counts   {ok, warning, problem, unknown, manual}   number of checks of each status
places   [{id, title, checks}]   `id` is a target, `cluster:NAME`, `here`, `elsewhere` or `log`
checks   [{id, status, subject, what, advice}]   `subject` is such as `Agent/eu-1`, "" for the place itself;
advice is a list of texts, one step each
"""

import json

from reconciler.diagnosis.check import Check, Examination, Status
from reconciler.model.json import JsonObject

VERSION = 1


def render(examination: Examination) -> str:
    """One document in ASCII, ending with a line break."""
    document: JsonObject = {
        "version": VERSION,
        "exitCode": int(examination.exit_code),
        "counts": {str(status): examination.counts.get(status, 0) for status in Status},
        "places": [
            {"id": place.id, "title": place.title, "checks": [_check(check) for check in place.checks]}
            for place in examination.places
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _check(check: Check) -> JsonObject:
    return {
        "id": check.id,
        "status": check.status,
        "subject": check.subject,
        "what": check.what,
        "advice": list(check.advice),
    }
