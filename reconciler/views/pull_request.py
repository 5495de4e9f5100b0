"""The pull request that a comment belongs to: its root, its head commit, and links to places in it."""

from dataclasses import dataclass
from urllib.parse import quote

from reconciler.model.origin import Origin
from reconciler.views.markdown_safe import LINE_LIMIT, escaped
from reconciler.views.visible import clipped, visible


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What a pipeline knows. Everything is "" outside of one.

    `root` is the folder of the settings in the repository, `head` the newest commit of the branch, which is not the
    merge commit that a pipeline may have checked out. `files` is the beginning of the address of every file in it.
    """

    root: str = ""
    head: str = ""
    files: str = ""

    @property
    def marker(self) -> str:
        """First line of the comment, by which it is found again; two roots keep two comments."""
        root = quote(self.root, safe="/._")
        return f"<!-- reconciler:plan {root} -->" if root else "<!-- reconciler:plan -->"

    def place(self, origin: Origin) -> str:
        """`file:line` as HTML, with a link where the address is known."""
        name = f"{origin.file}:{origin.line}" if origin.line else origin.file
        shown = escaped(clipped(visible(name), LINE_LIMIT))
        if not self.files or origin.file.startswith(("/", "..")):
            return shown
        path = "/".join(filter(None, (self.root, origin.file)))
        line = f"#L{origin.line}" if origin.line else ""
        return f'<a href="{escaped(f"{self.files}/{quote(path)}{line}")}">{shown}</a>'


NO_PULL_REQUEST = PullRequest()
