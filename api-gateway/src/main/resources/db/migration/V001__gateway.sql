-- The view: the latest state of everything, as the events told it.
create table resource (
    id          text primary key,
    kind        text        not null,
    tenant      text        not null,
    instance_id text        not null,
    name        text        not null,
    status      text        not null,
    -- 0: accepted by the gateway, not yet decided by the owner.
    revision    bigint      not null,
    -- Rises with every event and reply about it: what waiting requests watch.
    version     bigint      not null default 1,
    -- As the event had it, field order too.
    body        json        not null,
    created_at  timestamptz not null
);
create index resource_list on resource (tenant, kind, id desc);
create index resource_of_instance on resource (instance_id, kind, id desc);
create index resource_name on resource (tenant, kind, name, id desc);

-- Every command on its way, until its owner answered: produced again under the same id until then.
create table request (
    command_id  text primary key,
    subject     text        not null,
    tenant      text        not null,
    topic       text        not null,
    partition   int         not null,
    headers     text        not null,
    data        bytea       not null,
    created_at  timestamptz not null default now(),
    sent_at     timestamptz not null default now(),
    answered_at timestamptz,
    -- Of the event that answered, or null where nothing changed.
    revision    bigint,
    -- Where it was refused.
    problem     jsonb
);
create index request_unanswered on request (sent_at) where answered_at is null;

create table api_key (
    id         text primary key,
    sha256     bytea       not null unique,
    name       text        not null,
    tenant     text        not null,
    scopes     text[]      not null,
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
