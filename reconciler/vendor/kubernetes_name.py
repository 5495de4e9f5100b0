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
LABEL_VALUE = TextLimit(
    "letters, digits and inner hyphens, underscores and dots, at most 63 characters",
    "Kubernetes concepts, Labels and Selectors",
    "(?:[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?)?",
    most=63,
)
LABEL_NAME = TextLimit(
    "`name` or `prefix/name`; the name has the form of a label's value, the prefix that of a DNS name",
    "Kubernetes concepts, Labels and Selectors",
    rf"(?:{_LABEL}(?:\.{_LABEL})*/)?[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?",
    most=317,
)
REGISTRY = TextLimit(
    "a host, optionally with a port and a path, without a scheme and a closing slash",
    "Distribution specification, references",
    r"[A-Za-z0-9](?:[-.A-Za-z0-9]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*",
    most=255,
)
BUILT_IN_NAMESPACES = frozenset(("default", "kube-node-lease", "kube-public", "kube-system"))
"""Namespaces that every cluster has from the start; nobody owns them."""
