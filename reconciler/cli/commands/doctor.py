"""`reconciler doctor`: what is wrong with clusters, installations and organizations, and what to do."""

from dataclasses import replace

import click

from reconciler.cli.completion import complete_targets
from reconciler.cli.options import Format, output_option, source_options
from reconciler.cli.session import session
from reconciler.model.kubernetes_object import PROBE_IMAGE


@click.command()
@source_options
@click.option(
    "--target",
    "targets",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_targets,
    help="Only this target, or cluster as cluster:NAME; repeatable.",
)
@click.option(
    "--log",
    "pasted",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="Also read pasted output of other hosts; - is stdin.",
)
@click.option("--probe", is_flag=True, help="Try the network of each Agent with a pod that is deleted again.")
@click.option("--probe-image", metavar="IMAGE", help=f"Image with a shell and nc. Default: {PROBE_IMAGE}.")
@output_option(Format.TEXT, Format.JSON)
def command(
    *,
    rev: str | None,
    url: str | None,
    ref: str | None,
    targets: tuple[str, ...],
    pasted: str | None,
    probe: bool,
    probe_image: str | None,
    form: str,
) -> int:
    """Look for what is wrong with clusters, installations and organizations.

    Changes nothing, except with --probe: then it creates one pod for each Agent,
    reconciler-probe-… in its namespace, with its labels and without its key,
    which tries TCP port 443 of the tunnel for at most a minute.

    Exits with 5 if there are problems, 6 if something could not be looked at.

    \b
    Examples:
      reconciler doctor
      reconciler doctor --probe --probe-image registry.example.com/busybox:1.37
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.examining import examine, probed, show  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.request import request  # noqa: PLC0415  as above
    from reconciler.passes.examine import with_probes  # noqa: PLC0415  as above
    from reconciler.passes.result import Purpose  # noqa: PLC0415  as above

    if probe_image is not None and not probe:
        raise click.UsageError("--probe-image belongs to --probe")
    current = session()
    current.configure_logging()
    asked = replace(request(current, Purpose.PLAN, rev=rev, url=url, ref=ref), examines=True)
    examined, connect = examine(asked, targets, pasted)
    examination = examined.examination
    if probe:
        found = probed(current, examined.probable, connect, probe_image or PROBE_IMAGE)
        examination = with_probes(examined, found)
    show(current, examination, form)
    return examination.exit_code
