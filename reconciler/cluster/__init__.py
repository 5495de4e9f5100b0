"""Kubernetes. The only package that is allowed to import `kubernetes`.

Nothing is installed on clusters yet: agents, operators and runners are registered, not rolled
out. Rules use the facts about clusters in the settings; checks that would have to read a
cluster are reported as *unknown*.
"""
