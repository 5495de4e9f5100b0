"""Compatibility matrix (compatibility rules 3): tables A to I as data, and the rows that apply to a target."""
