-- Requests with an Idempotency-Key: ids are derived from the row, so whoever repeats the request makes the same command.
create table idempotency (
    tenant      text        not null,
    method      text        not null,
    path        text        not null,
    key         text        not null,
    body_sha256 bytea       not null,
    created_at  timestamptz not null default clock_timestamp(),
    -- The answer, once there is one.
    status      int,
    location    text,
    media_type  text,
    body        text,
    primary key (tenant, method, path, key)
);
create index idempotency_age on idempotency (created_at);
