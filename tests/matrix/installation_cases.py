"""Cases of tables B, G, H and I."""

from dataclasses import replace

from reconciler.settings import Mode
from tests.matrix.case import (
    OWN_DRIVER,
    PRIVATE_KEY,
    SCORE,
    Cases,
    case,
    changed,
    container,
    encrypted,
    hosted_elsewhere,
    key,
    no_egress_found,
    own_postgres,
    redis,
    registered,
    runner,
    two_organizations,
    with_clusters,
    with_live,
)
from tests.matrix.matrix_trees import (
    CLUSTER,
    ED25519,
    RSA,
    SHORT_RSA,
    agent,
    cluster,
    git,
    operator,
    own,
    runtime,
    store,
)

TRAFFIC: Cases = {
    ("B1", "legacy"): case(agent_used=True),
    ("B2", "direct"): case(agent_used=True),
    ("B3", ""): case(mode=Mode.GITOPS, agent_used=True),
    ("B4", ""): changed(
        lambda tree: replace(
            tree, settings={**tree.settings, "network": {"privateHosts": ["git.example.com"]}}
        ),
        mode=Mode.GITOPS,
    ),
    ("B5", ""): changed(
        lambda tree: tree.without("Definition", "shop-runtime").plus(runtime(agent=True), agent()),
        mode=Mode.GITOPS,
    ),
    ("B6", ""): case(agent(), container(with_agent=True)),
    ("B7", ""): changed(
        lambda tree: tree.without("SecretStore").plus(
            agent(),
            store(
                "vault",
                awssm=None,
                vault={"url": "https://vault.acme.internal", "agent_id": CLUSTER},
                orchestrator=registered(),
            ),
        ),
        mode=Mode.DIRECT,
    ),
    ("B8", ""): case(agent(), redis(with_agent=True)),
    ("B9", ""): changed(
        lambda tree: with_live(tree, drivers=OWN_DRIVER).plus(agent(), own_postgres(with_agent=True))
    ),
    ("B10", ""): changed(
        lambda tree: tree.without("Agent").plus(agent(organizations=["acme", "beta"])), agent_used=True
    ),
    ("B11", ""): changed(lambda tree: tree.without("Agent").plus(agent(replicas=2)), agent_used=True),
    ("B12", ""): changed(
        lambda tree: (
            tree.on(network="island").without("Agent").plus(agent(cluster="us-1", networks=["mainland"]))
        ),
        agent_used=True,
    ),
    ("B13", ""): case(SCORE),
}

HOSTS: Cases = {
    ("G1", "Agent"): case(agent()),
    ("G1", "Operator"): case(mode=Mode.DIRECT),
    ("G1", "v2 runner"): case(runner(chartVersion="1.0.0")),
    **{
        ("G2", name): case(agent(namespace="humanitec-operator-system"), mode=Mode.DIRECT)
        for name in ("Agent", "Operator")
    },
    ("G3", "Agent"): changed(
        lambda tree: tree.on(platform="openshift").plus(
            agent(podSecurity={"securityContextConstraint": "humanitec-agent"})
        )
    ),
    ("G3", "Operator"): changed(lambda tree: tree.on(platform="openshift"), mode=Mode.DIRECT),
    ("G3", "v2 runner"): changed(
        lambda tree: tree.on(platform="openshift").plus(runner(chartVersion="1.0.0"))
    ),
    ("G4", "Agent"): case(agent(host="docker", cluster=None, namespace=None)),
    ("G5", "Agent"): case(agent(host="azure-container-instances", cluster=None, namespace=None)),
    ("G6", "Agent"): case(agent(host="cloud-run", cluster=None, namespace=None)),
    **{
        (row, "Operator"): case(hosted_elsewhere("Operator", host))
        for row, host in (
            ("G4", "docker"),
            ("G5", "azure-container-instances"),
            ("G6", "cloud-run"),
            ("G8", "docker"),
        )
    },
    **{
        (row, "v2 runner"): case(hosted_elsewhere("Runner", host))
        for row, host in (
            ("G4", "docker"),
            ("G5", "azure-container-instances"),
            ("G6", "cloud-run"),
            ("G8", "docker"),
        )
    },
    ("G7", "Agent"): case(agent(autoscaling={"minReplicas": 1, "maxReplicas": 3})),
    ("G8", "Agent"): changed(
        lambda tree: (
            tree.on(network="mainland")
            .without("Agent")
            .plus(agent(host="docker", cluster=None, namespace=None, networks=["mainland"]))
        ),
        agent_used=True,
    ),
    ("G9", "Agent"): changed(lambda tree: no_egress_found(tree.plus(agent()), "humanitec-agent")),
    ("G9", "Operator"): changed(
        lambda tree: no_egress_found(tree, "humanitec-operator-system"), mode=Mode.DIRECT
    ),
    ("G9", "v2 runner"): changed(
        lambda tree: no_egress_found(tree.plus(runner(chartVersion="1.0.0")), "runner")
    ),
}

