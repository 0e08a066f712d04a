#!/bin/sh
# Records which classes a service loads: starts it, asks it something when it listens, ends it.
set -eu
java -XX:TieredStopAtLevel=1 --sun-misc-unsafe-memory-access=allow -cp '/setup/*' ai.in10nt.stack.Containers keys /train
echo '{}' >/train/keys/providers.json
java -XX:AOTCacheOutput=/app/app.aot -Dsmallrye.config.locations=/train/train.properties @/app/java.args @/app/flags.args @/app/service.args >/train/log 2>&1 &
service=$!
tries=0
listens() {
  case $(wget -qO- http://127.0.0.1:8080/q/metrics 2>&1) in *HTTP/1* | "#"*) ;; *) false ;; esac
}
until listens; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] && kill -0 $service || { cat /train/log; exit 1; }
  sleep 0.2
done
for path in health/ready q/health/ready q/metrics openapi; do
  wget -qO- "http://127.0.0.1:8080/$path" >/dev/null 2>&1 || true
done
kill $service
wait $service || true
[ -s /app/app.aot ] || { cat /train/log; exit 1; }
