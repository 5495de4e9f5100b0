"""`reconciler completion`: the completion script for a shell."""

import click
from click.shell_completion import get_completion_class

from reconciler.errors import ExitCode


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print a shell completion script.

    \b
    Examples:
      eval "$(reconciler completion bash)"
      reconciler completion fish | source
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.program import program  # noqa: PLC0415  program imports this module

    found = get_completion_class(shell)
    assert found is not None, "click supports every shell of the choice"
    click.echo(found(program, {}, "reconciler", "_RECONCILER_COMPLETE").source())
    return ExitCode.DONE
