"""One pass, step by step: read, look, judge, plan, carry out."""
