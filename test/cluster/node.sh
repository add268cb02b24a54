#!/bin/sh
# node.sh DIRECTORY PAUSE: the first process of a node, in mounts and process numbers of its own. It gives the node what is to be its own
# and becomes PAUSE, which reaps orphans until it is told to end.
set -e
mount --bind "$1/var" /var
mount -t tmpfs node /run
mkdir /run/lock /run/kernel
# kubelet sets these, which are the whole machine's, unless they are so already. Here they look as if they were.
while read -r setting value; do
  echo "$value" >"/run/kernel/$setting"
  mount --bind "/run/kernel/$setting" "/proc/sys/$(echo "$setting" | tr . /)"
done <<'SETTINGS'
vm.overcommit_memory 1
vm.panic_on_oom 0
kernel.panic 10
kernel.panic_on_oops 1
kernel.keys.root_maxkeys 1000000
kernel.keys.root_maxbytes 25000000
SETTINGS
exec "$2"
