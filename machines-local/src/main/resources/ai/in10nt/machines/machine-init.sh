#!/bin/sh
# PID 1 of a machine: starts the main program, passes the stop signal on, reaps what is orphaned, ends with the program's code.
"$@" &
main=$!
trap 'kill -TERM "$main" 2>/dev/null' TERM INT
while :; do
  wait "$main"
  code=$?
  kill -0 "$main" 2>/dev/null || exit "$code"
done
