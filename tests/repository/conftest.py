"""Real Git repositories in temporary folders."""

from tests.repositories import commit, git, own_git_configuration, repository

__all__ = ["commit", "git", "own_git_configuration", "repository"]
