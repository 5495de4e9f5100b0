"""Keys of Agents, Operators and runners (v1 reference 3 and 6, v2 reference 5)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from reconciler.model.document import Frozen, OwnDocument
from reconciler.model.identity import Fingerprint
from reconciler.model.limited import Limited
from reconciler.vendor import kubernetes_name


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
    namespace: Annotated[
        Annotated[str, Limited(kubernetes_name.LABEL)] | None, Field(description="Namespace of the Secret.")
    ] = None
    secret: Annotated[
        Annotated[str, Limited(kubernetes_name.SUBDOMAIN)] | None, Field(description="Name of the Secret.")
    ] = None
    key: Annotated[
        Annotated[str, Limited(kubernetes_name.ENTRY)] | None,
        Field(description="Name of the entry in the Secret."),
    ] = None
    store: Annotated[str | None, Field(description="Secret store that contains it, by id.")] = None
    ref: Annotated[str | None, Field(description="Its name in the store.")] = None

    @property
    def missing_of_place(self) -> bool:
        """True if it does not name a Secret of a cluster."""
        return not (self.cluster and self.namespace and self.secret)


class Algorithm(StrEnum):
    """What a key pair is for decides: RSA for Agents and Operators, Ed25519 for runners (build list 3.5)."""

    RSA = "rsa"
    ED25519 = "ed25519"


LEAST_BITS = 4096
MOST_BITS = 16_384


class KeyGeneration(Frozen):
    """How the key pair is made."""

    algorithm: Annotated[
        Literal["rsa", "ed25519"] | None,
        Field(description="`rsa` for Agents and Operators, `ed25519` for runners."),
    ] = None
    bits: Annotated[
        int | None,
        Field(ge=LEAST_BITS, le=MOST_BITS, description="Size of an RSA key. Default: 4096."),
    ] = None


_AGE = r"^[1-9][0-9]{0,3}[dhw]$"


def _age(text: str) -> str:
    if not re.fullmatch(_AGE, text, re.ASCII):
        raise ValueError("write a number of hours, days or weeks, such as `180d` or `26w`")
    return text


class KeyRotation(Frozen):
    """When the key pair is replaced by a new one."""

    every: Annotated[
        str,
        AfterValidator(_age),
        Field(
            description="Age at which a new key is made, such as `180d`.", json_schema_extra={"pattern": _AGE}
        ),
    ]

    @property
    def period(self) -> timedelta:
        """The age.

        >>> KeyRotation(every="26w").period
        datetime.timedelta(days=182)
        """
        unit = {"h": "hours", "d": "days", "w": "weeks"}[self.every[-1]]
        return timedelta(**{unit: int(self.every[:-1])})


class KeySpec(Frozen):
    """One key pair and its owner. The public half is written here, or follows from the place of the private half."""

    for_: Annotated[KeyOwner, Field(alias="for", description="Who uses the private half.")]
    publicKey: Annotated[  # noqa: N815  the field's name in the file
        str | KeyFile | None,
        Field(
            description="The public key in PEM, inline or as `file`. Never the private half. Left out, it is that "
            "of the key in the Secret of `privateKey`."
        ),
    ] = None
    privateKey: Annotated[  # noqa: N815  the field's name in the file
        PrivateKeySource | None, Field(description="Where the private half is kept; never the key itself.")
    ] = None
    generate: Annotated[
        KeyGeneration | None, Field(description="Makes the key pair in the Secret of `privateKey`.")
    ] = None
    rotate: Annotated[KeyRotation | None, Field(description="Replaces a generated key in time.")] = None

    @model_validator(mode="after")
    def _follows_from_one_place(self) -> "KeySpec":
        if self.publicKey is not None:
            if self.generate is not None:
                raise ValueError("a key with `generate` has no `publicKey`: it is read where the key is made")
        elif self.privateKey is None or self.privateKey.missing_of_place:
            raise ValueError(
                "give `publicKey`, or `cluster`, `namespace` and `secret` under `privateKey` to read it from"
            )
        if self.rotate is not None and self.generate is None:
            raise ValueError("`rotate` needs `generate`: other keys are replaced by hand")
        if self.generate is not None and self.generate.algorithm not in (None, str(self.algorithm)):
            raise ValueError(f"keys of {self.for_.name} are made with `{self.algorithm}`")
        if self.generate is not None and self.generate.bits and self.algorithm is not Algorithm.RSA:
            raise ValueError("`bits` is for RSA keys")
        return self

    @property
    def algorithm(self) -> Algorithm:
        """The only algorithm that the owner accepts."""
        return Algorithm.RSA if self.for_.runner is None else Algorithm.ED25519

    @property
    def bits(self) -> int:
        """Size of the RSA key that is made; 0 for other algorithms."""
        if self.algorithm is not Algorithm.RSA:
            return 0
        return self.generate.bits if self.generate and self.generate.bits else LEAST_BITS


class KeyDocument(OwnDocument):
    """A key of an Agent or an Operator (registered in each of its organizations), or of a runner."""

    kind: Literal["Key"]
    spec: KeySpec
