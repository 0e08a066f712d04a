#!/bin/sh
# archive.sh 'SECONDS CLASS WORD...'...: archives the classes that these programs of /app/lib load in so many seconds, each started once
# and thrown away, and writes to /app/program.args how to start with that. See docs/decisions/018.
set -eu
path=$(printf ':%s' /app/lib/*.jar)
path=${path#:}
work=$(busybox mktemp -d)
number=0
for program; do
  # shellcheck disable=SC2086
  set -- $program
  seconds=$1
  shift
  number=$((number + 1))
  busybox timeout "$seconds" java "-XX:DumpLoadedClassList=$work/$number.loaded" @/app/java.args -XX:TieredStopAtLevel=1 -cp "$path" "$@" >"$work/$number.log" 2>&1 &
done
wait
for log in "$work"/*.log; do
  [ -s "${log%.log}.loaded" ] || { cat "$log"; exit 1; }
done
# Numbers tell apart the loaders of one program; classes of loaders of its own aren't archived.
cat "$work"/*.loaded | busybox sed '/^#/d; / source:/d; s/ id:.*//' | busybox sort -u >"$work/classes"
java -Xshare:dump -XX:+AOTClassLinking @/app/java.args "-XX:SharedClassListFile=$work/classes" -XX:SharedArchiveFile=/app/program.jsa -cp "$path" \
  >"$work/dump" 2>&1 || { cat "$work/dump"; exit 1; }
busybox rm -rf "$work"
# -Xms: an archive's objects are read before a heap can grow.
cat >/app/program.args <<ARGS
-XX:SharedArchiveFile=/app/program.jsa
-XX:+UnlockDiagnosticVMOptions
-XX:ArchiveRelocationMode=0
-Xlog:cds=off
-Xlog:aot=off
-XX:TieredStopAtLevel=1
-Xms24m
-cp
"$path"
ARGS
