"""Cases of tables C to F."""

from tests.matrix.case import (
    BUILT_IN_SECRET,
    CONTAINER_RUNNER,
    DEFAULT_DEFINITION,
    JOB,
    MADE_STORE,
    OWN_DRIVER,
    VIRTUAL_DRIVER,
    Cases,
    both,
    case,
    changed,
    config,
    container,
    driver,
    every,
    in_legacy_not_primary,
    looked_at,
    own_postgres,
    redis,
    registered,
    runner_config,
    stores,
    terraform,
    with_cluster_using_agent,
    with_live,
)
from tests.matrix.matrix_trees import (
    AGENT_URL,
    CLUSTER,
    NAMESPACE,
    POSTGRES,
    STAND_IN,
    agent,
    definition,
    kubernetes_store,
    runtime,
    store,
)

STORES: Cases = {
    ("C1", "legacy"): case(),
    ("C1", "direct, gitops"): changed(
        lambda tree: with_live(tree, definitions=[BUILT_IN_SECRET]).plus(
            definition("db", "postgres", "humanitec/echo")
        )
    ),
    **both("C2", stores("awssm", {"region": "eu-west-1"})),
    **both(
        "C3",
        stores(
            "azurekv",
            {"tenant_id": "11111111-2222-3333-4444-555555555555", "url": "https://acme.vault.azure.net"},
            orchestrator=registered(auth={"client_secret": {"env": "TOKEN"}}),
        ),
    ),
    **both(
        "C4",
        stores(
            "gcpsm",
            {"project_id": "acme-production"},
            orchestrator=registered(auth={"secret_access_key": {"env": "TOKEN"}}),
        ),
    ),
    **both(
        "C5",
        stores("vault", {"url": "https://vault.acme.internal"}, kvVersion=2, orchestrator=registered()),
    ),
    **both(
        "C6",
        stores("vault", {"url": "https://vault.acme.internal"}, kvVersion=1, orchestrator=registered()),
    ),
    **both(
        "C7",
        changed(
            lambda tree: in_legacy_not_primary(tree.without("SecretStore").plus(STAND_IN, kubernetes_store()))
        ),
    ),
    **both("C8", case(MADE_STORE)),
    **both(
        "C9",
        case(
            store("second", orchestrator={"primary": False}, clusters=[{"cluster": CLUSTER}]),
            store("third", orchestrator={"primary": False}, clusters=[{"cluster": CLUSTER}]),
        ),
    ),
    **both(
        "C10",
        looked_at(
            store("second", orchestrator={"primary": False}, on_cluster=False),
            definition(
                "db", "postgres", "humanitec/echo", refs={"password": {"store": "second", "ref": "db"}}
            ),
        ),
    ),
    **both("C11", case(store("second", orchestrator=None, clusters=[{"cluster": CLUSTER}]))),
    **both(
        "C11 referred",
        case(
            store("second", orchestrator=None, clusters=[{"cluster": CLUSTER}]),
            definition(
                "db", "postgres", "humanitec/echo", refs={"password": {"store": "second", "ref": "db"}}
            ),
        ),
    ),
}

DRIVERS: Cases = {
    **both("D1", case(definition("cache", "redis", "humanitec/echo", values={"host": "h"}))),
    ("D1", "with Agent"): case(
        agent(),
        definition(
            "runner-config",
            "config",
            "humanitec/echo",
            secrets={"agent_url": AGENT_URL},
            criteria=[{"res_id": "other"}],
        ),
    ),
    **both("D2", case(redis())),
    ("D2", "with Agent"): case(agent(), redis(with_agent=True)),
    **both("D3", case(container())),
    ("D3", "with Agent"): case(agent(), container(with_agent=True)),
    **both("D4", case(CONTAINER_RUNNER, runner_config())),
    ("D4", "with Agent"): case(
        agent(),
        definition(
            "bucket",
            "s3",
            "humanitec/container-runner",
            values={"job": JOB},
            secrets={"agent_url": AGENT_URL},
        ),
        runner_config(with_agent=True),
    ),
    **both("D5", case(terraform())),
    ("D5", "with Agent"): case(agent(), terraform(with_agent=True, flat=True)),
    **both("D6", case(terraform(own_cluster=True))),
    ("D6", "with Agent"): case(agent(), terraform(own_cluster=True, with_agent=True)),
    **both("D7", changed(lambda tree: with_live(tree, drivers=OWN_DRIVER).plus(own_postgres()))),
    ("D7", "with Agent"): changed(
        lambda tree: with_live(tree, drivers=OWN_DRIVER).plus(agent(), own_postgres(with_agent=True))
    ),
    **both("D8", changed(lambda tree: with_live(tree, drivers=VIRTUAL_DRIVER).plus(own_postgres()))),
    ("D8", "with Agent"): changed(
        lambda tree: with_live(tree, drivers=VIRTUAL_DRIVER).plus(agent(), own_postgres(with_agent=True))
    ),
}

