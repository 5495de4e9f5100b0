"""Secret stores (v1 section 5): the built-in one, read-only for now."""

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.store import Transaction
from reconciler.emulator.v1.collections import SECRET_STORES
from reconciler.emulator.v1.identifiers import user_id
from reconciler.emulator.v1.secret_refs import BUILT_IN_STORE


def primary_store(state: Transaction, organization: str) -> str:
    """Return the id of the store that receives plain text."""
    stores = state.list(SECRET_STORES, organization)
    return next((store["id"] for store in stores if store["primary"]), BUILT_IN_STORE)


def plant_built_in_store(call: Call) -> None:
    """Store the built-in secret store of a new organization, as primary."""
    moment, person = milliseconds(call.now), user_id(call.actor)
    store = {
        "id": BUILT_IN_STORE,
        "primary": True,
        "humanitec": {},
        "created_at": moment,
        "created_by": person,
        "updated_at": moment,
        "updated_by": person,
    }
    call.state.put(SECRET_STORES, (call.organization, BUILT_IN_STORE), store)


def _list(call: Call) -> Reply:
    return Reply(200, call.state.list(SECRET_STORES, call.organization))


def _get(call: Call) -> Reply:
    store = call.state.get(SECRET_STORES, call.organization, call.path["store"])
    if store is None:
        raise ApiError(404, f"secret store {call.path['store']} not found")
    return Reply(200, store)


OPERATIONS = (
    Operation(Api.V1, "GET", "/orgs/{org}/secretstores", "secret_stores", _list, lists=True),
    Operation(Api.V1, "GET", "/orgs/{org}/secretstores/{store}", "secret_stores", _get),
)
