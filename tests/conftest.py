"""What holds for every test."""

from hypothesis import settings

from reconciler.rules import rule

# Machines that test are busy and noisy: how long an example took says nothing about it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A defect of a rule must fail the tests; the product reports it and goes on.
rule.DEFECTS = ()
