"""The data plane as in-cluster runners see it (v2 section 9, first generation): polling and results."""
