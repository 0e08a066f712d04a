#!/bin/sh
# PID 1 of a machine: starts the main program, passes signals on, reaps what is orphaned, ends with the program's code.
# Says on descriptor 3 how often this machine's memory ran out, where cgroups count that.
# A shell starts what is in the background deaf to INT and QUIT.
hearing="env --default-signal=INT,QUIT"
$hearing true 2>/dev/null || hearing=
$hearing "$@" 3>&- &
main=$!
for signal in HUP INT QUIT ILL TRAP ABRT FPE USR1 SEGV USR2 PIPE ALRM TERM; do
  trap "kill -$signal $main 2>/dev/null" "$signal"
done
while :; do
  wait "$main"
  code=$?
  kill -0 "$main" 2>/dev/null && continue
  if [ "$code" = 137 ]; then
    sed -n 's/^oom_kill //p' /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events 2>/dev/null >&3
  fi
  exit "$code"
done
