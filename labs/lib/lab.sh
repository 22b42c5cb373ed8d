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
  for ns in "${LAB_NAMESPACES[@]}"; do ip netns delete "$ns" 2>/dev/null || true; done
  rm -rf "$LAB_TMP"
  exit "$status"
}
trap lab_end EXIT

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
  ip netns exec "$ns" "$@" >"$log" 2>&1 </dev/null &
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
