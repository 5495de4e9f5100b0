"""Deployments started by hand, as work for an agent in tests and demos.

Only the data plane's part of a deployment: a message to the runner's agent, tried for two
minutes, and the result that it returns. Nothing is deployed.
"""

import base64
import binascii
import gzip
import hashlib
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reconciler.emulator.clock import microseconds
from reconciler.emulator.dataplane.deployments import give_up, mark_delivered
from reconciler.emulator.dataplane.job_spec import IMAGE, job_spec
from reconciler.emulator.failure import ApiError
from reconciler.emulator.setting import Setting
from reconciler.emulator.store import Transaction
from reconciler.emulator.v2.collections import AGENT_MESSAGES, DEPLOYMENTS, RUNNERS, TOKEN_SALTS
from reconciler.emulator.v2.parameters import UUID
from reconciler.emulator.wire import Document

_SCHEDULING_DELAY = timedelta(minutes=5)
"""Maximum time to schedule a deployment's Job: the default of a setting (v2 section 9.3)."""

_MODES = ("deploy", "destroy", "plan_only")
_NO_FILES = base64.b64encode(gzip.compress(bytes(1024), mtime=0)).decode()
"""An archive without files: two empty blocks of tar, compressed."""

_MEMBERS = {
    "organization": str,
    "runner": str,
    "deployment": str,
    "mode": str,
    "image": str,
    "base_url": str,
    "bundle": str,
    "configuration": dict,
}
"""Members of a request to start a deployment, with the type each must have."""


class Jobs:
    """The deployments of one emulator's data plane."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def queue(self, request: Mapping[str, Any]) -> Document:
        """Start a deployment and return it; its message waits up to 120 s for an agent.

        `request` has `organization` and `runner`, a runner of type `kubernetes-agent`;
        optional are `deployment` (a UUID), `mode` (`deploy`), `image`, `base_url` (where
        the job finds this emulator), `bundle` (base64 of a gzip archive) and
        `configuration` (a JobSpec instead of the usual one). Raises ApiError.
        """
        body = _checked(request)
        organization, deployment = body["organization"], body.get("deployment", str(uuid.uuid4()))
        with self._setting.store.transaction() as state:
            runner = _agent_runner(state, organization, body["runner"])
            if state.get(DEPLOYMENTS, organization, deployment):
                raise ApiError(409, f"deployment {deployment} already exists")
            token = _token(state, organization, deployment)
            document = {
                "id": deployment,
                "org_id": organization,
                "runner_id": runner["id"],
                "status": "pending",
                "created_at": microseconds(self._setting.clock.now()),
                "deployment_token": token,
                "bundle": body.get("bundle", _NO_FILES),
            }
            state.put(DEPLOYMENTS, (organization, deployment), document)
            message = {
                "action": "create-job",
                "job_id": deployment,
                "namespace": runner["runner_configuration"]["job"]["namespace"],
                "configuration": _configuration(body, runner, deployment, token),
                "deployment_token": token,
            }
            self._send(state, document, message)
            return _as_read(state, organization, deployment)

    def check(self, organization: str, deployment: str) -> Document:
        """Ask the agent whether a deployment's job is running; return the deployment. Raises ApiError."""
        with self._setting.store.transaction() as state:
            document = self._current(state, organization, deployment)
            runner = _agent_runner(state, organization, document["runner_id"])
            expiry = datetime.fromisoformat(document["created_at"]) + _SCHEDULING_DELAY
            message = {
                "action": "check-job-status",
                "job_id": deployment,
                "namespace": runner["runner_configuration"]["job"]["namespace"],
                "deployment_token": document["deployment_token"],
                "expires_at": microseconds(expiry),
            }
            self._send(state, document, message)
            return _as_read(state, organization, deployment)

    def read(self, organization: str, deployment: str) -> Document:
        """A deployment with its status, token and result; ApiError 404 if there is none.

        `status` changes from `pending` to `delivered` and then to `success` or `failure`.
        """
        with self._setting.store.transaction() as state:
            self._current(state, organization, deployment)
            return _as_read(state, organization, deployment)

    def waiting_agents(self, organization: str, runner: str) -> int:
        """Number of waiting polls of a runner's agents."""
        return self._setting.polls.count((organization, runner))

    def _current(self, state: Transaction, organization: str, deployment: str) -> Document:
        give_up(state, organization, self._setting.clock.now())
        document = state.get(DEPLOYMENTS, organization, deployment)
        if document is None:
            raise ApiError(404, "deployment not found")
        return document

    def _send(self, state: Transaction, document: Document, message: Document) -> None:
        organization, now = document["org_id"], self._setting.clock.now()
        if self._setting.polls.push((organization, document["runner_id"]), message):
            mark_delivered(state, organization, document["id"], now)
            return
        waiting = {
            "id": str(uuid.uuid4()),
            "runner": document["runner_id"],
            "deployment": document["id"],
            "queued_at": microseconds(now),
            "message": message,
        }
        state.put(AGENT_MESSAGES, (organization, waiting["id"]), waiting)


def _checked(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request if all its members are valid; ApiError 400 for any other."""
    for name, value in request.items():
        kind = _MEMBERS.get(name)
        if kind is None or not isinstance(value, kind):
            raise ApiError(400, f"{name} is not a member of a job, or has the wrong type")
    for name in ("organization", "runner"):
        if name not in request:
            raise ApiError(400, f"{name} must be a string")
    if "deployment" in request and not UUID.fullmatch(request["deployment"]):
        raise ApiError(400, "deployment must be a UUID in lower case")
    if request.get("mode", "deploy") not in _MODES:
        raise ApiError(400, f"mode must be one of {', '.join(_MODES)}")
    try:
        base64.b64decode(request.get("bundle", ""), validate=True)
    except (ValueError, binascii.Error) as error:
        raise ApiError(400, "bundle must be base64") from error
    return request


def _agent_runner(state: Transaction, organization: str, runner_id: str) -> Document:
    runner = state.get(RUNNERS, organization, runner_id)
    if runner is None:
        raise ApiError(404, "runner not found")
    kind = runner["runner_configuration"]["type"]
    if kind != "kubernetes-agent":
        raise ApiError(409, f"runner {runner_id} is of type {kind}, only a kubernetes-agent runner polls")
    return runner


def _token(state: Transaction, organization: str, deployment: str) -> str:
    """A deployment's token (v2 section 9.4) with the organization's salt."""
    held = state.get(TOKEN_SALTS, organization)
    if held is None:
        held = {"salt": secrets.token_hex(32)}
        state.put(TOKEN_SALTS, (organization,), held)
    digest = hashlib.sha256((held["salt"] + organization + deployment).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _configuration(body: Mapping[str, Any], runner: Document, deployment: str, token: str) -> Document:
    if "configuration" in body:
        given: Document = body["configuration"]
        return given
    # Where `serve` listens by default.
    base_url = body.get("base_url", "http://127.0.0.1:8480")
    environment = {
        "ORG_ID": body["organization"],
        "DEPLOYMENT_ID": deployment,
        "MODE": body.get("mode", "deploy"),
        "TOKEN": token,
        "PLATFORM_ORCHESTRATOR_BASE_URL": base_url,
        "PLATFORM_ORCHESTRATOR_API_PREFIX": base_url,
        "LOG_LEVEL": "info",
    }
    return job_spec(runner["runner_configuration"]["job"], body.get("image", IMAGE), environment)


def _as_read(state: Transaction, organization: str, deployment: str) -> Document:
    document = state.get(DEPLOYMENTS, organization, deployment) or {}
    return {name: value for name, value in document.items() if name != "bundle"}
