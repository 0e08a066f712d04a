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
timeout 10 pasta -q -4 --runas 0:0 --config-net --netns-only -t none -T "$model" -u none -U none \
  --no-map-gw -l pasta.log -P pasta.pid --netns "$dir/netns" >>machine.log 2>&1 || fail "no network: see pasta.log"
# What comes in goes by a socket in this folder: pasta's own way for it (as of 2023-03) loses a wake-up when a reader is slower than a
# writer, and the transfer then stops for ever. The log's name says in the process list whose they are.
rm -f in.sock
nsenter --net=netns socat -b131072 -t30 -lf "$dir/socat.log" UNIX-LISTEN:in.sock,fork,mode=600 \
  "TCP:127.0.0.1:$port,nodelay" </dev/null >/dev/null 2>&1 &
echo $! >inside.pid
socat -b131072 -t30 -lf "$dir/socat.log" "TCP-LISTEN:3000,bind=$address,fork,reuseaddr,nodelay,backlog=128" \
  UNIX-CONNECT:in.sock </dev/null >/dev/null 2>&1 &
echo $! >outside.pid
tries=0
until [ -S in.sock ]; do
  tries=$((tries + 1))
  [ $tries -lt 200 ] || fail "nothing can come in: see socat.log"
  sleep 0.01
done
kill -0 "$(cat outside.pid)" 2>/dev/null || fail "nothing can come in: see socat.log"
runc "$@" --root "$state" run --preserve-fds 1 --pid-file init.pid -b "$dir/bundle" "$id" >>machine.log 2>&1 3>oom
code=$?
kill "$(cat pasta.pid)" "$(cat inside.pid)" "$(cat outside.pid)" 2>/dev/null
rm -rf root
end "$code"
