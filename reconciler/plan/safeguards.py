"""The limits on deletes that count in a run. A commit cannot loosen them and use that at once. Pure.

What a commit declares counts from the next one on, unless it is stricter. The record keeps what the last applied
commit declared, so that applying the same commit twice does not make it the next one.
"""

from reconciler.model.record import LastApply, Safeguards
from reconciler.plan.guards import allowed_deletes
from reconciler.settings import Safety

_NUMBERS = (*range(1, 201), 500, 1_000, 5_000, 10_000, 100_000)
"""Numbers of owned objects for which two limits are compared."""


def declared(safety: Safety) -> Safeguards:
    """The limits of the settings."""
    return Safeguards((safety.maxDelete,), tuple(safety.protect))


def in_force(safety: Safety, last: LastApply | None, revision: str) -> Safeguards:
    """The limits that count for a commit; `revision` is "" where there is no commit, whose settings count at once."""
    now = declared(safety)
    if last is None or not revision:
        return now
    before = last.in_force if last.revision == revision else last.declared
    stricter = tuple(limit for limit in before.max_delete if _is_stricter(limit, safety.maxDelete))
    return now.joined(Safeguards(stricter, before.protect))


def loosened(safety: Safety, counted: Safeguards) -> str:
    """What the settings loosen and does not count yet, in words; "" if nothing."""
    limits = [limit for limit in counted.max_delete if limit != safety.maxDelete]
    patterns = [pattern for pattern in counted.protect if pattern not in safety.protect]
    parts = [f"safety.maxDelete {limit!r} still counts, not only {safety.maxDelete!r}" for limit in limits]
    if patterns:
        parts.append(f"safety.protect still contains {', '.join(patterns)}")
    return "; ".join(parts)


def _is_stricter(limit: str, other: str) -> bool:
    return any(allowed_deletes(limit, number) < allowed_deletes(other, number) for number in _NUMBERS)
