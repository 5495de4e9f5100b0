"""Which URLs are taken, and how they are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import SourceError
from reconciler.source.git_process import without_credentials
from reconciler.source.git_url import check_url, masked, secrets_of


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/team/repository.git",
        "https://user:pass@example.com:8443/team/repository",
        "https://[::1]:8443/x",
        "ssh://git@example.com:22/team/repository.git",
        "ssh://example.com/~user/x",
        "git@example.com:team/repository.git",
        "example.com:team/repository.git",
        "file:///srv/git/x.git",
        "file://localhost/srv/x",
    ],
)
def test_https_ssh_and_file_are_taken(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example.com/x",
        "git://example.com/x",
        "ftp://example.com/x",
        "HTTPS://example.com/x",
        "ext::sh -c whoami",
        "ext::whoami",
        "fd::17",
        "remote-helper::https://example.com/x",
        "https::https://example.com/x",
        "--upload-pack=touch x",
        "-oProxyCommand=x",
        "ssh://-oProxyCommand=x/y",
        "ssh://-oProxyCommand=x@example.com/y",
        "ssh://%2doProxyCommand=x@example.com/y",
        "-oProxyCommand=x:y",
        "git@-oProxyCommand=x:y",
        "https://example.com/x\n--upload-pack=y",
        "https://example.com/a b",
        "https://example.com/%0a",
        "https://example.com/%0D%0AHost: x",
        "https://example.com/\x1b[31m",
        "https://example.com/\u202e",
        "https:///x",
        "https://example.com",
        "https://example.com:x/y",
        "file://host/x",
        "file:relative",
        "/srv/git/x.git",
        "./x",
        "C:\\x y",
        "a" * 3000 + ":x",
    ],
)
def test_everything_else_is_refused_with_advice(url: str) -> None:
    with pytest.raises(SourceError) as refused:
        check_url(url)
    assert refused.value.advice
    assert "\x1b" not in str(refused.value)
    assert "\n" not in str(refused.value)


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
    ],
)
def test_what_may_be_a_credential_is_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


@given(st.text("abcXYZ019:%@_-", min_size=8, max_size=20), st.sampled_from(["https", "ftp"]))
def test_no_userinfo_survives_masking(userinfo: str, scheme: str) -> None:
    url = f"{scheme}://{userinfo}@host.example/x"
    assert masked(url) == f"{scheme}://***@host.example/x"
    assert without_credentials(f"fatal: unable to access '{url}/': x") == (
        f"fatal: unable to access '{scheme}://***@host.example/x/': x"
    )


def test_the_secret_parts_of_a_url_are_known() -> None:
    assert secrets_of("https://user:p%40ss@host/x") == ["user:p%40ss", "p%40ss", "p@ss"]
    assert secrets_of("https://token@host/x") == ["token"]
    assert secrets_of("ssh://git@host/x") == []
