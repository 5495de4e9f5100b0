"""Key pairs: where their halves stand, what they are, and who uses them: R10 to R27."""

from reconciler.rules.keys import public_key

RULES = (*public_key.RULES,)
