"""One target: does each API accept the token, and does the organization exist."""

from collections.abc import Iterable, Iterator

from reconciler.diagnosis.check import Check, ok, problem, said, unknown, warning
from reconciler.diagnosis.sight import ApiSight, Refusal
from reconciler.model.unread import Unread


def target_checks(organization: str, apis: Iterable[ApiSight] | Unread) -> Iterator[Check]:
    """One line for each API. An `Unread` says why there is no client at all, such as a missing token."""
    if isinstance(apis, Unread):
        yield problem("token", apis.reason, *said((apis.advice,)))
        return
    for api in apis:
        yield _of_api(organization, api)


def _of_api(organization: str, api: ApiSight) -> Check:
    at = f"{api.name} at {api.url}"
    if api.refusal is None:
        if api.is_proven:
            return ok("api", f"{at} accepts the token: {api.found}")
        return warning(
            "api",
            f"{at} accepts the token, and nothing shows that organization {organization} exists",
            "Its lists are empty. Compare the id of the organization with that in the orchestrator.",
        )
    refusal, why = api.refusal
    match refusal:
        case Refusal.TOKEN:
            return problem("token", f"{at} does not accept the token: {why.reason}", *said((why.advice,)))
        case Refusal.ORGANIZATION:
            return problem("organization", f"{at}: {why.reason}", *said((why.advice,)))
        case Refusal.OTHER:
            return unknown("api", f"{at} cannot be read: {why.reason}", *said((why.advice,)))
