"""`reconciler keys`: key pairs of Agents, Operators and runners."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.commands.keys_rotation import read_status, revoke, rotate, unknown_owner
from reconciler.cli.options import Format, output_option, source_options
from reconciler.cli.session import session
from reconciler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.model.key import PublicKey
    from reconciler.procedure.rotation import KeyStatus

_RUNNER = "Runner"
_OWNERS = ("Agent", "Operator", _RUNNER)


@click.group(no_args_is_help=True)
def command() -> None:
    """Keys of Agents, Operators and runners: where each is, and new ones.

    \b
    Examples:
      reconciler keys status
      reconciler keys rotate Agent/eu-1
    """  # noqa: D301  \b is click's mark for a paragraph that is not wrapped


command.add_command(rotate)
command.add_command(revoke)


@command.command()
@click.argument("owner", metavar="KIND/ID")
@click.option(
    "--out",
    "path",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="New file for the private key, outside of any Git work tree.",
)
@click.option(
    "--bits",
    type=click.IntRange(4096, 16384),
    help="Size of an RSA key. Default: 4096.",
)
def generate(*, owner: str, path: Path, bits: int | None) -> int:
    """Generate a key pair for an Agent, Operator or Runner.

    Writes the private key to a new file that only you can read, and prints
    the Key document with the public key, for the repository. Agents and
    Operators get an RSA key, runners an Ed25519 key.

    \b
    Examples:
      reconciler keys generate Agent/eu-1 --out ~/eu-1.pem > key.yaml
      reconciler keys generate Runner/jobs --out ~/jobs.pem
    """  # noqa: D301  as above
    from reconciler.cli.output import notice, write  # noqa: PLC0415  help must not wait for it
    from reconciler.keystore.key_pair import generated, write_private_key  # noqa: PLC0415  as above
    from reconciler.model.identity import shown  # noqa: PLC0415  as above
    from reconciler.model.key import Algorithm  # noqa: PLC0415  as above

    kind, identifier = _owner(owner)
    if kind == _RUNNER and bits is not None:
        raise click.UsageError("--bits is for RSA keys, and runners have Ed25519 keys")
    current = session()
    place = current.directory / path.expanduser()
    _check_outside(place)
    algorithm = Algorithm.ED25519 if kind == _RUNNER else Algorithm.RSA
    pair = generated(algorithm, bits or 4096)
    write_private_key(place, pair)
    current.deeds.done.append(f"wrote the private key to {place}")
    key = pair.public
    size = f", {key.bits} bits" if key.bits else ""
    notice(
        f"private key {shown(key.fingerprint)} ({key.algorithm}{size}) is in {place}; only you can read it"
    )
    write(sys.stdout, document(kind, identifier, key))
    notice("next: put the document into the repository, and the private key into its Secret:")
    write(sys.stderr, f"  {_command(kind, place)}\n")
    notice("then keep the file in a safe place such as a secret store, and delete it here")
    return ExitCode.DONE


@command.command()
@click.argument("names", nargs=-1, metavar="[KIND/ID]...")
@source_options
@output_option(Format.TEXT, Format.JSON)
def status(*, names: tuple[str, ...], rev: str | None, url: str | None, ref: str | None, form: str) -> int:
    """Show every key of what the files declare, and what comes next.

    For each: organizations with authorization and expiry, where it is mounted,
    what runs with it, and what it waits for. Changes nothing.

    Exits with 6 if something could not be read.

    \b
    Examples:
      reconciler keys status
      reconciler keys status Agent/eu-1 -o json
    """  # noqa: D301  as above
    from reconciler.cli.named_targets import refused_words  # noqa: PLC0415  help must not wait for it
    from reconciler.cli.output import notice, width_of, write  # noqa: PLC0415  as above
    from reconciler.views import keys_json, keys_text  # noqa: PLC0415  as above

    current = session()
    current.configure_logging()
    found = _chosen(read_status(current, rev, url, ref), names)
    if found.refused:
        notice(refused_words(found.refused))
    if form == Format.JSON:
        write(sys.stdout, keys_json.render(found))
    else:
        width, color = width_of(sys.stdout), current.is_colored(sys.stdout)
        write(sys.stdout, keys_text.render(found, width=width, color=color))
    return found.exit_code


def _chosen(found: "KeyStatus", names: tuple[str, ...]) -> "KeyStatus":
    """Only the owners with these names. Raises UsageError for a name that none has."""
    known = dict.fromkeys(keyring.owner for keyring in found.keyrings)
    for name in names:
        if name not in known:
            raise unknown_owner(name, known)
    return replace(found, keyrings=tuple(one for one in found.keyrings if not names or one.owner in names))


def document(kind: str, identifier: str, key: "PublicKey") -> str:
    """The `Key` document for a public key, as YAML. Its id names the key, so that the next one has another."""
    lines = key.pem.strip().splitlines()
    member = kind.lower()
    return "\n".join(
        [
            "apiVersion: reconciler/v1alpha1",
            "kind: Key",
            f"metadata: {{id: {identifier}-{key.fingerprint[:8]}}}",
            "spec:",
            f'  for: {{{member}: "{identifier}"}}',
            "  publicKey: |",
            *(f"    {line}" for line in lines),
            "",
        ]
    )


def _owner(text: str) -> tuple[str, str]:
    """Kind and id. Raises UsageError."""
    from reconciler.model.identifier import is_runner_id, is_v1_id  # noqa: PLC0415  as above

    name, _, identifier = text.partition("/")
    kind = next((one for one in _OWNERS if one.lower() == name.lower()), None)
    if kind is None or not identifier:
        raise click.UsageError(f"{text!r} is not KIND/ID with {', '.join(_OWNERS)}, such as Agent/eu-1")
    if not (is_runner_id(identifier) if kind == _RUNNER else is_v1_id(identifier)):
        raise click.UsageError(f"{identifier!r} is not an id that {kind} documents can have")
    return kind, identifier


def _command(kind: str, path: Path) -> str:
    """The command that fills the Secret, on one line so that it can be copied."""
    from reconciler.facts.agent_installation import KEY_ENTRY, KEY_SECRET  # noqa: PLC0415  as above
    from reconciler.facts.key_place import OPERATOR_ENTRY, ORGANIZATION_ENTRY, RUNNER_SECRET  # noqa: PLC0415  as above
    from reconciler.model.operator import DRIVER_KEY_SECRET  # noqa: PLC0415  as above

    file = shlex.quote(str(path))
    entries = {
        "Agent": f"{KEY_SECRET} --from-file={KEY_ENTRY}={file}",
        _RUNNER: f"{RUNNER_SECRET} --from-file={KEY_ENTRY}={file}",
        "Operator": f"{DRIVER_KEY_SECRET} --from-file={OPERATOR_ENTRY}={file} "
        f"--from-literal={ORGANIZATION_ENTRY}=ORGANIZATION",
    }
    return f"kubectl -n NAMESPACE create secret generic {entries[kind]}"


def _check_outside(path: Path) -> None:
    """Raise UsageError for a place from which the private key could reach Git, before or after links are followed."""
    from reconciler.cli.edges.tree_paths import work_tree  # noqa: PLC0415  as above
    from reconciler.settings import FILE_NAME  # noqa: PLC0415  as above

    found = work_tree(path, FILE_NAME)
    if found is not None:
        raise UsageError(
            f"{path} is inside {found}, from which it could reach Git",
            advice="name a file elsewhere: a private key must never be in the repository",
        )
