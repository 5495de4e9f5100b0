"""Every combination with a golden file: name -> documents, which are all on one cluster."""

from collections.abc import Mapping

from tests.footprint.documents import agent, runner

IMAGE = "image: ghcr.io/humanitec/humanitec-runner:v1.2.3"
ALL_OPTIONS = """
    cluster: eu-1
    namespace: agents
    image: ghcr.io/humanitec/agent:1.8.4
    registry: registry.example.com/mirror
    imagePullSecrets: [regcred]
    orgs: [acme]
    env: {LOG_LEVEL: DEBUG}
    resources:
      requests: {cpu: 0.1, memory: 128Mi, ephemeral-storage: 1Gi}
      limits: {memory: 1024Mi}
    namespaceLabels: {pod-security.kubernetes.io/enforce: restricted}
    connectionIdFromPod: false
    networkPolicy: true
    podSecurity: {securityContextConstraint: nonroot-v2, dropCapabilities: [ALL, NET_RAW]}
    privateKey: {secretName: agent-key, secretKey: key.pem, path: /secrets/agent.pem, mode: "0400"}
    waitSeconds: 60
    """
SELF_HOSTED = """
    cluster: eu-1
    namespace: runner
    serviceAccount: runner
    selfHosted: true
    orchestratorUrl: https://orchestrator.example.com
    image: ghcr.io/humanitec/humanitec-runner:v1.2.3
    registry: registry.example.com
    imagePullSecrets: [regcred]
    privateKey: {secretName: runner-key, secretKey: key.pem}
    env: {HTTP_TIMEOUT: "30"}
    replicas: 2
    logLevel: debug
    namespaceLabels: {team: platform}
    resources: {limits: {cpu: 1, memory: 512Mi}}
    """

COMBINATIONS: Mapping[str, tuple[str, ...]] = {
    "agent": (agent(),),
    "agent-all-options": (agent(ALL_OPTIONS),),
    "agent-two-replicas": (agent("{cluster: eu-1, replicas: 2}"),),
    "agent-other-user": (agent("{cluster: eu-1, podSecurity: {runAsUser: 65532}}"),),
    "agent-network-policy": (agent("{cluster: eu-1, networkPolicy: true}"),),
    "agent-several-organizations": (agent(organizations="[acme, shop]"),),
    "agents-of-one-namespace": (
        agent("{cluster: eu-1, privateKey: {secretName: a}}"),
        agent("{cluster: eu-1, privateKey: {secretName: b}}", "eu-2"),
    ),
    "runner": (runner(f"{{cluster: eu-1, {IMAGE}}}"),),
    "runner-eks": (
        runner(
            f"{{cluster: eks-1, {IMAGE}, identity: {{roleArn: 'arn:aws:iam::123456789012:role/runner'}}}}"
        ),
    ),
    "runner-gke": (
        runner(
            f"{{cluster: gke-1, {IMAGE}, "
            "identity: {serviceAccount: runner-gke-1@my-project.iam.gserviceaccount.com}}"
        ),
    ),
    "runner-aks": (
        runner(
            f"{{cluster: aks-1, {IMAGE}, identity: {{clientId: 12345678-1234-1234-1234-123456789abc}}}}",
            job="{namespace: jobs, service_account: job, pod_template: {metadata: {labels: "
            '{azure.workload.identity/use: "true"}}}}',
        ),
    ),
    "runner-self-hosted": (runner(SELF_HOSTED),),
    "runners-of-one-namespace": (
        runner(f"{{cluster: eu-1, {IMAGE}, privateKey: {{secretName: a}}}}"),
        runner(f"{{cluster: eu-1, {IMAGE}, privateKey: {{secretName: b}}}}", "eu_2"),
    ),
}
