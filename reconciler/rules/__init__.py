"""The rules: one small pure function for each numbered rule of the catalogue."""
