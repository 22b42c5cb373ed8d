# Sourced by the checks of labs. Everything started through these functions is ended and removed on exit, also on failure.
set -euo pipefail
LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
LAB_PIDS=() LAB_NAMESPACES=() LAB_UNDO=()
LAB_TMP=$(mktemp -d /tmp/podnet-lab.XXXXXX)
PASSED=0 FAILED=0
if [ -t 1 ]; then GREEN=$'\e[32m' RED=$'\e[31m' BOLD=$'\e[1m' PLAIN=$'\e[0m'; else GREEN='' RED='' BOLD='' PLAIN=''; fi

lab_end() {
  local status=$? pid ns
  trap - EXIT
  for undo in "${LAB_UNDO[@]}"; do eval "$undo" >/dev/null 2>&1 || true; done
  for pid in "${LAB_PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${LAB_PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
  for ns in "${LAB_NAMESPACES[@]}"; do lab_end_machine "$ns"; done
  [ -n "${KEEP:-}" ] || rm -rf "$LAB_TMP"
  exit "$status"
}
trap lab_end EXIT

# Containers outlive their kubelet by design, so a machine is only gone when their control groups are empty.
lab_end_machine() {
  local group pid left=1 mount pod
  while [ -n "$left" ]; do
    left=$(cat /sys/fs/cgroup/*/podnet/"$1"/*/*/cgroup.procs 2>/dev/null | sort -u || true)
    for pid in $left; do kill -9 "$pid" 2>/dev/null || true; done
  done
  grep -o "$LAB_TMP/$1[^ ]*" /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done || true
  for pod in /run/netns/"$1"_* /run/netns/"$1"; do [ ! -e "$pod" ] || ip netns delete "$(basename "$pod")" || true; done
  for group in /sys/fs/cgroup/*/podnet/"$1"; do [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
  rmdir /sys/fs/cgroup/*/podnet 2>/dev/null || true
}

# lab_cni NODE SUBNET: a CNI configuration written by hand, as long as nothing writes one.
lab_cni() {
  mkdir -p "$LAB_TMP/$1/cni/net.d"
  cat >"$LAB_TMP/$1/cni/net.d/10-lab.conflist" <<END
{"cniVersion": "1.0.0", "name": "lab", "plugins": [
  {"type": "podnet-cni", "bridge": "br0", "ipam": {"subnet": "$2", "dataDir": "$LAB_TMP/$1/cni/addresses"}}]}
END
}

# lab_kubelet NODE ADDRESS FLAGS...: a kubelet in the namespace of its node.
lab_kubelet() {
  local node=$1 address=$2
  shift 2
  lab_start "$node" "$LAB_TMP/$node.log" podnet kubelet --node "$node" --node-ip "$address" --data-dir "$LAB_TMP/$node" \
    --cni-bin-dir "$PODNET_BIN" --netns-prefix "$node" --cgroup-root "/podnet/$node" "$@"
}

# on NODE COMMAND...: runs a command on a machine.
on() {
  local ns=$1
  shift
  nsenter --net="/run/netns/$ns" -- "$@"
}
# listens MACHINE ADDRESS PORT: something accepts TCP connections there.
listens() { nsenter --net="/run/netns/$1" -- timeout 2 bash -c "exec 3<>/dev/tcp/$2/$3"; }
export -f on listens

say() { echo; echo "${BOLD}$*${PLAIN}"; }

# show COMMAND...: prints a command as a reader would type it, then its output.
show() { echo "\$ $*"; "$@"; }

# lab_namespace NAME: a network namespace that serves as a machine.
lab_namespace() {
  ip netns delete "$1" 2>/dev/null || true
  ip netns add "$1"
  LAB_NAMESPACES+=("$1")
  ip -n "$1" link set lo up
}

# lab_start NAMESPACE LOG COMMAND...: a daemon inside a namespace, in the background. Its pid is in LAB_PID.
lab_start() {
  local ns=$1 log=$2
  shift 2
  # nsenter and not ip netns exec: that one hides the mounts, and so the pods' namespaces, in a mount namespace of its own.
  nsenter --net="/run/netns/$ns" -- "$@" >"$log" 2>&1 </dev/null &
  LAB_PID=$!
  LAB_PIDS+=("$LAB_PID")
}

# within SECONDS COMMAND...: polls until the command succeeds.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    read -rt 0.05 <> <(:) || true
  done
}

# check TEXT COMMAND...: one PASS or FAIL line.
check() {
  local text=$1
  shift
  if "$@" >"$LAB_TMP/check.out" 2>&1; then
    PASSED=$((PASSED + 1)); echo "${GREEN}PASS${PLAIN} $text"
  else
    FAILED=$((FAILED + 1)); echo "${RED}FAIL${PLAIN} $text"; sed 's/^/     /' "$LAB_TMP/check.out" | tail -n 20
  fi
}

# verdict: the last line of a lab.
verdict() {
  echo
  echo "$PASSED passed, $FAILED failed"
  [ "$FAILED" -eq 0 ]
}
