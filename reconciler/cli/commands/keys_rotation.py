"""`reconciler keys rotate` and `reconciler keys revoke`: new keys now, and keys that must not be used any more."""

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Format, output_option, source_options
from reconciler.cli.session import Session, session
from reconciler.errors import ClusterError, ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.cli.request import Request
    from reconciler.passes.result import PassResult
    from reconciler.procedure.keyring import Keyring
    from reconciler.procedure.rotation import KeyStatus

_LEAST_DIGITS = 8


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="KIND/ID...")
@source_options
@click.option("--dry-run", is_flag=True, help="Show the first steps. Changes nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for approval; required without a terminal.")
@output_option(Format.TEXT, Format.JSON)
def rotate(
    *,
    names: tuple[str, ...],
    rev: str | None,
    url: str | None,
    ref: str | None,
    dry_run: bool,
    yes: bool,
    form: str,
) -> int:
    """Replace the key of an Agent, Operator or Runner by a new one now.

    For keys whose document has `generate`. The new key is made, registered
    and authorized in every organization before it is used; the old one is
    removed when nothing uses it any more. Stops where it has to wait, and
    goes on when it is run again, as `apply` and `watch` do.

    Exits with 5 while it waits.

    \b
    Examples:
      reconciler keys rotate Agent/eu-1
      reconciler keys rotate Runner/jobs --dry-run
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.request import request  # noqa: PLC0415  help must not wait for it
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    _check_generated(read_status(current, rev, url, ref), names)
    purpose = Purpose.PLAN if dry_run else Purpose.APPLY
    asked = replace(request(current, purpose, rev=rev, url=url, ref=ref), rotate=frozenset(names))
    return _run(current, asked, form, is_approved=yes)


@click.command()
@click.argument("name", metavar="KIND/ID")
@click.argument("fingerprint", metavar="FINGERPRINT")
@source_options
@click.option("--dry-run", is_flag=True, help="Show the first steps. Changes nothing.")
@click.option(
    "--confirm",
    metavar="KIND/ID",
    help="The owner's name again, in place of the question; required without a terminal.",
)
@output_option(Format.TEXT, Format.JSON)
def revoke(
    *,
    name: str,
    fingerprint: str,
    rev: str | None,
    url: str | None,
    ref: str | None,
    dry_run: bool,
    confirm: str | None,
    form: str,
) -> int:
    """Withdraw a key that somebody else may know, at once and everywhere.

    The other way round than a rotation: registrations of the key are removed
    first, and whatever runs with it is cut off until it has another one. Keys
    with `generate` are replaced by a new one in the same run.

    FINGERPRINT is as `keys status` shows it, or at least its first 8 digits.

    \b
    Examples:
      reconciler keys revoke Agent/eu-1 3f2a91c0 --dry-run
      reconciler keys revoke Agent/eu-1 3f2a91c0
    """  # noqa: D301  as above
    from reconciler.cli.request import request  # noqa: PLC0415  help must not wait for it
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    if confirm is not None and confirm != name:
        raise click.UsageError(f"--confirm says {confirm!r}, which is not {name!r}")
    status = read_status(current, rev, url, ref)
    key = _key(status, name, fingerprint)
    _say_effect(status, name, key)
    purpose = Purpose.PLAN if dry_run else Purpose.APPLY
    asked = replace(request(current, purpose, rev=rev, url=url, ref=ref), revoke=((name, key),))
    code = _run(current, asked, form, is_approved=confirm is not None, name=name)
    if dry_run:
        return code
    rest = _say_rest(read_status(current, rev, url, ref), name, key)
    return rest if code == ExitCode.DONE else code


def _run(current: Session, asked: "Request", form: str, *, is_approved: bool, name: str = "") -> int:
    """Plan or apply the request; `name` has to be typed in place of yes."""
    from reconciler.cli.applying import Given, applied, planned  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.consent import require_terminal  # noqa: PLC0415  as above
    from reconciler.cli.interrupt import stop_on_signals  # noqa: PLC0415  as above
    from reconciler.cli.output import show  # noqa: PLC0415  as above
    from reconciler.passes.result import Verdict  # noqa: PLC0415  as above

    if not asked.writes:
        result: PassResult = planned(asked)
        if result.verdict is Verdict.CHANGES:
            result = replace(result, advice="To do it, run the command without --dry-run.")
        show(result, form, current)
        return result.exit_code()
    if not is_approved:
        require_terminal(asked, f"--confirm={name}" if name else "--yes")
    given = Given(frozenset(), None, is_approved=is_approved, form=form, name=name)
    with stop_on_signals(current.deeds) as interruption:
        result, announced = applied(current, asked, given, interruption)
        show(result, form, current, announced=announced)
    return result.exit_code()


def read_status(current: Session, rev: str | None, url: str | None, ref: str | None) -> "KeyStatus":
    """Every key, as `keys status` reads them."""
    from reconciler.cli.passes import composing  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.keys import key_status  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    asked = replace(request(current, Purpose.PLAN, rev=rev, url=url, ref=ref), examines=True)
    with composing(asked) as composed:
        return key_status(composed.settings, composed.adapters)


def _check_generated(status: "KeyStatus", names: tuple[str, ...]) -> None:
    """Raise UsageError for an owner whose key is not made here, ClusterError where it cannot be read."""
    from reconciler.model.unread import Unread  # noqa: PLC0415  help must not wait for it

    for name in names:
        _keyring(status, name)
        if name not in status.turns:
            raise UsageError(
                f"no Key document of {name} has `generate`, so its key is not made here; nothing was changed",
                advice="replace it by hand as docs/keys.md describes, or add `generate` to its Key document",
            )
        for entries, key, _ in status.turns[name]:
            if isinstance(key.place, Unread):
                raise ClusterError(
                    f"the key of {name} in {entries} was not read: {key.place.reason}; nothing was changed",
                    advice=key.place.advice,
                )


def _keyring(status: "KeyStatus", name: str) -> "Keyring":
    """The keyring of an owner. Raises UsageError."""
    found = next((one for one in status.keyrings if one.owner == name), None)
    if found is None:
        raise unknown_owner(name, [one.owner for one in status.keyrings])
    return found


def unknown_owner(name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that none of the owners has."""
    found = list(known)
    near = get_close_matches(name, found, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"declared are {', '.join(found) or 'none'}"
    return UsageError(f"nothing declares {name!r} with a key", advice=hint)


def _key(status: "KeyStatus", name: str, fingerprint: str) -> str:
    """The whole fingerprint of a key of an owner. Raises UsageError."""
    from reconciler.procedure.keyring import PlacedKey  # noqa: PLC0415  help must not wait for it

    keyring = _keyring(status, name)
    wanted = fingerprint.lower()
    if len(wanted) < _LEAST_DIGITS:
        raise click.UsageError(f"at least {_LEAST_DIGITS} digits of a fingerprint are needed")
    found = [key for key in keyring.fingerprints if key.startswith(wanted)]
    if len(found) != 1:
        known = ", ".join(key[:12] for key in keyring.fingerprints) or "none"
        problem = "several keys begin with" if found else f"{name} has no key"
        raise UsageError(f"{problem} {fingerprint}; nothing was changed", advice=f"its keys are {known}")
    (key,) = found
    origin = keyring.declared.get(key)
    places = [generated.place for _, generated, _ in status.turns.get(name, ())]
    is_made = any(isinstance(one, PlacedKey) and key in one.fingerprints for one in places)
    if origin is not None and not is_made:
        raise UsageError(
            f"{key[:12]} is declared at {origin}, from where it would be registered again; nothing was changed",
            advice="remove that document, in the branch that a watcher follows too, and run this again",
        )
    return key


def _say_effect(status: "KeyStatus", name: str, key: str) -> None:
    """Say what is cut off."""
    from reconciler.cli.output import notice  # noqa: PLC0415  help must not wait for it
    from reconciler.model.unread import Unread  # noqa: PLC0415  as above

    keyring = _keyring(status, name)
    accepting = [
        organization
        for organization, found in keyring.registered.items()
        if not isinstance(found, Unread) and key in found
    ]
    running = ", ".join(f"pod {pod} on cluster {cluster}" for cluster, pod in keyring.run_with(key))
    notice(f"{key[:12]} of {name} is registered in {', '.join(accepting) or 'no organization that was read'}")
    notice(f"cut off until they have another key: {running}" if running else "no pod is seen to run with it")
    for what, unread in keyring.unread:
        notice(f"{what} was not read: {unread.reason}")
    if keyring.elsewhere:
        notice(f"which key is in use on {', '.join(keyring.elsewhere)} cannot be seen")


def _say_rest(status: "KeyStatus", name: str, key: str) -> ExitCode:
    """Say where a revoked key still is; the exit code is PARTIAL if it may be anywhere."""
    from reconciler.cli.output import notice  # noqa: PLC0415  help must not wait for it
    from reconciler.model.unread import Unread  # noqa: PLC0415  as above

    keyring = next((one for one in status.keyrings if one.owner == name), None)
    if keyring is None:
        return ExitCode.DONE
    accepting = [
        at for at, found in keyring.registered.items() if not isinstance(found, Unread) and key in found
    ]
    unread = [at for at, found in keyring.registered.items() if isinstance(found, Unread)]
    if accepting:
        notice(
            f"{key[:12]} is still registered in {', '.join(accepting)}: if this instance did not register it, "
            "delete it there by hand"
        )
    if unread:
        notice(f"whether {key[:12]} is still registered in {', '.join(unread)} is not known")
    return ExitCode.PARTIAL if accepting or unread else ExitCode.DONE
