-- What each tenant's readers of /events are given. Numbers are given before commits come, so a later one may be seen first: readers go by
-- the transaction, and only as far as none is under way.
create table event (
    xid      xid8        not null default pg_current_xact_id(),
    number   bigint generated always as identity,
    tenant   text        not null,
    subject  text        not null,
    revision bigint      not null,
    at       timestamptz not null default now(),
    body     text        not null,
    primary key (subject, revision)
);
create index event_position on event (tenant, xid, number);
create index event_age on event (at);
