"""The environment of git: an allow-list of variables, and settings that no configuration can override.

An allow-list, because a deny-list would miss the next variable that points git at another repository
or makes it print credentials. It also hides the tokens of this tool from git and from every program that
git starts.
"""

import os
import re
from collections.abc import Iterable, Mapping

MORE_NAMES = "RECONCILER_GIT_ENVIRONMENT"
"""Variable with the names of further variables, separated by commas, such as those of a custom credential helper."""
NETWORK = "https:ssh:file"
"""Transports for commands that use a remote."""
NO_NETWORK = "none"
"""Transports for all other commands: a partial clone must not fetch missing objects."""

_SYSTEM = """
    PATH HOME USER LOGNAME SHELL TMPDIR TZ LD_LIBRARY_PATH XDG_CONFIG_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR
    DBUS_SESSION_BUS_ADDRESS GNUPGHOME SSH_AUTH_SOCK SSH_AGENT_PID KRB5CCNAME KRB5_CONFIG KRB5_KTNAME
    CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR NIX_SSL_CERT_FILE
"""
_HELPERS = """
    GH_TOKEN GH_HOST GH_CONFIG_DIR GH_ENTERPRISE_TOKEN GITHUB_TOKEN GITHUB_ENTERPRISE_TOKEN GITLAB_TOKEN
    CI_JOB_TOKEN CI_SERVER_HOST SYSTEM_ACCESSTOKEN GOOGLE_APPLICATION_CREDENTIALS
"""
"""Variables that the credential helpers of common hosts read."""
_ALLOWED = frozenset((*_SYSTEM.split(), *_HELPERS.split()))
_ALLOWED_PATTERN = re.compile(
    r"(?i:(?:https?|all|no)_proxy)|(?:AWS|AZURE|CLOUDSDK)_\w+|GCM_(?!TRACE|INTERACTIVE)\w+"
    r"|GIT_(?:ASKPASS|SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|HTTP_\w+|PROXY_SSL_\w+|CEILING_DIRECTORIES|EXEC_PATH"
    r"|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM)"
)
_FIXED = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}
_SETTINGS = {
    "protocol.ext.allow": "never",
    "core.hooksPath": os.devnull,
    # Runs a program that the repository chooses whenever the folder is listed.
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.interactive": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
    "init.defaultBranch": "main",
}
_MOST_SETTINGS = 1000
_OPENSSH = frozenset(("", "auto", "ssh"))


def environment_of_git(
    environment: Mapping[str, str], settings: Iterable[tuple[str, str]], *, transports: str
) -> dict[str, str]:
    """Variables for one git command.

    `environment` is that of the process; only allowed variables are passed on. `settings` are passed
    as configuration variables, where they cannot be mistaken for options and other users cannot see them
    in the list of processes.
    """
    pairs = [*_given_settings(environment), *_SETTINGS.items(), *settings]
    made = {**_inherited(environment), **_FIXED, "GIT_ALLOW_PROTOCOL": transports}
    if "GIT_SSH_COMMAND" in made and made.get("GIT_SSH_VARIANT", "") in _OPENSSH:
        made["GIT_SSH_COMMAND"] += " -oBatchMode=yes"
    made["GIT_CONFIG_COUNT"] = str(len(pairs))
    for index, (name, value) in enumerate(pairs):
        made[f"GIT_CONFIG_KEY_{index}"] = name
        made[f"GIT_CONFIG_VALUE_{index}"] = value
    return made


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    named = {name.strip() for name in environment.get(MORE_NAMES, "").split(",")}
    # No further variables of Git itself: whatever started this process may have set them for its own use.
    allowed = _ALLOWED | {name for name in named if name and not name.startswith("GIT_")}
    return {
        name: value
        for name, value in environment.items()
        if name in allowed or _ALLOWED_PATTERN.fullmatch(name)
    }


def _given_settings(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Configuration that is already in the environment; CI systems pass credentials this way."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    found = []
    for index in range(min(int(count), _MOST_SETTINGS) if count.isdecimal() and len(count) < 10 else 0):
        name = environment.get(f"GIT_CONFIG_KEY_{index}")
        value = environment.get(f"GIT_CONFIG_VALUE_{index}")
        if name is not None and value is not None:
            found.append((name, value))
    return found
