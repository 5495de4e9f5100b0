"""Key pairs: where their halves are, what they are, and who uses them: R10 to R27."""

from reconciler.rules.keys import key_source, life, old_agent, private_half, public_key, use

RULES = (
    *public_key.RULES,
    *private_half.RULES,
    *key_source.RULES,
    *life.RULES,
    *use.RULES,
    *old_agent.RULES,
)
