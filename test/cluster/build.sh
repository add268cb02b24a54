#!/bin/bash
# build.sh [PROGRAM...]: builds the programs of a Kubernetes cluster that are not there yet; without words those of a control plane.
# They are kept in a cache outside the clone, by what they are built from, so that another clone has them at once; build/cluster/bin leads there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
module=$here/kubernetes
control_plane='etcd kube-apiserver kubectl'
version=$(sed -n 's/^require k8s.io\/kubernetes //p' "$module/go.mod")

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sallyport/kubernetes-$version-$(cat "$module/go.mod" "$module/go.sum" | sha256sum | cut -c 1-12)
mkdir -p "$cache" "$root/build/cluster"
ln -sfn "$cache" "$root/build/cluster/bin"

# The package of each program.
package_of() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    kube-apiserver | kubectl) echo "k8s.io/kubernetes/cmd/$1" ;;
    *) echo "build.sh: unknown program $1; known are: $control_plane" >&2; exit 2 ;;
  esac
}

# What an official build tells its programs about themselves: clients look at the version.
identity() {
  local minor=${version#v1.} module
  minor=${minor%%.*}
  for module in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=%s -X %s.gitTreeState=clean ' \
      $module "$version" $module $module "$minor" $module
  done
}

build() {
  local program=$1 package start=$SECONDS
  [ -x "$cache/$program" ] && return
  package=$(package_of "$program")
  command -v go >/dev/null || { echo "build.sh: $program is built with Go, and there is none here: https://go.dev/dl" >&2; exit 2; }
  echo "build.sh: building $program $version; the first time takes minutes" >&2
  (cd "$module" && CGO_ENABLED=0 nice go build -trimpath -ldflags "-s -w $(identity)" -o "$cache/$program.part" "$package")
  mv "$cache/$program.part" "$cache/$program"
  echo "build.sh: $program took $((SECONDS - start)) s" >&2
}

# Two clones that build at once would do the work twice.
exec 9>"$cache/.lock"
flock 9
for program in ${*:-$control_plane}; do build "$program"; done
