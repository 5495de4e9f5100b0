"""The only code that prints: one module for each output format."""
