"""Names of Kubernetes objects (Kubernetes documentation, Object Names and IDs).

The orchestrator accepts any text; the cluster refuses a job with an invalid name at deployment.
"""

from reconciler.vendor.limit import TextLimit

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"

LABEL = TextLimit(
    "lower-case letters, digits and inner hyphens, at most 63 characters", "RFC 1123 label", _LABEL, most=63
)
SUBDOMAIN = TextLimit(
    "lower-case letters, digits, hyphens and dots, each part starting and ending with a letter or digit",
    "RFC 1123 subdomain",
    rf"{_LABEL}(?:\.{_LABEL})*",
    most=253,
)
ENTRY = TextLimit(
    "letters, digits, hyphens, underscores and dots, at most 253 characters",
    "Kubernetes API reference, Secret, `data`",
    "[-._A-Za-z0-9]+",
    most=253,
)
"""Name of an entry of a Secret or a ConfigMap."""
