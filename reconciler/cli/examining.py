"""`doctor` between its command line and the pass: the text that was pasted, the probes, the output."""

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from reconciler.cli.edges.helm import helm_version
from reconciler.cli.edges.settings import check_targets
from reconciler.cli.interrupt import Interruption, stop_on_signals
from reconciler.cli.named_targets import refused_words
from reconciler.cli.output import notice, width_of, write
from reconciler.cli.passes import composing
from reconciler.cli.request import Request
from reconciler.cli.session import Session
from reconciler.cluster.client import ProbeClient
from reconciler.diagnosis.check import Check, Examination, unknown
from reconciler.diagnosis.probe import has_ended, probe_check, probe_pod
from reconciler.errors import ClusterError
from reconciler.log import redact
from reconciler.model.kubernetes_object import PROBE_LABEL
from reconciler.passes import examine as passes
from reconciler.passes.probe import left_behind, probe

ConnectProbe = Callable[[str], ProbeClient]
_MOST_PASTED_BYTES = 4_194_304


def examine(
    request: Request, targets: tuple[str, ...], pasted: str | None
) -> tuple[passes.Examined, ConnectProbe]:
    """What was examined, and what connects a probe to a cluster. Raises ReconcilerError."""
    text = None if pasted is None else (pasted, _text_of(pasted))
    wanted = passes.Asked(
        frozenset(targets), text, helm=lambda: helm_version(request.environment), masked=redact
    )
    with composing(request) as composed:
        check_targets(targets, composed.settings)
        examined = passes.examine(composed.settings, composed.adapters, wanted)
        connect = composed.adapters.connect_probe
    if examined.refused:
        notice(refused_words(examined.refused))
    return examined, connect


def _text_of(pasted: str) -> str:
    """What was pasted, cut where nobody would have pasted it by hand. Raises click.UsageError."""
    if pasted == "-":
        return sys.stdin.buffer.read(_MOST_PASTED_BYTES).decode("utf-8", "replace")
    try:
        with Path(pasted).open("rb") as stream:
            return stream.read(_MOST_PASTED_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise click.UsageError(f"cannot read {pasted}: {error.strerror}") from error


def probed(
    session: Session, probable: Sequence[passes.Probable], connect: ConnectProbe, image: str
) -> Mapping[str, list[Check]]:
    """A check for each Agent that can be probed, by cluster. A signal ends the probes, which delete their pods."""
    found: dict[str, list[Check]] = {}
    with stop_on_signals(session.deeds) as interruption:
        for one in probable:
            if interruption.stop.is_set():
                check = unknown("probe", "not probed: stopped before", subject=one.subject)
            else:
                check = _probed(session, one, connect, image, interruption)
            found.setdefault(one.cluster, []).append(check)
    return found


def _probed(
    session: Session, one: passes.Probable, connect: ConnectProbe, image: str, interruption: Interruption
) -> Check:
    run = secrets.token_hex(8)
    body = probe_pod(one.workload, one.deployment, run=run, image=image)
    deed = f"probe pod in namespace {one.workload.namespace} of cluster {one.cluster}"
    notice(f"{one.subject}: trying its network with a {deed}")
    try:
        client = connect(one.cluster)
    except ClusterError as error:
        return unknown("probe", f"no probe: {error}", error.advice or "Try again later.", subject=one.subject)
    # Named if a second signal ends the process while the pod exists.
    session.deeds.under_way.add(deed)
    try:
        seen = probe(client, body, interruption.stop)
    except ClusterError as error:
        return unknown("probe", f"no probe: {error}", error.advice or "Try again later.", subject=one.subject)
    finally:
        if left_behind(client, body):
            notice(
                f"a {deed} may be left: kubectl -n {one.workload.namespace} delete pod -l {PROBE_LABEL}={run}"
            )
        session.deeds.under_way.discard(deed)
        client.close()
    if interruption.stop.is_set() and seen is not None and not has_ended(seen):
        return unknown("probe", "stopped before its end", subject=one.subject)
    return probe_check(seen, subject=one.subject)


def show(session: Session, examination: Examination, form: str) -> None:
    """Print the examination in a `Format`."""
    if form == "json":
        from reconciler.views import examination_json  # noqa: PLC0415  each format is imported only when it is used

        write(sys.stdout, examination_json.render(examination))
    else:
        from reconciler.views import examination_text  # noqa: PLC0415  as above

        width, color = width_of(sys.stdout), session.is_colored(sys.stdout)
        write(sys.stdout, examination_text.render(examination, width=width, color=color))
