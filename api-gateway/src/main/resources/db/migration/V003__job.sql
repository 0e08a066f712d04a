-- What is done from time to time, by whichever replica takes the row first.
create table job (
    name   text primary key,
    ran_at timestamptz not null
);
create index request_answered on request (answered_at) where answered_at is not null;
