create table task (
    id           text primary key,
    instance_id  text        not null,
    partition    int         not null,
    tenant       text        not null,
    -- The order of acceptance on its instance.
    queue_number bigint      not null,
    status       text        not null,
    revision     bigint      not null,
    -- Rises with every write: the fence of the runner's step.
    version      bigint      not null,
    created_at   timestamptz not null,
    timeout_ms   bigint      not null,
    state        text        not null
);
create index task_unfinished on task (partition, instance_id, queue_number) where status in ('queued', 'running');

-- What this service must know of instances, from their events.
create table instance_mirror (
    id                text primary key,
    partition         int         not null,
    tenant            text        not null,
    revision          bigint      not null,
    status            text        not null,
    generation        int         not null,
    agent_url         text,
    since             timestamptz not null,
    next_queue_number bigint      not null
);

-- Commands that saw a newer instance than this service has yet.
create table parked (
    command_id        text primary key,
    instance_id       text        not null,
    partition         int         not null,
    arrival           bigint generated always as identity,
    instance_revision bigint      not null,
    deadline          timestamptz not null,
    headers           text        not null,
    data              bytea       not null
);
create index parked_instance on parked (instance_id, arrival);
create index parked_deadline on parked (partition, deadline);
