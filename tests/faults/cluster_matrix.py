"""Which fault is tried at which call of an API server: in the whole matrix, and in the slice of it that is always run.

Every trial installs something first, so that only the faults that differ most are tried at all calls; each of the
others is tried at one call, in turn.
"""

import json
from functools import cache

from reconciler.emulator import FaultRule
from tests.faults.call import Call
from tests.faults.cluster_ground import NAME
from tests.faults.fault import HTTP_FAULTS, Fault, On
from tests.faults.matrix import Cell
from tests.faults.proxy import Answer, Exchange, Trick, plain

_AGENTS, _RUNNERS, _JOBS = (f"namespaces/{NAME}-{part}" for part in ("agents", "runners", "jobs"))
_RBAC = "rbac.authorization.k8s.io/v1"

CALLS = tuple(
    Call(*line.split(" ", 1))
    for line in (
        "GET /apis/apps/v1/deployments",
        "GET /api/v1/configmaps",
        f"GET /apis/{_RBAC}/rolebindings",
        f"GET /api/v1/{_AGENTS}",
        f"GET /api/v1/{_AGENTS}/secrets/humanitec-agent-secret-private-key",
        f"GET /apis/apps/v1/{_AGENTS}/deployments/humanitec-agent",
        f"GET /api/v1/{_AGENTS}/pods",
        f"GET /api/v1/{_AGENTS}/pods/*/log",
        f"GET /apis/networking.k8s.io/v1/{_AGENTS}/networkpolicies/humanitec-agent",
        f"PATCH /api/v1/{_AGENTS}/configmaps/humanitec-agent-configmap-env",
        f"PATCH /apis/apps/v1/{_AGENTS}/deployments/humanitec-agent",
        f"PATCH /apis/networking.k8s.io/v1/{_AGENTS}/networkpolicies/humanitec-agent",
        f"DELETE /apis/apps/v1/{_RUNNERS}/deployments/humanitec-kubernetes-agent-runner",
        f"DELETE /api/v1/{_RUNNERS}/configmaps/humanitec-kubernetes-agent-runner",
        f"DELETE /apis/{_RBAC}/{_JOBS}/rolebindings/humanitec-kubernetes-agent-runner",
        f"GET /api/v1/{_RUNNERS}/pods",
    )
)


def _refusal(exchange: Exchange, status: int, headers: dict[str, str]) -> Answer:
    """An answer as API servers give it; a 404 names the object."""
    name = exchange.target.partition("?")[0].rpartition("/")[2]
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"the server answers {status}",
        "details": {"name": name} if status == 404 else {},
        "code": status,
    }
    return plain(status, json.dumps(body).encode(), headers=headers)


def _refused(status: int, *, retry_after: str = "") -> Trick:
    headers = {"retry-after": retry_after} if retry_after else {}
    return lambda exchange: exchange.write(_refusal(exchange, status, headers).raw)


def _done_and_refused(status: int, *, retry_after: str = "") -> Trick:
    headers = {"retry-after": retry_after} if retry_after else {}

    def trick(exchange: Exchange) -> None:
        exchange.forward()
        exchange.write(_refusal(exchange, status, headers).raw)

    return trick


def _without_items(exchange: Exchange) -> None:
    answer = exchange.forward()
    body = {**json.loads(answer.body), "items": []}
    exchange.write(Answer(answer.status, answer.headers, json.dumps(body).encode()).raw)


# Before any effect an API server checks who asks (401) and what they may do (403).
_STATUSES = (
    *(
        Fault(f"status {status}, after the effect", _done_and_refused(status), On.WRITE)
        for status in (400, 404, 408, 409, 422, 429, 500, 502, 503)
    ),
    *(
        Fault(
            f"status {status} with Retry-After 1, after the effect",
            _done_and_refused(status, retry_after="1"),
            On.WRITE,
        )
        for status in (429, 503)
    ),
    *(
        Fault(f"status {status}, and nothing is done", _refused(status))
        for status in (400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 502, 503)
    ),
    *(
        Fault(f"status {status}, and nothing is done, each time", _refused(status), lasts=True)
        for status in (403, 404, 409, 500, 503)
    ),
    Fault("status 500, after the effect, each time", _done_and_refused(500), On.WRITE, lasts=True),
    Fault("status 429 with Retry-After 0, and nothing is done, each time", _refused(429, retry_after="0"), lasts=True),
    Fault("status 429 with Retry-After 86400, and nothing is done", _refused(429, retry_after="86400")),
    Fault("status 503 with Retry-After 1, and nothing is done", _refused(503, retry_after="1")),
)  # fmt: skip
_LISTED = (
    Fault("a list without any items", _without_items, On.LIST),
    Fault("a list without any items, each time", _without_items, On.LIST, lasts=True),
)
CLUSTER_FAULTS = (
    *_STATUSES,
    *_LISTED,
    *(fault for fault in HTTP_FAULTS if not isinstance(fault.how, FaultRule)),
)
_TELLING_FAULTS = (
    "status 404, and nothing is done",
    "status 409, and nothing is done, each time",
    "status 503, and nothing is done, each time",
    "status 404, after the effect",
    "status 409, after the effect",
    "status 500, after the effect",
    "cut after the effect",
    "status 200 with {} instead",
    "HTML page with status 404",
    "a list without any items",
    "a list without any items, each time",
)

_ALWAYS = frozenset(
    (
        f"status 404, and nothing is done | GET /api/v1/{_AGENTS}/secrets/humanitec-agent-secret-private-key",
        "HTML page with status 404 | GET /apis/apps/v1/deployments",
        f"status 409, after the effect | PATCH /apis/apps/v1/{_AGENTS}/deployments/humanitec-agent",
        f"status 404, after the effect | DELETE /apis/apps/v1/{_RUNNERS}/deployments/humanitec-kubernetes-agent-runner",
        f"cut after the effect | PATCH /api/v1/{_AGENTS}/configmaps/humanitec-agent-configmap-env",
    )
)


@cache
def whole() -> tuple[Cell, ...]:
    """All cells."""
    cells: list[Cell] = []
    for number, fault in enumerate(CLUSTER_FAULTS):
        calls = [call for call in CALLS if fault.applies(call)]
        tells = fault.name in _TELLING_FAULTS
        cells += [Cell(fault, call) for call in (calls if tells else [calls[number % len(calls)]])]
    return tuple(cells)


def chosen() -> tuple[Cell, ...]:
    """The slice: the cells that stand for what is easily lost, and every fortieth of the others."""
    others = [cell for cell in whole() if str(cell) not in _ALWAYS]
    return (*(cell for cell in whole() if str(cell) in _ALWAYS), *others[::40])
