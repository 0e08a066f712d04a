-- A name that must be the only one is looked for; and an instance may have an end from its beginning.
alter table instance add column name text not null default '', add column expires_at timestamptz;
update instance set name = state::jsonb -> 'data' ->> 'name';
create index instance_name on instance (tenant, name) where status <> 'destroyed';
create index instance_expires on instance (partition, expires_at)
    where expires_at is not null and status not in ('destroying', 'destroyed');
