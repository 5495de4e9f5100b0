"""One table of names that mean a secret, and three degrees of strictness in using it."""

import pytest

from reconciler.model.secret_name import field_names_secret, may_name_secret, variable_names_secret

SURE = ["password", "API_KEY", "apikey", "DB_PASSWORD", "client_secret", "PRIVATE_KEY", "private-key"]


@pytest.mark.parametrize("name", SURE)
def test_what_is_certain_is_a_secret_at_every_strictness(name: str) -> None:
    assert (variable_names_secret(name), field_names_secret(name), may_name_secret(name)) == (
        True,
        True,
        True,
    )


@pytest.mark.parametrize("name", ["TOKENIZER", "Authorization", "clientSecret", "access_key_id", "cookie"])
def test_a_word_inside_another_is_not_a_finding_but_is_hidden(name: str) -> None:
    assert (variable_names_secret(name), field_names_secret(name), may_name_secret(name)) == (
        False,
        True,
        True,
    )


@pytest.mark.parametrize(
    "name", ["auth", "salt", "dsn", "tls_cert", "key", "data", "stringData", "digestKey", ""]
)
def test_what_often_holds_a_secret_is_not_shown(name: str) -> None:
    assert (variable_names_secret(name), field_names_secret(name), may_name_secret(name)) == (
        False,
        False,
        True,
    )


@pytest.mark.parametrize("name", ["id", "organization", "verb", "detail", "url", "keyboard", "monkeys"])
def test_other_names_are_not_secret(name: str) -> None:
    assert (variable_names_secret(name), field_names_secret(name), may_name_secret(name)) == (
        False,
        False,
        False,
    )
