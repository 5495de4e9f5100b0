"""`reconciler completion`: the script that makes a shell complete our commands."""

import click
from click.shell_completion import get_completion_class

from reconciler.errors import ExitCode


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    Examples:
      eval "$(reconciler completion bash)"
      reconciler completion fish | source
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped
    from reconciler.cli.program import program  # noqa: PLC0415  the program imports its commands late

    found = get_completion_class(shell)
    assert found is not None, "click knows all shells of the choice"
    click.echo(found(program, {}, "reconciler", "_RECONCILER_COMPLETE").source())
    return ExitCode.DONE
