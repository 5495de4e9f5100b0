"""Kubernetes. The only package that may import `kubernetes`.

Nothing is installed on clusters yet: agents, operators and runners are registered, not rolled
out. What the settings say of clusters feeds the rules; rules that would have to look at a
cluster answer *unknown*.
"""
