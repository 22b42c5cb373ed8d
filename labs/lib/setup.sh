# Sourced by labs/run and tests/run: system packages, build, binaries, images. Safe to repeat; does only what is missing.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DEBIAN_FRONTEND=noninteractive
PODNET_BIN="$PWD/artifacts/bin-release"
KUBECTL_DIR=/var/lib/podnet/kubectl-1.20
OLD_KUBECTL=$KUBECTL_DIR/usr/bin/kubectl
RESOLVED_DIR=/var/lib/podnet/resolved

# What podnet itself calls or loads, and what linking it needs.
RUNTIME_PACKAGES=(runc iptables libpcap0.8 busybox-static gcc libc6-dev zlib1g-dev)
# What labs show and tests ask as oracles.
LAB_PACKAGES=(bird2 iproute2 tshark bsdextrautils kubernetes-client)
TEST_PACKAGES=(bird2 iproute2 bsdextrautils nftables conntrack tcpdump tshark bind9-dnsutils containernetworking-plugins kubernetes-client iperf3 procps etcd-server etcd-client python3 openssl podman containerd nsd bind9-utils dnsmasq-base dbus-daemon libsystemd-shared)

if [ -t 1 ]; then BOLD=$'\e[1m' PLAIN=$'\e[0m'; else BOLD='' PLAIN=''; fi
step() { echo "${BOLD}== $*${PLAIN}"; }

require_root() {
  [ "$(id -u)" -eq 0 ] || { echo "podnet needs root for network namespaces: run it with sudo" >&2; exit 1; }
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    # Unpacked beside what may be there, never installed over it.
    [ "$package" != kubernetes-client ] || { [ -x "$OLD_KUBECTL" ] || missing+=("$package"); continue; }
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  step "installing ${missing[*]}"
  echo 'wireshark-common wireshark-common/install-setuid boolean false' | debconf-set-selections 2>/dev/null || true
  apt-get update -qq
  if [[ " ${missing[*]} " == *" kubernetes-client "* ]]; then
    unpack_kubectl
    missing=("${missing[@]/kubernetes-client}")
  fi
  command -v kubectl >/dev/null || [ ! -x "$OLD_KUBECTL" ] || ln -s "$OLD_KUBECTL" /usr/local/bin/kubectl
  # shellcheck disable=SC2068
  apt-get install -y -qq --no-install-recommends ${missing[@]} >/dev/null
}

# Debian's kubectl is 1.20: the old generation of clients, and the only one on a machine without another.
unpack_kubectl() {
  mkdir -p "$KUBECTL_DIR"
  (cd "$KUBECTL_DIR" && apt-get -o APT::Sandbox::User=root download -qq kubernetes-client && dpkg-deb -x kubernetes-client_*.deb . && rm -f kubernetes-client_*.deb)
}

# What tests of the host's resolver run. Never installed: the package would take over this machine's resolv.conf.
unpack_resolved() {
  [ ! -x "$RESOLVED_DIR/usr/bin/resolvectl" ] || return 0
  step "unpacking systemd-resolved"
  mkdir -p "$RESOLVED_DIR"
  apt-get update -qq
  (cd "$RESOLVED_DIR" && apt-get -o APT::Sandbox::User=root download -qq systemd-resolved && dpkg-deb -x systemd-resolved_*.deb . && rm -f systemd-resolved_*.deb)
}

build_solution() {
  step "building"
  dotnet build Network.sln -c Release -v quiet -nologo --property WarningLevel=4
}

# Publishes a NativeAOT program unless the published one is newer than every source it is made of.
publish() {
  local project=$1 program=$2 source
  if [ -x "$PODNET_BIN/$program" ]; then
    source=$(find overlay cni-plugin dns controlplane labs Directory.* -newer "$PODNET_BIN/$program" \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.txt' \) -print -quit)
    [ -n "$source" ] || return 0
  fi
  step "publishing $program"
  mkdir -p "$PODNET_BIN"
  dotnet publish "$project" -c Release -r linux-x64 -v quiet -nologo
  install -m 0755 "artifacts/publish/$(basename "$project")/release_linux-x64/$program" "$PODNET_BIN/$program.new"
  mv "$PODNET_BIN/$program.new" "$PODNET_BIN/$program"
  local library
  for library in "artifacts/publish/$(basename "$project")/release_linux-x64/"*.so; do
    [ ! -e "$library" ] || install -m 0755 "$library" "$PODNET_BIN/"
  done
}

publish_binaries() {
  publish cni-plugin/Network.Cni podnet-cni
  publish labs/Network.Sample podnet-sample
  publish controlplane/Network.Cli podnet
}

build_images() {
  local have
  have=$("$PODNET_BIN/podnet" image ls)
  echo "$have" | grep -q '/busybox:' || "$PODNET_BIN/podnet" image build busybox
  if ! echo "$have" | grep -q '/podnet-sample:' || [ "$PODNET_BIN/podnet-sample" -nt /var/lib/podnet/images/.sample ]; then
    "$PODNET_BIN/podnet" image build podnet-sample --program "$PODNET_BIN/podnet-sample"
    touch /var/lib/podnet/images/.sample
  fi
}
