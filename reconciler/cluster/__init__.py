"""Kubernetes clusters. The only package that is allowed to import `kubernetes`.

    access.py             a cluster in the settings as a way to reach it: a kubeconfig, or the pod's service account
    kubeconfig.py         one context of a kubeconfig, with the credentials of its user
    credential_plugin.py  runs the command with which a kubeconfig obtains credentials
    opening.py            server, trust and credentials, from either of them
    deadline.py           a deadline for whole requests
    unreachable.py        requests without an answer, as errors

    connection.py         read-only requests to the API server of one cluster
    secret_entry.py       single entries of Secrets, for `!secret` in documents

    objects.py            objects: listed, read, applied by server-side apply, deleted; pods, events, logs, permissions
    probe_pods.py         pods that `doctor --probe` creates and deletes
    resource.py           kinds as the API names them, and discovery
    request.py            what a request concerns, and whether it may be sent
    transport.py          sends it: guarded, bounded, without redirects
    retry.py              sends it again where the server did not take it
    failure.py, quote.py  refusals of the server, its webhooks, policies and quotas, as errors

A `Connection` can send nothing but GET, and `ClusterObjects` nothing but what its `Permit` says: reads, also trials of
the server, pods that only try the network, or changes. Rules use the facts about clusters in the settings; checks that
would have to read a cluster are reported as *unknown*.

Importing the client takes several tenths of a second, so these modules are imported only when a cluster is read.
`access`, `request`, `resource` and `retry` are free of it.
"""
