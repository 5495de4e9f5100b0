"""Versions of image, chart and Helm, and checks that depend on them: R37, R44, R45, R48."""

import pytest

from reconciler.facts.agent_image import image
from reconciler.model.finding import Severity
from tests.rules.agent_install.installing import (
    agent,
    config_map,
    deployment,
    found,
    messages,
    on_eu,
    unknown,
)

HELM = "cluster: eu-1, method: helm"


@pytest.mark.parametrize(
    ("text", "tag", "has_digest"),
    [
        ("agent", "", False),
        ("agent:1.8.4", "1.8.4", False),
        ("registry.example.com:5000/agent", "", False),
        ("registry.example.com:5000/agent:1@sha256:00", "1", True),
    ],
)
def test_the_name_of_an_image_is_split_into_its_parts(text: str, tag: str, has_digest: bool) -> None:  # noqa: FBT001
    assert (image(text).tag, image(text).has_digest) == (tag, has_digest)


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        ("image: 'agent:1.8.4'", 0),
        ("image: 'agent@sha256:00'", 0),
        ("image: 'registry.example.com:5000/agent'", 1),
        ("image: 'agent:latest'", 1),
        ("image: 'agent:latest-distroless'", 1),
        ("image: 'agent:latest@sha256:00'", 0),
        ("image: 'agent:${TAG}'", 0),
        ("namespace: agents", 1),
        ("method: helm, chartVersion: 1.2.10", 0),
        ("method: helm", 1),
        ("method: helm, chartVersion: latest", 1),
        ("method: helm, chartVersion: ^1.2.0", 1),
        ("method: helm, chartVersion: '{{ .Chart }}'", 0),
        ("chartVersion: 1.2.10, helmValues: {image: {tag: latest}}", 1),
        ("chartVersion: 1.2.10, helmValues: {image: {tag: 1.8.4}}", 0),
        ("chartVersion: 1.2.10, image: 'agent:latest'", 1),
    ],
)
def test_versions_are_pinned(install: str, expected: int) -> None:
    said = found(agent(f"{{cluster: eu-1, {install}}}"), rule="R37")
    assert [severity for severity, _ in said] == [Severity.WARNING] * expected


def test_a_version_that_is_filled_in_later_is_unknown() -> None:
    assert len(unknown(on_eu(image="agent:${TAG}"), rule="R37")) == 1
    assert len(unknown(agent(f"{{{HELM}, chartVersion: '${{V}}'}}"), rule="R37")) == 1


@pytest.mark.parametrize(
    ("name", "expected"), [("agent:1.8.4", 0), ("agent:latest", 1), ("agent", 1), ("a:$TAG", 0)]
)
def test_versions_in_manifests_are_pinned(name: str, expected: int) -> None:
    assert len(messages(deployment(image=name), config_map(), rule="R37")) == expected


NC = "connectivityCheck: [nc, -v, agent-01.humanitec.io, '443']"


@pytest.mark.parametrize(
    ("install", "expected", "hidden"),
    [
        (f"image: 'agent:1.8.4', {NC}", 1, 0),
        (f"image: 'agent:1.4.0', {NC}", 1, 0),
        (f"image: 'agent:1.3.9', {NC}", 0, 0),
        (f"image: 'agent:1.2.1-distroless', {NC}", 1, 0),
        (f"image: 'agent@sha256:00', {NC}", 0, 1),
        (f"image: 'agent:stable', {NC}", 0, 1),
        (f"chartVersion: 1.1.0, {NC}", 1, 0),
        (f"chartVersion: 1.0.1, {NC}", 0, 1),
        (f"chartVersion: 1.2.10, helmValues: {{image: {{tag: 1.3.0}}}}, {NC}", 0, 0),
        ("image: 'agent:1.8.4', connectivityCheck: [/bin/sh, -c, 'curl x']", 1, 0),
        ("image: 'agent:1.8.4', connectivityCheck: ['kubectl exec agent -- nc x 443']", 1, 0),
        ("image: 'agent:1.8.4', connectivityCheck: [/agent, check]", 0, 0),
        ("image: 'agent:1.8.4'", 0, 0),
    ],
)
def test_newer_images_have_no_shell_for_checks(install: str, expected: int, hidden: int) -> None:
    text = agent(f"{{cluster: eu-1, {install}}}")
    assert [severity for severity, _ in found(text, rule="R44")] == [Severity.WARNING] * expected
    assert len(unknown(text, rule="R44")) == hidden


@pytest.mark.parametrize(
    ("name", "probe", "expected"),
    [
        ("agent:1.8.4", "livenessProbe: {exec: {command: [sh, -c, pgrep]}}", 1),
        ("agent:1.8.4", "readinessProbe: {exec: {command: [nc, -z, host]}}", 1),
        ("agent:1.8.4", "livenessProbe: {exec: {command: [/agent]}}", 0),
        ("agent:1.8.4", "livenessProbe: {tcpSocket: {port: 1}}", 0),
        ("agent:1.3.0", "livenessProbe: {exec: {command: [sh]}}", 0),
        ("agent:stable", "livenessProbe: {exec: {command: [sh]}}", 0),
    ],
)
def test_probes_need_a_shell_too(name: str, probe: str, expected: int) -> None:
    assert len(messages(deployment(probe, image=name), config_map(), rule="R44")) == expected


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        ("chartVersion: 1.2.0, image: 'agent:1.2.0'", 1),
        ("chartVersion: 1.2.0, image: 'agent:v1.2.0-distroless'", 1),
        ("chartVersion: 1.2.0, image: 'agent:1.6.0'", 0),
        ("chartVersion: 1.2.0, helmValues: {image: {tag: 1.2.0}}", 1),
        ("chartVersion: 1.2.0", 0),
        (f"chartVersion: 1.2.0, {NC}", 1),
        (f"chartVersion: 1.2.0, image: 'agent:1.6.0', {NC}", 0),
        (f"chartVersion: 1.2.0, image: 'agent@sha256:00', {NC}", 0),
        ("chartVersion: main, image: 'agent:main'", 0),
        ("image: 'agent:1.2.0'", 0),
        ("chartVersion: '${V}', image: 'agent:1.2.0'", 0),
    ],
)
def test_chart_and_image_have_separate_version_numbers(install: str, expected: int) -> None:
    said = found(agent(f"{{cluster: eu-1, {install}}}"), rule="R45")
    assert [severity for severity, _ in said] == [Severity.WARNING] * expected


@pytest.mark.parametrize(
    ("install", "expected", "hidden"),
    [
        ("method: helm, helmVersion: 3.7.2", 1, 0),
        ("method: helm, helmVersion: v3.8.0", 0, 0),
        ("method: helm, helmVersion: 3.16.2", 0, 0),
        ("method: helm, helmVersion: newest", 0, 1),
        ("method: helm", 0, 1),
        ("chartVersion: 1.2.10", 0, 1),
        ("method: manifests, helmVersion: 3.7.2", 0, 0),
        ("namespace: agents", 0, 0),
    ],
)
def test_helm_reads_charts_from_a_registry(install: str, expected: int, hidden: int) -> None:
    text = agent(f"{{cluster: eu-1, {install}}}")
    assert [severity for severity, _ in found(text, rule="R48")] == [Severity.WARNING] * expected
    assert len(unknown(text, rule="R48")) == hidden


def test_undeclared_versions_of_helm_are_reported_once() -> None:
    found = unknown(agent(f"{{{HELM}}}"), agent(f"{{{HELM}}}", "second"), rule="R48")
    assert found == [
        "Agent `eu-1`, Agent `second`: the Helm version that installs it is not declared (`helmVersion`)"
    ]
