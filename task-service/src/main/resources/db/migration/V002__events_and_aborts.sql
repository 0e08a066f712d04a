-- What the agent told while it worked on a task, in its own numbering from 1.
create table task_event (
    task_id text        not null,
    number  bigint      not null,
    at      timestamptz not null default clock_timestamp(),
    data    text        not null,
    primary key (task_id, number)
);
create index task_event_age on task_event (at);

-- Tasks that were cancelled while they ran: their agents are still to be told.
create table abort (
    task_id     text primary key,
    instance_id text not null,
    partition   int  not null,
    generation  int  not null,
    at          timestamptz not null default clock_timestamp()
);
create index abort_partition on abort (partition);
