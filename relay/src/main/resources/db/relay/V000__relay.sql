-- What was decided and must reach Kafka: read in order of seq, one owner per partition, deleted once published.
create table outbox (
    seq       bigint generated always as identity primary key,
    partition int   not null,
    topic     text  not null,
    key       text  not null,
    headers   text  not null,
    data      bytea not null
);
create index outbox_partition on outbox (partition, seq);

-- Every event ever, insert-only: audit trail and replay source.
create table event (
    id       text primary key,
    subject  text        not null,
    revision bigint      not null,
    type     text        not null,
    at       timestamptz not null,
    headers  text        not null,
    data     bytea       not null,
    unique (subject, revision)
);

-- One row for every command that was decided, whatever came of it: a redelivery looks here.
create table answer (
    command_id text primary key,
    subject    text        not null,
    outcome    text        not null,
    at         timestamptz not null
);
