#!/bin/bash
# build.sh [PROGRAM...]: builds the programs of a Kubernetes cluster that are not there yet; without words those of a control plane.
# They are kept in a cache outside the clone, by what they are built from, so that another clone has them at once; build/cluster/bin leads there.
# What only a cluster with nodes needs, and helm, come from modules of their own, so that a change there leaves the control plane as it was built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
links=$root/build/cluster/bin
control_plane='etcd kube-apiserver kubectl'
nodes='kube-controller-manager kube-scheduler kubelet kube-proxy agnhost pause e2e.test ginkgo'

# The module and the package of each program.
source_of() {
  case $1 in
    etcd) echo kubernetes go.etcd.io/etcd/server/v3 ;;
    kube-apiserver | kubectl) echo kubernetes "k8s.io/kubernetes/cmd/$1" ;;
    kube-controller-manager | kube-scheduler | kubelet | kube-proxy) echo nodes "k8s.io/kubernetes/cmd/$1" ;;
    agnhost | pause) echo nodes "./$1" ;;
    e2e.test) echo nodes ./e2e ;;
    helm) echo helm helm.sh/helm/v3/cmd/helm ;;
    ginkgo) echo nodes github.com/onsi/ginkgo/v2/ginkgo ;;
    *) echo "build.sh: unknown program $1; known are: $control_plane $nodes helm" >&2; return 2 ;;
  esac
}

# Where a program is kept, by all that it is built from: the versions in its module, and our own sources where the package is ours.
cache_of() {
  local module=$1 package=$2 sources=()
  case $package in ./*) sources=("$here/$module/$package"/*.go) ;; esac
  echo "${XDG_CACHE_HOME:-$HOME/.cache}/sallyport/$module-$(version_of "$module")-$(
    cat "$here/$module/go.mod" "$here/$module/go.sum" "${sources[@]}" | sha256sum | cut -c 1-12
  )"
}

version_of() { sed -nE 's/^require (k8s.io\/kubernetes|helm.sh\/helm\/v3) //p' "$here/$1/go.mod"; }

# What an official build tells its programs about themselves: clients look at the version.
identity() {
  local version=$1 minor=${1#v1.} module
  minor=${minor%%.*}
  for module in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=%s -X %s.gitTreeState=clean ' \
      $module "$version" $module $module "$minor" $module
  done
}

build() {
  local program=$1 module package cache version start=$SECONDS how=build
  read -r module package <<<"$(source_of "$program")"
  cache=$(cache_of "$module" "$package")
  mkdir -p "$cache"
  # Two clones that build at once would do the work twice.
  exec 9>"$cache/.lock"
  flock 9
  if [ ! -x "$cache/$program" ]; then
    command -v go >/dev/null || { echo "build.sh: $program is built with Go, and there is none here: https://go.dev/dl" >&2; exit 2; }
    version=$(version_of "$module")
    echo "build.sh: building $program of $version; the first time takes minutes" >&2
    case $program in *.test) how='test -c -vet=off' ;; esac
    # shellcheck disable=SC2086 # two words
    (cd "$here/$module" && CGO_ENABLED=0 nice go $how -trimpath -ldflags "-s -w $(identity "$version")" -o "$cache/$program.part" "$package")
    mv "$cache/$program.part" "$cache/$program"
    echo "build.sh: $program took $((SECONDS - start)) s" >&2
  fi
  ln -sfn "$cache/$program" "$links/$program"
}

# Until lately it was a link itself.
[ ! -L "$links" ] || rm "$links"
mkdir -p "$links"
[ "${1-}" != all ] || set -- $control_plane $nodes
for program in ${*:-$control_plane}; do source_of "$program" >/dev/null; done
for program in ${*:-$control_plane}; do build "$program"; done
