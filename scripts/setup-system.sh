#!/bin/sh
# Brings the programs that the parts which touch the kernel run, and npm where there is none; with the word `browser` also the browser
# that the tests of the page drive, and pre-commit, which runs the hooks; with `cluster` what nodes of a real Kubernetes run beside it.
# Says what it does, and what won't work without.
wanted=$1
kernel_parts='the lab (`make demo`, `sallyport lab`), the agent and the kernel tests'

# The Debian packages of the programs that are not here.
missing_packages() {
  command -v npm >/dev/null 2>&1 || printf ' npm'
  [ "$(uname -s)" = Linux ] || return
  command -v nft >/dev/null 2>&1 || printf ' nftables'
  command -v conntrack >/dev/null 2>&1 || printf ' conntrack'
  command -v ip >/dev/null 2>&1 || printf ' iproute2'
  command -v unshare >/dev/null 2>&1 || printf ' util-linux'
  [ "$wanted" != browser ] || [ -x /usr/bin/chromium ] || printf ' chromium'
  [ "$wanted" != browser ] || command -v pre-commit >/dev/null 2>&1 || printf ' pre-commit'
  [ "$wanted" != cluster ] || missing_for_nodes
}

missing_for_nodes() {
  command -v containerd >/dev/null 2>&1 || printf ' containerd'
  command -v runc >/dev/null 2>&1 || printf ' runc'
  [ -x /usr/lib/cni/ptp ] || printf ' containernetworking-plugins'
  command -v iptables >/dev/null 2>&1 || printf ' iptables'
  command -v openssl >/dev/null 2>&1 || printf ' openssl'
}

missing=$(missing_packages)
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "setup: installing with apt-get:$missing"
  export DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes
  # shellcheck disable=SC2086 # a list of names
  if apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing >/dev/null; then
    missing=''
  else
    missing=$(missing_packages)
  fi
fi
if [ -n "$missing" ]; then
  echo "setup: please install:$missing (on Debian, as root: apt-get install$missing)" >&2
  case $missing in
    ' npm') ;;
    ' chromium' | ' pre-commit' | ' chromium pre-commit')
      echo 'setup: until then tests that need them are skipped, and say so; everything else runs' >&2 ;;
    *) echo "setup: until then $kernel_parts won't work; everything else will" >&2 ;;
  esac
fi

if [ "$(uname -s)" != Linux ]; then
  echo "setup: $kernel_parts need Linux and won't run here; everything else will" >&2
elif [ "$(id -u)" != 0 ] && ! unshare --user --map-root-user --net true 2>/dev/null; then
  echo "setup: not root, and unprivileged user namespaces are not allowed here: $kernel_parts won't run" >&2
  echo "setup: root can allow them, for example with: sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000" >&2
fi
exit 0
