#!/bin/sh
# archive.sh 'CLASS WORD...'...: archives the classes that these programs of /app/lib load, each started once and thrown away as soon as it
# loads nothing more, and writes to /app/program.args how to start with that. See docs/decisions/018.
set -eu
path=$(printf ':%s' /app/lib/*.jar)
path=${path#:}
work=$(busybox mktemp -d)

train() { # train LIST CLASS WORD...
  list=$1
  shift
  java "-XX:DumpLoadedClassList=$list" @/app/java.args -XX:TieredStopAtLevel=1 -cp "$path" "$@" >"$list.log" 2>&1 &
  program=$!
  size=-1
  still=0
  # Eight seconds without a class: the machine may be busy with other images.
  for _ in $(busybox seq 60); do
    kill -0 $program 2>/dev/null || break
    before=$size
    size=$(busybox stat -c %s "$list" 2>/dev/null || echo 0)
    if [ "$size" = "$before" ] && [ "$size" != 0 ]; then still=$((still + 1)); else still=0; fi
    [ $still -lt 8 ] || break
    sleep 1
  done
  kill $program 2>/dev/null || true
  wait $program || true
}

number=0
for program; do
  number=$((number + 1))
  # shellcheck disable=SC2086
  train "$work/$number" $program &
done
wait
for log in "$work"/*.log; do
  [ -s "${log%.log}" ] || { cat "$log"; exit 1; }
done
# Numbers tell apart the loaders of one program; classes of loaders of its own aren't archived.
cat "$work"/[0-9] | busybox sed '/^#/d; / source:/d; s/ id:.*//' | busybox awk '!seen[$0]++' >"$work/classes"
java -Xshare:dump -XX:+AOTClassLinking @/app/java.args "-XX:SharedClassListFile=$work/classes" -XX:SharedArchiveFile=/app/program.jsa -cp "$path" \
  >"$work/dump" 2>&1 || { cat "$work/dump"; exit 1; }
busybox rm -rf "$work"
# -Xms: an archive's objects are read before a heap can grow.
cat >/app/program.args <<ARGS
-XX:SharedArchiveFile=/app/program.jsa
-Xlog:cds=off
-Xlog:aot=off
-XX:TieredStopAtLevel=1
-Xms24m
-cp
"$path"
ARGS
