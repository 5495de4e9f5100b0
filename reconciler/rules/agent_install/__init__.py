"""Installed Agents: R28 to R49."""

from reconciler.rules.agent_install import (
    confinement,
    egress,
    key_file,
    key_path,
    maker,
    mounted_secret,
    placement,
    reach,
    release,
    scaling,
    setting,
    sharing,
    shell,
)

RULES = (
    *placement.RULES,
    *scaling.RULES,
    *key_file.RULES,
    *key_path.RULES,
    *setting.RULES,
    *release.RULES,
    *shell.RULES,
    *sharing.RULES,
    *egress.RULES,
    *mounted_secret.RULES,
    *confinement.RULES,
    *maker.RULES,
    *reach.RULES,
)
