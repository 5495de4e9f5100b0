"""`explain target/ID` as one JSON document. Members are only ever added while `version` stays 1.

version, target, organization
declaredMode, primaryStore, observedMode   each {value or null, why}; null means unknown
definitions   [{id, file, line, runtime, mode, driver, cluster, agent, operator,
verdict, atLeast, rows, rules}]
rows          [{id, subject, column, verdict, certain, why, because, rules, source}]
"""

import json

from reconciler.matrix.assessment import Applied
from reconciler.model.json import JsonObject
from reconciler.views.target_facts import DefinitionFacts, Fact, TargetFacts

VERSION = 1


def render(facts: TargetFacts) -> str:
    """One document in ASCII, ending with a line break."""
    document: JsonObject = {
        "version": VERSION,
        "target": facts.name,
        "organization": facts.organization,
        "declaredMode": _fact(facts.declared),
        "primaryStore": _fact(facts.primary),
        "observedMode": _fact(facts.observed),
        "definitions": [_definition(definition) for definition in facts.definitions],
    }
    return json.dumps(document, indent=2) + "\n"


def _fact(fact: Fact) -> JsonObject:
    return {"value": fact.value, "why": fact.why}


def _definition(facts: DefinitionFacts) -> JsonObject:
    origin = facts.definition.origin()
    return {
        "id": facts.definition.id,
        "file": origin.file,
        "line": origin.line,
        "runtime": facts.is_runtime,
        "mode": _fact(facts.mode),
        "driver": _fact(facts.driver),
        "cluster": _fact(facts.cluster),
        "agent": _fact(facts.agent),
        "operator": _fact(facts.operator),
        "verdict": facts.assessment.verdict,
        "atLeast": facts.assessment.at_least,
        "rows": [_row(applied) for applied in facts.assessment.rows],
        "rules": list(facts.rules),
    }


def _row(applied: Applied) -> JsonObject:
    return {
        "id": applied.row.id,
        "subject": applied.row.text,
        "column": applied.cell.name,
        "verdict": applied.cell.verdict,
        "certain": applied.is_certain,
        "why": applied.row.why,
        "because": list(applied.because),
        "rules": list(applied.row.rules),
        "source": applied.row.source,
    }
