#!/bin/sh
# train.sh SERVICE...: collects the libraries of these, starts each to see what it loads, and archives that.
set -eu
setup() { java -XX:TieredStopAtLevel=1 --sun-misc-unsafe-memory-access=allow -cp '/setup/*' ai.in10nt.stack.Containers "$@"; }
apps=
lists=
for service; do
  apps="$apps /train/$service"
  lists="$lists /train/$service.classes"
done

setup keys /train
echo '{}' >/train/keys/providers.json
shared=$(setup collect /app/shared $apps)
{
  cat /app/service-options.args
  printf -- '-cp\n"%s"\n' "$shared:/app/quarkus/transformed-bytecode.jar:/app/quarkus/generated-bytecode.jar:/app/app/*:/app/lib/main/*:/app/lib/boot/*"
  echo io.quarkus.bootstrap.runner.AotQuarkusEntryPoint
} >/app/service.args

listens() {
  case $(wget -qO- "http://127.0.0.1:$1/q/metrics" 2>&1) in *HTTP/1* | "#"*) ;; *) false ;; esac
}
train() { # train SERVICE PORT
  java "-XX:DumpLoadedClassList=/train/$1.classes" -Dsmallrye.config.locations=/train/train.properties "-Dquarkus.http.port=$2" \
    @/app/java.args "@/app/$1.args" -Djava.util.logging.manager=org.jboss.logmanager.LogManager -jar "/train/$1/quarkus-run.jar" >"/train/$1.log" 2>&1 &
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
