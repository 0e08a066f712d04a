#!/bin/sh
# One machine, from its network to its exit code. Started detached in a mount namespace of its own (and, for an ordinary user, a
# user namespace), so that it outlives machines-local, and its mounts are gone with it. What the machine is given comes by
# standard input, "NAME MODE BASE64" a line, into a tmpfs that only this namespace sees.
#
#   shim.sh DIR ID ADDRESS PORT MODEL_PORT|none RUNC_STATE [RUNC_FLAG...]
set -u
dir=$1 id=$2 address=$3 port=$4 model=$5 state=$6
shift 6
cd "$dir" || exit 1
end() {
  echo "$1" >exit.new && mv exit.new exit
  exit 0
}
fail() {
  echo "machine can't start: $1" >>machine.log
  end 125
}
mkdir -p bundle
mount -t tmpfs -o mode=0700,size=16m tmpfs bundle || fail "no tmpfs for its bundle"
while read -r name mode content; do
  [ "$name" = end ] && break
  (umask 077 && printf %s "$content" | base64 -d >"bundle/$name") || fail "$name isn't readable"
  chmod "$mode" "bundle/$name"
done
: >netns
unshare --net=netns true || fail "no network namespace"
nsenter --net=netns nft -f bundle/egress.nft >>machine.log 2>&1 || fail "no egress rules"
# pasta as uid 0 gives its capabilities up by itself; as nobody it couldn't open the namespace.
timeout 10 pasta -q -4 --runas 0:0 --config-net --netns-only -t "$address/3000:$port" -T "$model" -u none -U none \
  --no-map-gw -l pasta.log -P pasta.pid --netns "$dir/netns" >>machine.log 2>&1 || fail "no network: see pasta.log"
runc "$@" --root "$state" run --preserve-fds 1 --pid-file init.pid -b "$dir/bundle" "$id" >>machine.log 2>&1 3>oom
code=$?
kill "$(cat pasta.pid)" 2>/dev/null
rm -rf root
end "$code"
