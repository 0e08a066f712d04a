#!/bin/sh
# agent.sh run JAVA: the agent server; with the archive of its libraries' classes, where there is one, it starts in half the time.
# agent.sh archive JAVA: makes that, beside this file (classes.jsa, and in which order they are: classes.order), from a start of it that
# is thrown away. What is ours isn't in it, so it outlives our builds. See docs/decisions/018.
set -eu
lib=$(cd "$(dirname "$0")" && pwd)
mode=$1
java=$2
ours=$(cd "$lib" && echo agent-server-*.jar)
ours=${ours#agent-server}

agent() { # agent RUNNER OPTION...
  runner=$1
  shift
  $runner "$java" -XX:+UseSerialGC -XX:+UseCompactObjectHeaders --sun-misc-unsafe-memory-access=allow -XX:TieredStopAtLevel=1 \
    -Xmx192m -Xss512k -XX:ReservedCodeCacheSize=32m -XX:+ExitOnOutOfMemoryError "$@"
}

# Of the archive, in its order, where all is there; then what else there is.
path=
if [ "$mode" = run ] && [ -e "$lib/classes.jsa" ]; then
  while read -r jar; do
    [ -e "$lib/$jar" ] || { path=; break; }
    path=$path$lib/$jar:
  done <"$lib/classes.order"
fi
archived=$path
for jar in "$lib"/*.jar; do
  case :$path in *":$jar:"*) ;; *) path=$path$jar: ;; esac
done
path=${path%:}

case $mode in
  run)
    if [ -n "$archived" ]; then
      # An archive that doesn't fit isn't used, and isn't worth a word in the machine's log. -Xms: its objects are read before a heap can grow.
      # Mapped where it was made for, machines share its pages.
      agent exec "-XX:SharedArchiveFile=$lib/classes.jsa" -XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0 \
        -Xlog:cds=off -Xlog:aot=off -Xms16m -cp "$path" ai.in10nt.agent.AgentServer
    fi
    agent exec -cp "$path" ai.in10nt.agent.AgentServer
    ;;
  archive)
    work=$(mktemp -d)
    pid=
    trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
    mkdir -p "$work/data/workspace"
    printf '{"instanceId":"none","generation":1,"token":"none","providers":{}}' >"$work/agent.json"
    export IN10NT_AGENT_FILE="$work/agent.json" IN10NT_DATA="$work/data" IN10NT_WORKSPACE="$work/data/workspace" IN10NT_ONE_USER=yes \
      IN10NT_HOST=127.0.0.1 IN10NT_PORT=0 IN10NT_PROXY_PORT=0 IN10NT_OPENCODE=/bin/false
    rm -f "$lib/classes.jsa"
    agent exec "-XX:DumpLoadedClassList=$work/loaded" -cp "$path" ai.in10nt.agent.AgentServer >"$work/log" 2>&1 &
    pid=$!
    tries=0
    until grep -q ' is open on port ' "$work/log"; do
      tries=$((tries + 1))
      { [ $tries -lt 600 ] && kill -0 "$pid" 2>/dev/null; } || { cat "$work/log" >&2; exit 1; }
      sleep 0.1
    done
    kill "$pid"
    wait "$pid" || true
    pid=
    # Numbers tell apart the loaders of one program; classes of loaders of its own aren't archived.
    sed '/^#/d; / source:/d; s/ id:.*//; /^ai\/in10nt\//d' "$work/loaded" >"$work/classes"
    path=
    : >"$work/order"
    for jar in "$lib"/*.jar; do
      case $jar in *"$ours") ;; *) path=$path$jar: && echo "${jar##*/}" >>"$work/order" ;; esac
    done
    agent "" -Xshare:dump -XX:+AOTClassLinking "-XX:SharedClassListFile=$work/classes" "-XX:SharedArchiveFile=$work/classes.jsa" \
      -cp "${path%:}" >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; exit 1; }
    mv "$work/order" "$lib/classes.order"
    mv "$work/classes.jsa" "$lib/classes.jsa"
    ;;
  *)
    echo "agent.sh: run JAVA | archive JAVA" >&2
    exit 2
    ;;
esac
