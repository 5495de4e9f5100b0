"""The API server of a cluster: connection, clock, rights, kinds of other products."""

from collections.abc import Iterator
from datetime import timedelta

from reconciler.diagnosis.check import Check, ok, problem, said, unknown, warning
from reconciler.diagnosis.sight import Rights, ServerSight
from reconciler.model.unread import Unread
from reconciler.model.wording import plural

MOST_CLOCK_DIFFERENCE = timedelta(minutes=1)
_SHOWN_RIGHTS = 12
_NEEDED = {"plan": "a plan needs", "more": "all rules need", "apply": "an apply needs"}
_LACKS = {
    "plan": "a plan lacks a right",
    "more": "rules, and what files no longer declare, stay unknown without a right",
    "apply": "an apply with these credentials would lack a right",
}
_PRODUCTS = (
    (".fluxcd.io/", "Install Flux there, or choose another `delivery`."),
    ("argoproj.io/", "Install Argo CD there, or choose another `delivery`."),
    ("humanitec.io/", "Install the Operator, whose chart brings its kinds."),
)


def unreached(found: Unread) -> Check:
    """The only check of a cluster that cannot be reached."""
    return unknown("connection", f"not reached: {found.reason}", *said((found.advice,)))


def server_checks(server: ServerSight) -> Iterator[Check]:
    """Everything about the server itself."""
    version = server.version or "a version it does not name"
    yield ok("connection", f"{server.address} answers: Kubernetes {version}")
    yield from _clock(server)
    yield from _rights("plan", server.plan)
    yield from _rights("more", server.more)
    yield from _rights("apply", server.apply)
    yield from _kinds(server)


def _clock(server: ServerSight) -> Iterator[Check]:
    if server.ahead is None:
        return
    difference = abs(server.ahead)
    if difference <= MOST_CLOCK_DIFFERENCE:
        yield ok("clock", "its clock agrees with that of this machine")
        return
    side = "ahead of" if server.ahead > timedelta() else "behind"
    yield warning(
        "clock",
        f"its clock is {_spoken(difference)} {side} that of this machine",
        "Certificates and tokens depend on the time: correct the clock that is wrong (NTP).",
    )


def _spoken(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    for length, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * length:
            return plural(seconds // length, noun)
    return plural(seconds, "second")


def _rights(purpose: str, found: Rights | Unread) -> Iterator[Check]:
    name = f"rights-{purpose}"
    if isinstance(found, Unread):
        what = f"whether every right that {_NEEDED[purpose]} is granted is not known: {found.reason}"
        yield unknown(name, what, *said((found.advice,)))
        return
    if not found.needed:
        return
    # Credentials that may only plan are what a pipeline for pull requests should have.
    say = problem if purpose == "plan" else warning
    for right, reason in found.missing[:_SHOWN_RIGHTS]:
        yield say(
            name,
            f"{_LACKS[purpose]}: {right}" + (f" ({reason})" if reason else ""),
            "Grant it to the account of these credentials.",
        )
    more = len(found.missing) - _SHOWN_RIGHTS
    if more > 0:
        yield say(name, f"{_LACKS[purpose]}: {more} more")
    for right in found.narrowed:
        yield warning(
            name,
            f"{right} is granted in the declared namespaces only",
            "What files no longer declare elsewhere is not seen.",
        )
    if not found.missing and not found.narrowed:
        yield ok(name, f"every right that {_NEEDED[purpose]} is granted ({found.needed} asked)")


def _kinds(server: ServerSight) -> Iterator[Check]:
    for (api_version, kind), is_there in sorted(server.kinds.items()):
        if is_there:
            yield ok("kind", f"has kind {kind} ({api_version})")
        else:
            advice = next((words for part, words in _PRODUCTS if part in api_version), "")
            yield problem("kind", f"does not have kind {kind} ({api_version})", *said((advice,)))
