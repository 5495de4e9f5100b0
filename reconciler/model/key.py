"""Public keys of agents (v1 reference 3)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document import Frozen, OwnDocument
from reconciler.model.identity import Fingerprint


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Facts of one parsed public key.

    `algorithm` is `RSA`, `Ed25519`, or what the reader calls it; `bits` the modulus size of
    RSA keys, 0 elsewhere. `label` is the PEM label as written, `is_mislabelled` true where
    it does not fit the content.
    """

    pem: str
    fingerprint: Fingerprint
    algorithm: str
    bits: int
    label: str
    is_mislabelled: bool = False


class KeyFile(Frozen):
    """A public key in a file of the repository."""

    file: Annotated[str, Field(description="Path of a PEM file, relative to this document's folder.")]


class KeyOwner(Frozen):
    """Whose key it is."""

    agent: Annotated[str, Field(description="Id of the agent.")]


class KeySpec(Frozen):
    """One public key and its owner."""

    for_: Annotated[KeyOwner, Field(alias="for", description="Who uses the private half.")]
    publicKey: Annotated[  # noqa: N815  the field's name in the file
        str | KeyFile,
        Field(description="The public key in PEM, inline or as `file`. Never the private half."),
    ]


class KeyDocument(OwnDocument):
    """A public key registered for an agent, in every organization of that agent."""

    kind: Literal["Key"]
    spec: KeySpec
