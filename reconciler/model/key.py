"""Public keys of Agents, Operators and runners (v1 reference 3 and 6, v2 reference 5)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from reconciler.model.document import Frozen, OwnDocument
from reconciler.model.identity import Fingerprint


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Facts about one parsed public key.

    `algorithm` is `RSA`, `Ed25519`, or what the reader calls it; `bits` the modulus size of
    RSA keys, 0 elsewhere. `label` is the PEM label as written, `is_mislabelled` is true if
    it does not match the content.
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
    """Owner of a key: exactly one of the three."""

    agent: Annotated[str | None, Field(description="Id of the Agent.")] = None
    operator: Annotated[str | None, Field(description="Id of the Operator.")] = None
    runner: Annotated[str | None, Field(description="Id of the runner.")] = None

    @model_validator(mode="after")
    def _one_owner(self) -> "KeyOwner":
        if sum(owner is not None for owner in (self.agent, self.operator, self.runner)) != 1:
            raise ValueError("give exactly one of `agent`, `operator` and `runner`")
        return self

    @property
    def name(self) -> str:
        """The owner in words.

        >>> KeyOwner(agent="eu-1").name
        'Agent `eu-1`'
        """
        if self.agent is not None:
            return f"Agent `{self.agent}`"
        return f"Operator `{self.operator}`" if self.operator is not None else f"runner `{self.runner}`"


class PrivateKeySource(Frozen):
    """Where the private half is kept: in a Secret of a cluster, or in a secret store."""

    cluster: Annotated[str | None, Field(description="Cluster, by its name in the settings.")] = None
    namespace: Annotated[str | None, Field(description="Namespace of the Secret.")] = None
    secret: Annotated[str | None, Field(description="Name of the Secret.")] = None
    key: Annotated[str | None, Field(description="Name of the entry in the Secret.")] = None
    store: Annotated[str | None, Field(description="Secret store that contains it, by id.")] = None
    ref: Annotated[str | None, Field(description="Its name in the store.")] = None


class KeySpec(Frozen):
    """One public key and its owner."""

    for_: Annotated[KeyOwner, Field(alias="for", description="Who uses the private half.")]
    publicKey: Annotated[  # noqa: N815  the field's name in the file
        str | KeyFile,
        Field(description="The public key in PEM, inline or as `file`. Never the private half."),
    ]
    privateKey: Annotated[  # noqa: N815  the field's name in the file
        PrivateKeySource | None, Field(description="Where the private half is kept; never the key itself.")
    ] = None


class KeyDocument(OwnDocument):
    """A public key of an Agent or an Operator (registered in each of its organizations), or of a runner."""

    kind: Literal["Key"]
    spec: KeySpec
