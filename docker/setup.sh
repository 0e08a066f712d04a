#!/bin/sh
# setup.sh WORD...: one of the stack's chores (Containers.java); setup.sh keep-keys: rotates keys when they are due, for as long as it runs.
chore="java @/app/java.args @/app/program.args -Xmx96m -Dorg.slf4j.simpleLogger.defaultLogLevel=off ai.in10nt.stack.Containers"
# shellcheck disable=SC2086
[ "$1" = keep-keys ] || exec $chore "$@"
trap 'kill "$job"; wait; exit 0' TERM INT
while :; do
  # What went wrong is said in the log, and tried again. No JVM waits in between.
  for step in "$chore rotate-keys --due" "sleep 600"; do
    $step &
    job=$!
    wait "$job"
  done
done
