"""Adapters of a pass, built from the command line and the settings; one module each."""
