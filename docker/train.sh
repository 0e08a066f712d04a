#!/bin/sh
# train.sh SERVICE...: collects the libraries of all that is in /train/apps, starts these to see what they load, archives that, and writes
# the rest of every service's command line: shared.args (with -Xms: an archive's objects are read before a heap can grow), class path,
# main class. It is what Programs.java does for the stack of one machine.
set -eu
setup() { java -XX:TieredStopAtLevel=1 --sun-misc-unsafe-memory-access=allow -cp '/setup/*' ai.in10nt.stack.Containers "$@"; }
lists=
for service; do
  lists="$lists /train/$service.classes"
done

setup keys /train &
keys=$!
shared=$(setup collect /app/shared /train/apps/*)
wait $keys
echo '{}' >/train/keys/providers.json
{
  cat /app/shared.args
  printf -- '-cp\n"%s"\n' "$shared:/app/quarkus/transformed-bytecode.jar:/app/quarkus/generated-bytecode.jar:/app/app/*:/app/lib/main/*:/app/lib/boot/*"
  echo io.quarkus.bootstrap.runner.AotQuarkusEntryPoint
} >/app/service.args

listens() {
  case $(wget -qO- "http://127.0.0.1:$1/q/metrics" 2>&1) in *HTTP/1* | "#"*) ;; *) false ;; esac
}
train() { # train SERVICE PORT
  java "-XX:DumpLoadedClassList=/train/$1.classes" -Dsmallrye.config.locations=/train/train.properties "-Dquarkus.http.port=$2" \
    @/app/java.args "@/app/$1.args" -Djava.util.logging.manager=org.jboss.logmanager.LogManager -jar "/train/apps/$1/quarkus-run.jar" >"/train/$1.log" 2>&1 &
  service=$!
  tries=0
  until listens "$2"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] && kill -0 $service || return 1
    sleep 0.2
  done
  for path in health/ready q/health/ready q/metrics openapi; do
    wget -qO- "http://127.0.0.1:$2/$path" >/dev/null 2>&1 || true
  done
  kill $service
  wait $service || true
  [ -s "/train/$1.classes" ]
}

port=8080
trainings=
for service; do
  train "$service" $port &
  trainings="$trainings $!"
  port=$((port + 1))
done
for training in $trainings; do
  wait "$training" || { cat /train/*.log; exit 1; }
done
setup archive /app/shared $lists
