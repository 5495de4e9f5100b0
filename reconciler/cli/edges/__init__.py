"""The edges of a pass, built from what the command line asks for and what the settings say; a module for each."""
