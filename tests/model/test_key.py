"""What a `Key` document may say about a key that is made where it is used."""

from typing import Any

import pytest
from pydantic import ValidationError

from reconciler.model.key import Algorithm, KeySpec

PLACE = {"cluster": "eu-1", "namespace": "agents", "secret": "key"}
AGENT, RUNNER = {"agent": "eu-1"}, {"runner": "jobs"}


def spec(**members: Any) -> KeySpec:
    return KeySpec.model_validate({"for": AGENT, **members})


@pytest.mark.parametrize(
    ("owner", "generate", "made"),
    [
        (AGENT, {}, (Algorithm.RSA, 4096)),
        (AGENT, {"algorithm": "rsa", "bits": 8192}, (Algorithm.RSA, 8192)),
        ({"operator": "main"}, {}, (Algorithm.RSA, 4096)),
        (RUNNER, {}, (Algorithm.ED25519, 0)),
        (RUNNER, {"algorithm": "ed25519"}, (Algorithm.ED25519, 0)),
    ],
)
def test_the_owner_decides_how_a_key_is_made(
    owner: dict[str, str], generate: dict[str, Any], made: tuple[Algorithm, int]
) -> None:
    found = KeySpec.model_validate({"for": owner, "privateKey": PLACE, "generate": generate})
    assert (found.algorithm, found.bits) == made


@pytest.mark.parametrize(("every", "hours"), [("12h", 12), ("180d", 4320), ("26w", 4368)])
def test_an_age_has_a_unit(every: str, hours: int) -> None:
    rotation = spec(privateKey=PLACE, generate={}, rotate={"every": every}).rotate
    assert rotation is not None
    assert rotation.period.total_seconds() == hours * 3600


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "give `publicKey`"),
        ({"privateKey": {"store": "vault", "ref": "key"}}, "give `publicKey`"),
        ({"privateKey": {"cluster": "eu-1", "secret": "key"}}, "give `publicKey`"),
        ({"publicKey": "pem", "privateKey": PLACE, "generate": {}}, "has no `publicKey`"),
        ({"privateKey": PLACE, "rotate": {"every": "1d"}}, "`rotate` needs `generate`"),
        ({"privateKey": PLACE, "generate": {"algorithm": "ed25519"}}, "are made with `rsa`"),
        ({"for": RUNNER, "privateKey": PLACE, "generate": {"bits": 4096}}, "`bits` is for RSA keys"),
        ({"privateKey": PLACE, "generate": {"bits": 2048}}, "4096"),
        ({"privateKey": PLACE, "generate": {}, "rotate": {"every": "0d"}}, "such as `180d`"),
        ({"privateKey": PLACE, "generate": {}, "rotate": {"every": "6 months"}}, "such as `180d`"),
        ({"privateKey": PLACE, "generate": {}, "rotate": {"every": "\uff11d"}}, "such as `180d`"),
    ],
)
def test_what_cannot_be_made_is_refused(members: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        spec(**members)


def test_a_key_that_is_not_made_here_can_follow_from_its_place() -> None:
    assert spec(privateKey=PLACE).generate is None
