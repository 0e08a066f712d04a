-- When an instance was last used past Kafka; its runs are in the view.
create table activity (
    instance_id text primary key,
    at          timestamptz not null
);
create index activity_age on activity (at);
-- Those that are stopped when nobody uses them.
create index resource_auto_stop on resource (id)
    where kind = 'instance' and status = 'healthy' and (body ->> 'autoStopMinutes') is not null;
