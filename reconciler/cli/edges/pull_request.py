"""The pull request that a pipeline runs for, from the variables of its host.

GitHub Actions (also Gitea and Forgejo, which set the same variables): the head commit stands in the event's file, since
`GITHUB_SHA` is the merge commit. GitLab CI: `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA` is set where a merge result was
checked out, otherwise `CI_COMMIT_SHA` is the head.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from reconciler.cli.regular_file import NotRegularError, content_of_file
from reconciler.repository.folder import enclosing_git
from reconciler.views.pull_request import PullRequest

_MAX_EVENT_BYTES = 4 * 1024 * 1024


def pull_request(environment: Mapping[str, str], directory: Path) -> PullRequest:
    """What is known of the pull request; members are "" outside of a pipeline."""
    root = _root(directory)
    repository = environment.get("GITHUB_REPOSITORY", "")
    if repository:
        head = _head(environment)
        server = environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
        kind = "src/commit" if environment.get("GITEA_ACTIONS") else "blob"
        return PullRequest(root, head, f"{server}/{repository}/{kind}/{head}" if head else "")
    project = environment.get("CI_PROJECT_URL", "").rstrip("/")
    head = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get("CI_COMMIT_SHA", "")
    if project and head:
        return PullRequest(root, head, f"{project}/-/blob/{head}")
    return PullRequest(root)


def _root(directory: Path) -> str:
    """The folder below the top of the work tree, "" for the top itself."""
    folder = directory.resolve()
    git = enclosing_git(folder)
    relative = "" if git is None else folder.relative_to(git.parent).as_posix()
    return "" if relative == "." else relative


def _head(environment: Mapping[str, str]) -> str:
    """Commit of the branch; of an event without a pull request the commit that was pushed, "" if neither is known."""
    try:
        event = json.loads(content_of_file(Path(environment.get("GITHUB_EVENT_PATH", "")), _MAX_EVENT_BYTES))
    except (OSError, NotRegularError, ValueError, RecursionError):
        event = None
    found = event.get("pull_request") if isinstance(event, dict) else None
    if isinstance(found, dict):
        head = found.get("head")
        commit = head.get("sha") if isinstance(head, dict) else None
        return commit if isinstance(commit, str) else ""
    return environment.get("GITHUB_SHA", "")
