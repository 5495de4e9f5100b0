"""What holds for every test."""

from hypothesis import settings

# Machines that test are busy and noisy: how long an example took says nothing about it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
