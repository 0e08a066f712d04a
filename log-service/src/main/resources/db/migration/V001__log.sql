-- One row an instance: what its events say, and how far its log is stored.
create table log (
    instance_id text primary key,
    partition   int         not null,
    tenant      text        not null,
    -- Of the instance's newest event; 0 where lines came first.
    revision    bigint      not null,
    status      text        not null,
    generation  int         not null,
    agent_url   text,
    -- The id of the last line that is stored; lines up to it that come again are dropped.
    last_id     bigint      not null default 0,
    -- No line follows.
    ended_at    timestamptz
);
create index log_open on log (partition) where ended_at is null;
create index log_ended on log (ended_at) where ended_at is not null;

-- Lines as they were fetched together, JSON each, without gaps or overlaps but those of the machine's own ring. A table for each day,
-- made ahead and dropped whole.
create table chunk (
    instance_id text        not null,
    first_id    bigint      not null,
    last_id     bigint      not null,
    stored_at   timestamptz not null default now(),
    -- The newest time that a line of it has.
    until       timestamptz not null,
    size        int         not null,
    lines       text        not null
) partition by range (stored_at);
create index chunk_position on chunk (instance_id, last_id);
