-- What tasks have used, from their newest event: so it is the same whenever the view is made anew.
alter table resource
    add column tokens bigint generated always as (case when kind = 'task' then (body ->> 'tokensUsed')::bigint end) stored,
    -- US dollars.
    add column cost numeric generated always as (case when kind = 'task' then (body -> 'usage' ->> 'cost')::numeric end) stored,
    -- ISO-8601 in UTC: its first seven characters are the month.
    add column completed_at text generated always as (case when kind = 'task' then body ->> 'completedAt' end) stored;
create index resource_usage on resource (tenant, completed_at) include (tokens, cost) where tokens > 0;
