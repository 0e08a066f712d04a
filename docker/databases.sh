#!/bin/bash
# One database and one user for each service; the passwords are files of this container alone.
set -euo pipefail
for name in gateway provisioner task log integration; do
  psql -q -v ON_ERROR_STOP=1 -U postgres -d postgres -v name="$name" -v password="$(cat "/run/in10nt/$name")" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect on database :"name" from public;
SQL
done
psql -q -v ON_ERROR_STOP=1 -U postgres -d postgres -c 'alter role postgres password null'