KEYS: Cases = {
    ("H1", "Agent"): case(agent(), key("k", RSA, agent=CLUSTER)),
    ("H1", "Operator"): case(key("k", RSA, operator=CLUSTER), mode=Mode.DIRECT),
    ("H1", "v2 runner"): case(runner(RSA)),
    ("H2", "Agent"): case(agent(), key("k", SHORT_RSA, agent=CLUSTER)),
    ("H2", "Operator"): case(key("k", SHORT_RSA, operator=CLUSTER), mode=Mode.DIRECT),
    ("H2", "v2 runner"): case(runner(SHORT_RSA)),
    ("H3", "Agent"): case(agent(), key("k", ED25519, agent=CLUSTER)),
    ("H3", "Operator"): case(key("k", ED25519, operator=CLUSTER), mode=Mode.DIRECT),
    ("H3", "v2 runner"): case(runner()),
    ("H4", "Agent"): with_clusters(
        case(agent()), encrypted("humanitec-agent", "humanitec-agent-secret-private-key", "private_key")
    ),
    ("H4", "Operator"): with_clusters(
        case(mode=Mode.DIRECT),
        encrypted("humanitec-operator-system", "humanitec-operator-private-key", "privateKey"),
    ),
    ("H4", "v2 runner"): with_clusters(
        case(
            runner(
                privateKey={"secretName": "runner-key"},
                helmValues={"humanitec": {"existingSecret": "runner-key"}},
            )
        ),
        encrypted("runner", "runner-key", "private_key"),
    ),
    ("H5", "Agent"): case(agent(), key("k", RSA, agent=CLUSTER), key("k-2", SHORT_RSA, agent=CLUSTER)),
    ("H5", "Operator"): case(
        key("k", RSA, operator=CLUSTER), key("k-2", SHORT_RSA, operator=CLUSTER), mode=Mode.DIRECT
    ),
    ("H5", "v2 runner"): case(runner([ED25519, ED25519])),
    ("H6", "Agent"): case(
        agent(), own("Agent", "us-1"), key("k", RSA, agent=CLUSTER), key("k-2", RSA, agent="us-1")
    ),
    ("H7", "Agent"): case(agent(organizations=["acme", "beta"]), key("k", RSA, agent=CLUSTER)),
    **{
        ("H8", name): case(
            agent(), key("k", RSA, agent=CLUSTER), key("k-2", RSA, operator=CLUSTER), mode=Mode.DIRECT
        )
        for name in ("Agent", "Operator")
    },
    **{("H9", name): case(PRIVATE_KEY) for name in ("Agent", "Operator", "v2 runner")},
}

TOPOLOGY: Cases = {
    ("I1", ""): case(agent(), mode=Mode.DIRECT),
    ("I2", ""): case(agent(), mode=Mode.DIRECT),
    ("I3", ""): case(operator("second", namespace="humanitec-operator-second"), mode=Mode.DIRECT),
    ("I4", ""): case(operator("second", organization="beta"), mode=Mode.DIRECT),
    ("I5", ""): changed(lambda tree: tree.without("Operator").on(operator=False), mode=Mode.DIRECT),
    ("I6", ""): case(operator()),
    ("I7", ""): changed(
        lambda tree: replace(tree, target={"mode": "direct"}).plus(git(identifier="by-git"), runtime()),
        mode=Mode.DIRECT,
    ),
    ("I8", ""): changed(two_organizations),
    ("I9", ""): case(
        cluster(agent=True, identifier="other", criteria=[{"env_type": "test"}]), agent_used=True
    ),
    ("I10", ""): case(agent(), runner(chartVersion="1.0.0")),
}

CASES: Cases = {**TRAFFIC, **HOSTS, **KEYS, **TOPOLOGY}
