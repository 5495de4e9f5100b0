"""How URLs are shown: no credential survives, wherever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.url import hide, mask_user_information, masked, secrets_of


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://token@example.com/x", "https://***@example.com/x"),
        ("https://a:b@c@example.com/x", "https://***@example.com/x"),
        ("https://example.com/x?private_token=y#z", "https://example.com/x"),
        ("ssh://git@example.com/x", "ssh://git@example.com/x"),
        ("ssh://git:pw@example.com/x", "ssh://***@example.com/x"),
        ("git@example.com:x", "git@example.com:x"),
        ("a:b@example.com:x", "***@example.com:x"),
        ("https://robot:1/pw@example.com/x", "https://***@example.com/x"),
        ("https://example.com/@scope/x", "https://example.com/@scope/x"),
        ("file:///srv/a@b/x", "file:///srv/a@b/x"),
    ],
)
def test_what_may_be_a_credential_is_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


@given(st.text("abcXYZ019:%@_-", min_size=8, max_size=20), st.sampled_from(["https", "ftp"]))
def test_no_userinfo_survives_masking(userinfo: str, scheme: str) -> None:
    url = f"{scheme}://{userinfo}@host.example/x"
    assert masked(url) == f"{scheme}://***@host.example/x"
    assert mask_user_information(f"fatal: unable to access '{url}/': x") == (
        f"fatal: unable to access '{scheme}://***@host.example/x/': x"
    )


def test_the_secret_parts_of_a_url_are_known() -> None:
    assert secrets_of("https://user:p%40ss@host/x") == ["user:p%40ss", "p%40ss", "p@ss"]
    assert secrets_of("https://token@host/x") == ["token"]
    assert secrets_of("ssh://git@host/x") == []
    assert secrets_of("https://host/x?private_token=hunter2&v=1") == ["private_token=hunter2&v=1", "hunter2"]


def test_what_a_program_says_about_a_url_contains_no_part_of_its_secrets() -> None:
    url = "https://robot:p%40ss@host/x?private_token=hunter2"
    said = f"fatal: unable to access '{url}/': bad p@ss for robot, hunter2; see https://other:pw@host/"
    assert hide(said, url) == (
        "fatal: unable to access 'https://***@host/x?***': bad *** for robot, ***; see https://***@host/"
    )
