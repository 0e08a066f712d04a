-- What this service must know of instances, from their events.
create table instance_mirror (
    id         text primary key,
    partition  int         not null,
    tenant     text        not null,
    revision   bigint      not null,
    status     text        not null,
    generation int         not null,
    -- The last one that was told: a machine keeps it over its boots.
    agent_url  text
);

-- The integrations of an instance: names and states as the world sees them, values sealed.
create table integration (
    instance_id      text primary key,
    partition        int         not null,
    tenant           text        not null,
    revision         bigint      not null,
    -- Rises with every write.
    version          bigint      not null,
    state            text        not null,
    -- The values, encrypted by a key of this instance's own; that key, encrypted by the installation's.
    sealed           bytea,
    data_key         bytea,
    -- Rises with what the agent is to have; what it has been given, and at which boot.
    env_revision     bigint      not null,
    given_revision   bigint      not null,
    given_generation int         not null,
    -- Due for a delivery, for the partners to be asked.
    deliver          boolean     not null,
    verify           boolean     not null,
    changed_at       timestamptz not null
);
create index integration_deliver on integration (partition) where deliver;
create index integration_verify on integration (partition) where verify;
