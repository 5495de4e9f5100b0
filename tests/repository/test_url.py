"""Which URLs the source and the inventory may use."""

import pytest

from reconciler.errors import RepositoryError
from reconciler.repository.url import check_url


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
def test_https_ssh_and_file_are_allowed(url: str) -> None:
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
        "git@example.com:-x",
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
    with pytest.raises(RepositoryError) as refused:
        check_url(url)
    assert refused.value.advice
    assert "\x1b" not in str(refused.value)
    assert "\n" not in str(refused.value)
