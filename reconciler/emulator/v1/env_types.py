"""Environment types as v1 lists them: `development`, which every organization has, and the registered ones.

Their path is the same as in v2; `web.application` distinguishes the clients. Both APIs share one set, so
that a type seeded or created in v2 can also be used by v1 criteria.
"""

from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.organization import ENV_TYPES

_BUILT_IN = "development"


def _list(call: Call) -> Reply:
    registered = call.state.list(ENV_TYPES, call.organization)
    names = dict.fromkeys((_BUILT_IN, *(found["id"] for found in registered)))
    titles = {found["id"]: found["display_name"] for found in registered}
    return Reply(200, [{"id": name, "description": titles.get(name, name)} for name in names])


OPERATIONS = (Operation(Api.V1, "GET", "/orgs/{org}/env-types", ENV_TYPES.name, _list, lists=True),)
