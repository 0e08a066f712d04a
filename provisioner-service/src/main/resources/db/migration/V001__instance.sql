create table instance (
    id         text primary key,
    partition  int    not null,
    tenant     text   not null,
    revision   bigint not null,
    -- Rises with every write, those that cause no event too: the fence of a reconciler's step.
    version    bigint not null,
    status     text   not null,
    machine_id text,
    state      text   not null,
    -- When the reconciler should look at it; null: when something happens.
    due_at     timestamptz
);
create index instance_due on instance (partition, due_at) where due_at is not null;
create index instance_healthy on instance (partition) where status = 'healthy';