TYPES: Cases = {
    **every("E1", case()),
    **every("E2", changed(lambda tree: tree.without("Definition", "namespace").plus(NAMESPACE))),
    ("E3", "legacy"): case(agent_used=True),
    ("E3", "direct"): case(agent_used=True),
    ("E3", "gitops"): changed(
        lambda tree: tree.without("Definition", "shop-runtime").plus(runtime(agent=True), agent())
    ),
    **every("E4", case(definition("logs", "logging", "humanitec/logging-k8s"))),
    **every("E5", case(definition("cache", "redis", "humanitec/echo", values={"host": "h"}))),
    **both("E6", changed(lambda tree: with_live(tree, definitions=[DEFAULT_DEFINITION]))),
    **both(
        "E7",
        changed(
            lambda tree: with_live(
                tree,
                accounts=[{"id": "aws", "type": "aws"}],
                drivers=[driver("humanitec/terraform", "https://drivers.example.com/terraform")],
            ).plus({**terraform(), "entity": {**terraform()["entity"], "driver_account": "aws"}})
        ),
    ),
}

REFERENCES: Cases = {
    **both("F1", case(config(host="${resources['dns.default#main'].outputs.host}"))),
    **both("F2", case(config(host="${resources['k8s-cluster.default#k8s-cluster'].outputs.loadbalancer}"))),
    **both("F3", case(config(logs="${resources['logging.default#logging'].outputs.type}"))),
    **both(
        "F4",
        case(config(namespace="${resources['k8s-namespace.default#k8s-namespace'].outputs.namespace}")),
    ),
    **both("F5", case(agent(), container(with_agent=True))),
    **both("F6", case(agent(), definition("cache", "redis", "humanitec/echo", secrets={"proxy": AGENT_URL}))),
    ("F7", "legacy"): case(agent_used=True),
    ("F7", "direct, gitops"): changed(with_cluster_using_agent),
    ("F8", "gitops"): case(agent_used=True),
    **both(
        "F9",
        case(
            definition("role", "config", "humanitec/echo", values={"role": "r"}, criteria=[{}]),
            definition(
                "logs",
                "logging",
                "humanitec/logging-k8s",
                values={"role": "${resources['config.default#role'].outputs.role}"},
            ),
        ),
    ),
    ("F10", "direct, gitops"): case(
        definition(
            "role", "config", "humanitec/echo", refs={"role": {"store": "aws", "ref": "role"}}, criteria=[{}]
        ),
        definition(
            "logs",
            "logging",
            "humanitec/logging-k8s",
            values={"role": "${resources['config.default#role'].outputs.role}"},
        ),
    ),
    ("F11", "direct, gitops"): case(
        definition(
            "logs", "logging", "humanitec/logging-k8s", refs={"token": {"store": "aws", "ref": "token"}}
        )
    ),
    **both("F12", case(POSTGRES)),
    **both(
        "F13",
        case(
            definition(
                "db",
                "postgres",
                "humanitec/echo",
                refs={"password": {"store": "aws", "ref": "${context.app.id}-db"}},
            )
        ),
    ),
}

CASES: Cases = {**STORES, **DRIVERS, **TYPES, **REFERENCES}
