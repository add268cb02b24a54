#!/bin/sh
# Brings the programs that the parts which touch the kernel run, and npm where there is none. Says what it does, and what won't work without.
missing=''
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

kernel_parts='the lab (`make demo`, `sallyport lab`), the agent and the kernel tests'
if [ "$(uname -s)" = Linux ]; then
  need nft nftables
  need conntrack conntrack
  need ip iproute2
  need unshare util-linux
else
  echo "setup: $kernel_parts need Linux and won't run here; everything else will"
fi
need npm npm

if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "setup: installing with apt-get:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list of names
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing >/dev/null; } ||
      echo "setup: apt-get could not install$missing (see above): $kernel_parts won't work without" >&2
  else
    echo "setup: not root on Debian, so please install:$missing (Debian: sudo apt-get install$missing)" >&2
    echo "setup: until then $kernel_parts won't work; everything else will" >&2
  fi
fi

if [ "$(uname -s)" = Linux ] && [ "$(id -u)" != 0 ] && ! unshare --user --map-root-user --net true 2>/dev/null; then
  echo "setup: not root, and this machine allows no unprivileged user namespaces: $kernel_parts won't run" >&2
  echo "setup:   root can allow them with: sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000" >&2
fi
exit 0
