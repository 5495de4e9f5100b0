#!/usr/bin/env bash
# The main workflow on a laptop: plan, apply, an empty second plan, one change, its plan, its apply;
# then an Agent and a runner for a cluster, as files.
# Everything happens in .demo/ in this repository. The embedded orchestrator runs on a loopback
# port and is stopped at the end.
#
#   RECONCILER=/path/to/reconciler   use this program instead of the one from `make dev`
#   DEMO=/path/to/folder             scratch folder; removed and created again
set -euo pipefail

# The width of what is printed, whatever it is printed to.
export COLUMNS=${COLUMNS:-80}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
reconciler=${RECONCILER:-$root/.venv/bin/reconciler}
scratch=${DEMO:-$root/.demo}
platform=$scratch/platform
installation=$scratch/installation
tree=$platform
emulator=

if [ ! -x "$reconciler" ]; then
  make --no-print-directory -C "$root" dev
fi
reconciler=$(cd "$(dirname "$reconciler")" && pwd)/$(basename "$reconciler")
python=$(dirname "$reconciler")/python

# Only a folder with this script's marker is removed: DEMO may be mistyped.
if [ -e "$scratch" ] && [ ! -e "$scratch/.made-by-demo" ]; then
  echo "demo: $scratch exists and was not created by this script; remove it or set DEMO" >&2
  exit 64
fi

stop() {
  if [ -n "$emulator" ]; then
    kill "$emulator" 2>/dev/null || true
    wait "$emulator" 2>/dev/null || true
    emulator=
  fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

heading() { printf '\n== %s\n\n' "$1"; }
shown() { printf '$ %s\n' "$*"; }

# Print the command, run it in the scratch repository, and fail unless it ends with the given exit code.
expect() {
  local wanted=$1 code=0
  shift
  shown reconciler "$@"
  (cd "$tree" && "$reconciler" "$@") || code=$?
  if [ "$code" -ne "$wanted" ]; then
    echo "demo: expected exit code $wanted, got $code" >&2
    exit 1
  fi
  printf '\n'
}

commit() {
  git -C "$tree" add --all
  git -C "$tree" -c user.name=demo -c user.email=demo@localhost -c commit.gpgsign=false \
    commit --quiet --message "$1"
  git -C "$tree" log -1 --format='commit %h  %s'
}

heading "1. A platform repository: two organizations, one private network"
rm -rf "$scratch"
mkdir -p "$scratch"
touch "$scratch/.made-by-demo"
cp -R "$root/examples/quickstart" "$tree"
git -C "$tree" init --quiet --initial-branch=main
(cd "$tree" && find . -path ./.git -prune -o -type f -print | sed 's/^\.\///' | LC_ALL=C sort)

heading "2. A practice orchestrator"
port=$("$python" - <<'PYTHON'
import socket

with socket.socket() as listener:
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1])
PYTHON
)
practice=(emulator --port "$port" --state "$scratch/orchestrator.db" --organization acme --organization beta)
shown reconciler "${practice[@]}"
"$reconciler" "${practice[@]}" > "$scratch/emulator.log" 2>&1 &
emulator=$!
if ! "$python" - "$port" "$emulator" <<'PYTHON'
import os
import socket
import sys
import time

port, process = int(sys.argv[1]), int(sys.argv[2])
deadline = time.monotonic() + 30
while time.monotonic() < deadline:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        break
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        sys.exit(0)
    except OSError:
        time.sleep(0.05)
sys.exit(1)
PYTHON
then
  echo "demo: the embedded orchestrator did not start:" >&2
  cat "$scratch/emulator.log" >&2
  exit 1
fi
echo "listening on http://127.0.0.1:$port"
sed "s#http://127\.0\.0\.1:8480#http://127.0.0.1:$port#" "$root/examples/quickstart/reconciler.yaml" \
  > "$tree/reconciler.yaml"
# Environment types, secret stores and cloud accounts belong to the organizations, not to this
# repository, so those that the files name are seeded (docs/emulator.md, Seed).
"$python" - "$port" <<'PYTHON'
import json
import sys
import urllib.request

seed = {
    "env_types": [{"organization": "acme", "id": "development"}],
    "secret_stores": [
        {"organization": name, "id": f"{name}-vault", "primary": True, "vault": {"url": f"https://vault.{name}.internal"}}
        for name in ("acme", "beta")
    ],
    "accounts": [
        {"organization": name, "id": f"{name}-{cloud}", "name": f"{name}-{cloud}", "type": kind, "credentials": {"role": "practice"}}
        for name, cloud, kind in (("acme", "aws", "aws-role"), ("beta", "gcp", "gcp-identity"))
    ],
}
request = urllib.request.Request(
    f"http://127.0.0.1:{sys.argv[1]}/_emulator/seed",
    data=json.dumps(seed).encode(),
    headers={"Content-Type": "application/json"},
)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(request, timeout=30) as answer:
    assert answer.status == 200
PYTHON
export HUMANITEC_TOKEN=practice HUMANITEC_AUTH_TOKEN=practice
commit "Describe the platform"

heading "3. Check the files, then show the plan"
expect 0 validate
expect 2 plan --detailed-exit-code

heading "4. Apply it"
expect 0 apply --yes

heading "5. The second plan is empty"
expect 0 plan --detailed-exit-code

heading "6. Change one file: a different region for acme's buckets"
file=orgs/acme/definitions/storage.yaml
sed 's/region: eu-central-1/region: eu-north-1/' "$root/examples/quickstart/$file" > "$tree/$file"
git -C "$tree" --no-pager diff --no-color --unified=1 -- "$file" | sed -n '/^@@/,$p'
commit "Move buckets to eu-north-1"

heading "7. The plan of that change, and its apply"
expect 2 plan --detailed-exit-code
expect 0 apply --yes
expect 0 plan --detailed-exit-code

heading "8. An Agent and a runner on a cluster; without a settings file, as files"
cp -R "$root/examples/installation" "$installation"
tree=$installation
# Inside a clone, .demo is ignored: a folder without Git would be read as an empty part of the clone.
git -C "$tree" init --quiet --initial-branch=main
expect 0 apply --yes
expect 0 plan --detailed-exit-code
shown ls rendered/eu-1
ls "$installation/rendered/eu-1"

heading "Done"
cat <<EOF_TEXT
All files of this demo are in $scratch; the orchestrator was stopped. To continue:

  $reconciler ${practice[*]} &
  export HUMANITEC_TOKEN=practice HUMANITEC_AUTH_TOKEN=practice
  cd $platform
  $reconciler plan

Next:
  docs/getting-started.md    the same with your own repository: install from a tag, reconciler init
  docs/pull-requests.md      this plan as a comment on every pull request
  docs/ownership.md          what is deleted, what never is, and how to adopt what exists
  docs/clusters.md           Agents and runners on real clusters
EOF_TEXT
