"""How the change of a preview edits the settings: those of its base compared with its own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.cli.edges.settings import content_of
from reconciler.cli.edges.token_source import is_path, is_variable
from reconciler.cli.edges.trees import Trees
from reconciler.cli.request import Request
from reconciler.diff.change import Absent
from reconciler.diff.settings_change import (
    NO_SETTINGS,
    Concern,
    SettingChange,
    SettingsChange,
    SettingsDocument,
    compare_settings,
)
from reconciler.errors import SettingsError
from reconciler.model.excerpt import Excerpt
from reconciler.model.finding import Finding
from reconciler.model.json import Json
from reconciler.model.origin import Origin
from reconciler.settings import FILE_NAME, Limits
from reconciler.source.settings_file import parse_settings, setting_places

_NOT_SHOWN = "(not shown: it may be the secret itself)"
_DISABLED = ("targets", "*", "builtIn", "disabled")


@dataclass(frozen=True, slots=True)
class FoundChange:
    """The change to the settings, None where there is none or they cannot be read; `findings` are their problems."""

    change: SettingsChange | None = None
    findings: tuple[Finding, ...] = ()
    excerpts: Mapping[Origin, Excerpt] = field(default_factory=dict)

    @property
    def disabled(self) -> Mapping[str, tuple[str, ...]]:
        """`builtIn.disabled` with this change applied, by target, where the change edits it.

        The setting is desired state and does not affect ownership, addresses or tokens, so a preview shows its effect.
        """
        changed = self.change.settings if self.change is not None else ()
        return {
            setting.path[1]: tuple(map(str, setting.after)) if isinstance(setting.after, list) else ()
            for setting in changed
            if len(setting.path) == len(_DISABLED) and setting.path[2:] == _DISABLED[2:]
        }


def find_settings_change(request: Request, trees: Trees) -> FoundChange:
    """How this change edits the settings of its base. Raises SourceError where the base cannot be opened."""
    if request.against is None:
        return FoundChange()
    before = trees.base(request.against).file(FILE_NAME, Limits())
    after = _own(request, trees)
    if before == after:
        return FoundChange()
    try:
        document = NO_SETTINGS if after is None else _document(after)
    except SettingsError as error:
        return FoundChange(findings=error.findings, excerpts=error.excerpts)
    settings = tuple(map(_without_secret, compare_settings(_old(before), document)))
    places = {} if after is None else setting_places(after, FILE_NAME, (setting.path for setting in settings))
    return FoundChange(SettingsChange(_in_force(request), settings, places) if settings else None)


def _without_secret(setting: SettingChange) -> SettingChange:
    """The change without values that may be the token itself instead of its name."""
    if setting.concern is not Concern.TOKEN:
        return setting
    is_shown = is_variable if setting.path[-1] == "env" else is_path

    def shown(value: Json | Absent) -> Json | Absent:
        return _NOT_SHOWN if isinstance(value, str) and not is_shown(value) else value

    return replace(setting, before=shown(setting.before), after=shown(setting.after))


def _own(request: Request, trees: Trees) -> bytes | None:
    """Content of the settings file in the change itself, None where it has none."""
    if trees.commit is not None:
        return trees.commit.file(FILE_NAME, Limits())
    path = request.directory / FILE_NAME
    return content_of(path) if os.path.lexists(path) else None


def _document(content: bytes) -> SettingsDocument:
    settings, _ = parse_settings(content, FILE_NAME)
    given = settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return SettingsDocument(given, settings.model_dump(mode="json", by_alias=True))


def _old(content: bytes | None) -> SettingsDocument:
    """Settings of the base; unusable ones never took effect and count as none."""
    if content is None:
        return NO_SETTINGS
    try:
        return _document(content)
    except SettingsError:
        return NO_SETTINGS


def _in_force(request: Request) -> str:
    if request.config is not None:
        return f"the preview uses those of {request.config}"
    if request.uses_own_settings:
        return "the preview uses those of this change (--own-settings), tokens included"
    return f"the preview uses those of {request.against}; these take effect once they are merged"
