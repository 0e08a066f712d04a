#!/bin/sh
# The first program of a machine that is a container. What it is given comes by standard input, "MODE PATH BASE64" a line, onto a tmpfs;
# until the last line nothing of the user's runs, so that its walls are up before.
set -u
mkdir -p /run/in10nt.files
number=0
while read -r mode path content; do
  [ "$mode" = end ] && break
  number=$((number + 1))
  file=/run/in10nt.files/$number
  (umask 077 && printf %s "$content" | base64 -d >"$file") || exit 125
  mkdir -p "$(dirname "$path")" && chmod "$mode" "$file" || exit 125
  case $path in
    /run/*) mv "$file" "$path" ;;
    *) ln -sf "$file" "$path" ;;
  esac || exit 125
done
[ "${mode:-}" = end ] || exit 125
exec /opt/in10nt/init "$@" </dev/null 3>/dev/null
