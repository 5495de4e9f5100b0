"""Installations on hosts that only a person can look at: what to run there, and what the organizations know of them."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.diagnosis.check import Check, Status, ok, problem, said, unknown
from reconciler.diagnosis.key import Organizations
from reconciler.facts.agent_image import image, lacks_shell
from reconciler.facts.delivery import Delivery
from reconciler.facts.egress import COMMAND
from reconciler.footprint.value import Footprint
from reconciler.model.unread import Unread
from reconciler.model.wording import plural

READ_BACK = "Give their output to `reconciler doctor --log FILE`, `-` for stdin."


@dataclass(frozen=True, slots=True)
class ElsewhereSight:
    """One Agent on another host. `container` is the name that Docker knows it by, "" elsewhere."""

    footprint: Footprint
    organizations: tuple[str, ...] = ()
    container: str = ""

    @property
    def id(self) -> str:
        """Id of the Agent."""
        return self.footprint.installation.partition("/")[2]


def elsewhere_checks(sight: ElsewhereSight, organizations: Organizations) -> Iterator[Check]:
    """Commands, and whether every organization accepts some key of the Agent."""
    subject = sight.footprint.installation
    if sight.footprint.refusal:
        yield problem("installation", f"cannot be installed: {sight.footprint.refusal}", subject=subject)
        return
    handover = sight.footprint.handover
    if handover is not None:
        commands = (*handover.check, *said((_egress(sight),)))
        what = f"runs where only you can look ({sight.footprint.delivery}): {plural(len(commands), 'command')} to run"
        yield Check("by-hand", Status.MANUAL, what, (*(f"$ {line}" for line in commands), READ_BACK), subject)
    yield from _registered(sight, organizations)


def _egress(sight: ElsewhereSight) -> str:
    """What tries the connection from where the container is; newer images have no shell to do so themselves."""
    if sight.footprint.delivery is not Delivery.DOCKER or not sight.container:
        return ""
    if lacks_shell(image(sight.footprint.image).tag) is False:
        return shlex.join(["docker", "exec", sight.container, "/bin/sh", "-c", COMMAND])
    return f"docker run --rm --network container:{shlex.quote(sight.container)} busybox {COMMAND}"


def without_a_key(sight: ElsewhereSight, organizations: Organizations) -> tuple[str, ...]:
    """Organizations that accept no key of the Agent, each with the reason in words."""
    states = {name: _state(sight, name, organizations) for name in sight.organizations}
    return tuple(f"{name} {state}" for name, state in states.items() if isinstance(state, str) and state)


def _registered(sight: ElsewhereSight, organizations: Organizations) -> Iterator[Check]:
    subject, accepted = sight.footprint.installation, []
    for name in sight.organizations:
        state = _state(sight, name, organizations)
        if isinstance(state, Unread):
            what = f"whether organization {name} accepts its key is not known: {state.reason}"
            yield unknown("registration", what, *said((state.advice,)), subject=subject)
        elif state:
            advice = "Declare the key as a `Key`, run `reconciler apply`, and wait until it is authorized."
            yield problem("registration", f"organization {name} {state}", advice, subject=subject)
        else:
            accepted.append(name)
    if accepted:
        yield ok("registration", f"a key of it is authorized in {', '.join(accepted)}", subject=subject)


def _state(sight: ElsewhereSight, name: str, organizations: Organizations) -> str | Unread:
    seen = organizations.get(name)
    if seen is None:
        return Unread("no target of the settings reaches it", "Add a target for it, if only to read.")
    if isinstance(seen.keys, Unread):
        return seen.keys
    keys = seen.keys.get(sight.id)
    if keys is None:
        return "does not know the Agent"
    if not keys:
        return "has no key of the Agent"
    return "" if any(one.is_accepted for one in keys.values()) else "has not authorized any key of the Agent"
