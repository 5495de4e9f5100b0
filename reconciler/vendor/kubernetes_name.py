"""Names of Kubernetes objects (Kubernetes documentation, Object Names and IDs).

The orchestrator takes any text; a job with another name is refused by the cluster, at deployment.
"""

from reconciler.vendor.limit import TextLimit

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"

LABEL = TextLimit(
    "lower-case letters, digits and inner hyphens, at most 63 characters", "RFC 1123 label", _LABEL, most=63
)
SUBDOMAIN = TextLimit(
    "lower-case letters, digits, hyphens and dots, each part with a letter or digit at both ends",
    "RFC 1123 subdomain",
    rf"{_LABEL}(?:\.{_LABEL})*",
    most=253,
)
