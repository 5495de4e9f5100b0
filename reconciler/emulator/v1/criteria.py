"""Matching criteria: uniqueness, selection, and their endpoints (v1 4.10, 12)."""

import secrets
from itertools import product
from typing import Any

from reconciler.emulator.choices import CriterionIds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.store import Transaction
from reconciler.emulator.v1.collections import ACTIVE_RESOURCES, DEFINITIONS, RULE_FIELDS, rule_key
from reconciler.emulator.v1.fields import flag, json_body, known_only, text
from reconciler.emulator.v1.stored_definition import definition_in_path
from reconciler.emulator.wire import Document

_FIELDS = frozenset({*RULE_FIELDS, "class"})


def rules_from(call: Call, value: Any) -> list[Document]:
    """Rules with defaults filled in and without ids; 422 for other shapes."""
    if not isinstance(value, list):
        raise ApiError(422, "criteria must be an array", details={"field": "criteria"})
    return [_rule(call, item) for item in value]


def with_ids(call: Call, rules: list[Document], old: list[Document]) -> list[Document]:
    """Rules with ids: those of equal old rules are kept, depending on `criterion_ids` (U16)."""
    known = {_identity(rule): rule["id"] for rule in old}
    if call.choices.criterion_ids is CriterionIds.RENEW:
        known = {}
    return [{"id": known.get(_identity(rule)) or secrets.token_hex(8), **rule} for rule in rules]


def check_unique(call: Call, definition_id: str, resource_type: str, rules: list[Document]) -> None:
    """Refuse rules that equal one of the same type anywhere in the organization: 409."""
    seen = set()
    for rule in rules:
        key = rule_key(call.organization, resource_type, rule)
        if key in seen:
            raise ApiError(409, "two equal matching criteria in one request", details={"criteria": rule})
        seen.add(key)
        for holder, _ in call.state.find(DEFINITIONS, "rule", *key):
            if holder[1] != definition_id:
                raise ApiError(
                    409,
                    f"matching criteria already exist for type {resource_type} on definition {holder[1]}",
                    details={"criteria": rule, "definition": holder[1]},
                )


def best_definition(
    state: Transaction, resource: Document, *, without_definition: str = "", without_rule: str = ""
) -> str:
    """Id of the definition that an active resource would get, or "" for none.

    Tries the sixteen possible rules from most to least specific, so the number of
    definitions does not matter. A definition or a rule (by id) can be excluded.
    """
    for used in product((True, False), repeat=len(RULE_FIELDS)):
        rule = {name: resource[name] for name, is_set in zip(RULE_FIELDS, used, strict=True) if is_set}
        if "" in rule.values():
            continue
        rule["class"] = resource["class"]
        key = rule_key(resource["org_id"], resource["type"], rule)
        for holder, definition in state.find(DEFINITIONS, "rule", *key):
            rule_id = next(
                item["id"] for item in definition["criteria"] if _identity(item) == _identity(rule)
            )
            if holder[1] != without_definition and rule_id != without_rule:
                return holder[1]
    return ""


def change(resource: Document, from_definition: str, to_definition: str) -> Document:
    """The record of where an active resource would move (v1 section 4.7)."""
    return {
        "app_id": resource["app_id"],
        "env_id": resource["env_id"],
        "res_id": resource["res_id"],
        "from_def": from_definition,
        "to_def": to_definition,
    }


def _rule(call: Call, item: Any) -> Document:
    if not isinstance(item, dict):
        raise ApiError(422, "a criterion must be an object", details={"field": "criteria"})
    known = known_only(call, {name: value for name, value in item.items() if name != "id"}, _FIELDS)
    fields = {name: text(known, name) for name in ("env_type", "app_id", "env_id", "res_id")}
    # An empty string is the same as absent (v1 section 4.10).
    return {
        **{name: value for name, value in fields.items() if value},
        "class": text(known, "class") or "default",
    }


def _identity(rule: Document) -> tuple[str, ...]:
    return (*(rule.get(name, "") for name in RULE_FIELDS), rule["class"])


def _store(call: Call, definition: Document, criteria: list[Document]) -> None:
    call.state.put(DEFINITIONS, (call.organization, definition["id"]), {**definition, "criteria": criteria})


def _replace(call: Call) -> Reply:
    definition = definition_in_path(call)
    rules = rules_from(call, json_body(call))
    check_unique(call, definition["id"], definition["type"], rules)
    criteria = with_ids(call, rules, definition["criteria"])
    _store(call, definition, criteria)
    return Reply(200, criteria)


def _add(call: Call) -> Reply:
    definition = definition_in_path(call)
    rule = _rule(call, json_body(call))
    # An empty id excludes nothing: the definition's own rules count as well.
    check_unique(call, "", definition["type"], [rule])
    (added,) = with_ids(call, [rule], [])
    _store(call, definition, [*definition["criteria"], added])
    return Reply(200, added)


def _delete(call: Call) -> Reply:
    definition = definition_in_path(call)
    rule_id = call.path["criterion"]
    rest = [rule for rule in definition["criteria"] if rule["id"] != rule_id]
    if len(rest) == len(definition["criteria"]):
        raise ApiError(404, f"matching criteria {rule_id} not found")
    if not flag(call, "force"):
        changes = _moves(call, definition["id"], rule_id)
        if changes:
            return Reply(409, changes)
    _store(call, definition, rest)
    return Reply(204)


def _moves(call: Call, definition_id: str, rule_id: str) -> list[Document]:
    changes = []
    for _, resource in call.state.find(ACTIVE_RESOURCES, "definition", call.organization, definition_id):
        before = best_definition(call.state, resource)
        after = best_definition(call.state, resource, without_rule=rule_id)
        if before == definition_id and after != definition_id:
            changes.append(change(resource, definition_id, after))
    return changes


_ALL = "/orgs/{org}/resources/defs/{definition}/criteria"
_ONE = "/orgs/{org}/resources/defs/{definition}/criteria/{criterion}"
_KIND = DEFINITIONS.name

OPERATIONS = (
    Operation(Api.V1, "PUT", _ALL, _KIND, _replace),
    Operation(Api.V1, "POST", _ALL, _KIND, _add),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
