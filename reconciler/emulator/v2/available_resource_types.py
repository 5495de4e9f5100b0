"""Resource types available in an environment, with the rules that would apply to them.

A derived list without stored objects; the choice among rules follows `module_rules`.
"""

from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.v2.collections import MODULE_RULES, MODULES, RESOURCE_TYPES
from reconciler.emulator.v2.environments import environment_in_path
from reconciler.emulator.v2.module_rules import takes_part, weight
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.parameters import boolean_parameter
from reconciler.emulator.wire import Document


def _accept(call: Call) -> int:
    boolean_parameter(call, "include_non_developer_accessible")
    return read_page(call)


def _list(call: Call) -> Reply:
    environment = environment_in_path(call)
    includes_hidden = boolean_parameter(call, "include_non_developer_accessible")
    wanted = call.parameter("type_id")
    options = _options(call, environment)
    types = [
        _as_read(document, options[document["id"]])
        for document in call.state.list(RESOURCE_TYPES, call.organization)
        if document["id"] in options
        and (wanted is None or document["id"] == wanted)
        and (includes_hidden or document["is_developer_accessible"])
    ]
    return page(call, types, lambda item: (item["id"],), dict)


def _options(call: Call, environment: Document) -> dict[str, list[Document]]:
    """Resource type to its options: for each class and id, the most specific rule."""
    winners: dict[tuple[str, str, str], Document] = {}
    for rule in call.state.list(MODULE_RULES, call.organization):
        request = (rule["resource_type"], rule["resource_class"], rule.get("resource_id", ""))
        rival = winners.get(request)
        if takes_part(rule, environment) and (rival is None or weight(rule) > weight(rival)):
            winners[request] = rule
    options: dict[str, list[Document]] = {}
    for (type_id, _, _), rule in sorted(winners.items()):
        options.setdefault(type_id, []).append(_option(call, rule))
    return options


def _option(call: Call, rule: Document) -> Document:
    module = call.state.get(MODULES, call.organization, rule["module_id"])
    assert module is not None, "a module with rules cannot be deleted"
    option = {
        "resource_class": rule["resource_class"],
        "rule_id": rule["id"],
        "module_id": rule["module_id"],
        "module_params": module["module_params"],
    }
    return option if "resource_id" not in rule else {**option, "resource_id": rule["resource_id"]}


def _as_read(document: Document, options: list[Document]) -> Document:
    shown: Document = {
        name: document[name] for name in ("id", "description", "output_schema") if name in document
    }
    return {**shown, "options": options}


OPERATIONS = (
    Operation(
        Api.V2,
        "GET",
        "/orgs/{org}/projects/{project}/envs/{env}/available-resource-types",
        "available_resource_types",
        _list,
        _accept,
        lists=True,
    ),
)
