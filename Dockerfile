# syntax=docker/dockerfile:1
# Build: docker build --tag reconciler --build-arg REVISION="$(git rev-parse HEAD)" .
#
# A tag can move. To pin the base image by digest, build with
#   --build-arg BASE="python:3.12.8-slim-bookworm@sha256:<digest>"
# and the digest from `docker buildx imagetools inspect python:3.12.8-slim-bookworm`.
ARG BASE=python:3.12.8-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY pyproject.toml README.md LICENSE requirements.lock requirements-build.lock ./
COPY reconciler ./reconciler
# The project comes from this checkout and everything else by hash, so no package name is resolved that
# someone else could register.
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes --only-binary :all: --requirement requirements-build.lock \
 && /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels . \
 && python -m venv /opt/reconciler \
 && /opt/reconciler/bin/pip install --require-hashes --only-binary :all: --requirement requirements.lock \
 && /opt/reconciler/bin/pip install --no-deps --no-index /wheels/*.whl \
 && /opt/reconciler/bin/pip uninstall --yes pip

FROM ${BASE}
ARG REVISION=""
LABEL org.opencontainers.image.title="reconciler" \
      org.opencontainers.image.description="GitOps for the Platform Orchestrator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 65532 reconciler \
 && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin reconciler \
 && install --directory --owner=65532 --group=65532 --mode=0700 /var/cache/reconciler
COPY --from=build /opt/reconciler /opt/reconciler
# At run time only the cache and /tmp are written: mount both, and make the root file system read-only.
ENV PATH=/opt/reconciler/bin:$PATH \
    HOME=/tmp \
    XDG_CACHE_HOME=/var/cache/reconciler \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["reconciler"]
