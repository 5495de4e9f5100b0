"""Requests without an answer, in words of our own: those of the library may contain credentials of a proxy."""

import urllib3

from reconciler.errors import ClusterAccessError

NETWORK = "check the network and `server` in the kubeconfig"
TRUST = "check `certificate-authority` and `tls-server-name` in the kubeconfig"
SERVER = "correct `server` in the kubeconfig"
PROXY = "check `proxy-url` in the kubeconfig, and HTTPS_PROXY"
NO_API_SERVER = "the answer is not that of an API server"


def late() -> ClusterAccessError:
    """The error for an answer that was not complete at the deadline."""
    return ClusterAccessError("the API server did not answer in time", advice=NETWORK)


def unreachable(error: Exception) -> ClusterAccessError:
    """The error for a request without an answer."""
    cause: object = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    match cause:
        case urllib3.exceptions.ProxyError():
            return ClusterAccessError("the proxy of the cluster cannot be reached", advice=PROXY)
        case urllib3.exceptions.SSLError():
            return ClusterAccessError("the API server's certificate is not accepted", advice=TRUST)
        case urllib3.exceptions.NameResolutionError():
            return ClusterAccessError("the name of the API server cannot be resolved", advice=NETWORK)
        case urllib3.exceptions.NewConnectionError():  # a subclass of the library's TimeoutError
            return ClusterAccessError("the API server cannot be reached", advice=NETWORK)
        case urllib3.exceptions.TimeoutError() | TimeoutError():
            return late()
        case _:
            return ClusterAccessError("the API server cannot be reached", advice=NETWORK)
