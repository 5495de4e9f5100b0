"""Laws of everything that is installed, over many sets of documents."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.facts.network_policy import Way, way_out
from reconciler.footprint.kustomization import INDEX, folder
from reconciler.footprint.value import Footprint
from tests.footprint.combinations import IMAGE
from tests.footprint.documents import agent, footprints, only, runner

CLUSTERS = st.sampled_from(["eu-1", "files", "eks-1"])
NAMESPACES = st.sampled_from(["", "a", "b"])
SECRETS = st.sampled_from(["", "x", "y"])
IDS = st.sampled_from(["one", "two", "three"])


@st.composite
def agents(draw: st.DrawFn) -> str:
    cluster, namespace, secret = draw(CLUSTERS), draw(NAMESPACES), draw(SECRETS)
    members = [f"cluster: {cluster}", *_named(namespace, secret)]
    if draw(st.booleans()):
        members.append(f"namespaceLabels: {{team: {draw(IDS)}}}")
    if draw(st.booleans()):
        members.append("networkPolicy: true")
    return agent(f"{{{', '.join(members)}}}", draw(IDS))


@st.composite
def runners(draw: st.DrawFn) -> str:
    cluster, namespace, secret = draw(CLUSTERS), draw(NAMESPACES), draw(SECRETS)
    members = [f"cluster: {cluster}", IMAGE, *_named(namespace, secret)]
    if draw(st.booleans()):
        members.append(f"identity: {{roleArn: 'arn:aws:iam::123456789012:role/{draw(IDS)}'}}")
    jobs, account = draw(st.sampled_from(["a", "jobs"])), draw(st.sampled_from(["job", "other"]))
    job = f"{{namespace: {jobs}, service_account: {account}}}"
    return runner(f"{{{', '.join(members)}}}", draw(IDS), job)


def _named(namespace: str, secret: str) -> Iterator[str]:
    if namespace:
        yield f"namespace: {namespace}"
    if secret:
        yield f"privateKey: {{secretName: {secret}}}"


def key(body: Any) -> tuple[str, str, str]:
    metadata = body["metadata"]
    return body["kind"], metadata.get("namespace", ""), metadata["name"]


def by_cluster(found: tuple[Footprint, ...]) -> dict[str, list[Any]]:
    bodies: dict[str, list[Any]] = {}
    for one in found:
        bodies.setdefault(one.cluster, []).extend(one.objects)
    return bodies


@settings(max_examples=60)
@given(st.lists(agents() | runners(), min_size=1, max_size=5))
def test_no_object_of_a_cluster_is_in_two_footprints_and_namespaces_are_the_same_in_each(
    texts: list[str],
) -> None:
    for bodies in by_cluster(footprints(*texts)).values():
        counts = Counter(key(body) for body in bodies if body["kind"] != "Namespace")
        assert set(counts.values()) <= {1}
        spaces: dict[str, set[str]] = {}
        for body in bodies:
            if body["kind"] == "Namespace":
                spaces.setdefault(body["metadata"]["name"], set()).add(json.dumps(body, sort_keys=True))
        assert all(len(texts) == 1 for texts in spaces.values())
        assert {body["metadata"]["namespace"] for body in bodies if body["kind"] != "Namespace"} <= set(
            spaces
        )


@settings(max_examples=60)
@given(st.lists(agents() | runners(), min_size=1, max_size=5))
def test_accounts_of_bindings_exist_and_what_is_refused_says_why(texts: list[str]) -> None:
    found = footprints(*texts)
    for one in found:
        assert bool(one.refusal) is not bool(one.objects)
    for bodies in by_cluster(found).values():
        keys = {key(body) for body in bodies}
        for body in bodies:
            if body["kind"] == "RoleBinding":
                (subject,) = body["subjects"]
                assert ("ServiceAccount", subject["namespace"], subject["name"]) in keys
                assert ("Role", body["metadata"]["namespace"], body["roleRef"]["name"]) in keys
            if body["kind"] == "Deployment":
                account = body["spec"]["template"]["spec"].get("serviceAccountName")
                assert account is None or ("ServiceAccount", body["metadata"]["namespace"], account) in keys


@settings(max_examples=30)
@given(st.lists(agents() | runners(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_files_of_a_cluster_have_every_object_once(texts: list[str], chance: Any) -> None:
    found = footprints(*texts)
    for cluster, bodies in by_cluster(found).items():
        files = folder(one for one in found if one.cluster == cluster)
        assert len(files) == len({key(body) for body in bodies}) + (INDEX in files)
        shuffled = [one for one in found if one.cluster == cluster]
        chance.shuffle(shuffled)
        assert folder(shuffled) == files


def test_the_rendered_network_policy_lets_an_agent_out_and_nothing_in() -> None:
    found = only(agent("{cluster: eu-1, networkPolicy: true}"))
    assert found.workload is not None
    (policy,) = (body for body in found.objects if body["kind"] == "NetworkPolicy")
    assert way_out([policy], dict(found.workload.selector)) is Way.OPEN
    spec: Any = policy["spec"]
    assert "Ingress" in spec["policyTypes"]
    assert "ingress" not in spec
