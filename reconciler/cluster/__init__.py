"""Kubernetes clusters. The only package that is allowed to import `kubernetes`.

    access.py             a cluster in the settings as a way to reach it: a kubeconfig, or the pod's service account
    kubeconfig.py         one context of a kubeconfig, with the credentials of its user
    credential_plugin.py  runs the command with which a kubeconfig obtains credentials
    connection.py         read-only requests to the API server of one cluster
    secret_entry.py       single entries of Secrets, for `!secret` in documents

Clusters are only read, and nothing is installed on them: a `Connection` can send nothing but GET. Rules use
the facts about clusters in the settings; checks that would have to read a cluster are reported as *unknown*.

Importing the client takes several tenths of a second, so these modules are imported only when a cluster is read.
`access` is free of it.
"""
