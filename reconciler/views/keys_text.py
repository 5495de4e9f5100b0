"""`keys status` for people: owners, and below each its keys with every place they are in."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.model.identity import shown
from reconciler.model.key_entries import KeyEntries
from reconciler.model.unread import Unread
from reconciler.model.wording import plural
from reconciler.procedure.keyring import Keyring
from reconciler.procedure.rotation import WORDS, GeneratedKey, KeyStatus, Turn
from reconciler.procedure.step import Phase, Step, must_be_renewed, step_of
from reconciler.views.page import Page, Tone

_TONES = {Phase.IN_USE: Tone.ADD, Phase.UNKNOWN: Tone.ATTENTION}


def render(status: KeyStatus, *, width: int, color: bool) -> str:
    """Text of at most `width` columns."""
    page = Page(width)
    for keyring in status.keyrings:
        page.gap()
        page.say(keyring.owner, Tone.STRONG)
        keys = keyring.fingerprints
        if not keys:
            page.say("no key", Tone.ATTENTION, indent=2)
        for fingerprint in keys:
            _key(page, keyring, fingerprint, status.at)
        for entries, key, turn in status.turns.get(keyring.owner, ()):
            for line in _rotation(entries, key, turn, status.at):
                page.say(line, indent=2, hang=2)
        for name, unread in keyring.unread:
            page.say(f"{name} was not read: {unread.reason}", Tone.ATTENTION, indent=2, hang=2)
    page.gap()
    page.say(_conclusion(status), Tone.STRONG)
    return page.text(color=color)


def _key(page: Page, keyring: Keyring, fingerprint: str, now: datetime) -> None:
    step = step_of(keyring, fingerprint)
    words = f"{step.phase}: {step.what}" if step.what else str(step.phase)
    tone = _TONES.get(step.phase, Tone.CHANGE)
    page.say(words, tone, indent=2, hang=2, lead=f"{shown(fingerprint)}  ")
    if step.advice:
        page.say(step.advice, indent=6, hang=2)
    if must_be_renewed(step, now):
        page.say("rotate it before it ends", Tone.ATTENTION, indent=6)
    for line in _places(keyring, fingerprint, now):
        page.say(line, indent=6, hang=2)


def _rotation(entries: KeyEntries, key: GeneratedKey, turn: Turn, now: datetime) -> Iterator[str]:
    """What becomes of a key that is made here, next and later."""
    if isinstance(key.place, Unread):
        yield f"what comes next is not known: {entries}: {key.place.reason}"
        return
    made = key.place.created_at
    age = "" if made is None else f", made {made.date().isoformat()} ({plural((now - made).days, 'day')} old)"
    every = "" if key.every is None else f", replaced every {_period(key.every)}"
    yield f"made in {entries}, entry {entries.entry}{age}{every}"
    if turn.change is None:
        return
    because = f", because {turn.because}" if turn.because else ""
    yield f"next: {WORDS[turn.change]}{because}" + (f"; then {turn.later}" if turn.later else "")
    yield from (f"waits: {reason}" for reason in turn.held)


def _places(keyring: Keyring, fingerprint: str, now: datetime) -> Iterator[str]:
    for organization, registrations in keyring.registered.items():
        found = None if isinstance(registrations, Unread) else registrations.get(fingerprint)
        if found is not None:
            accepted = "authorized" if found.is_accepted else "not authorized"
            end = "" if found.end is None else f", {_end(found.end, now)}"
            yield f"{organization}: {accepted}{end}"
    for mount in keyring.mounted_at(fingerprint):
        yield f"mounted from {mount}, entry {mount.entry}"
    running = keyring.run_with(fingerprint)
    for cluster in dict.fromkeys(cluster for cluster, _ in running):
        names = ", ".join(pod for at, pod in running if at == cluster)
        yield f"running on cluster {cluster}: {names}"
    if fingerprint in keyring.declared:
        yield f"declared at {keyring.declared[fingerprint]}"


def _period(every: timedelta) -> str:
    hours = every // timedelta(hours=1)
    return plural(hours, "hour") if hours % 24 else plural(every.days, "day")


def _end(end: datetime, now: datetime) -> str:
    days = (end - now).days
    if end <= now:
        return f"expired {end.date().isoformat()}"
    return f"expires {end.date().isoformat()} (in {plural(days, 'day')})"


def _conclusion(status: KeyStatus) -> str:
    if not status.keyrings:
        return "No file declares an Agent, an Operator or a runner with a key."
    steps: list[Step] = [
        step_of(keyring, fingerprint) for keyring in status.keyrings for fingerprint in keyring.fingerprints
    ]
    counts = {phase: sum(step.phase is phase for step in steps) for phase in Phase}
    found = ", ".join(f"{number} {phase}" for phase, number in counts.items() if number)
    return f"{plural(len(steps), 'key')}: {found}." if steps else "No key."
