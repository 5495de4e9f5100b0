"""Settings for every test."""

from hypothesis import settings

# Test machines are busy: the duration of an example says nothing about it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
