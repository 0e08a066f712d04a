-- What is done from time to time, by whichever replica takes the row first.
create table job (
    name   text primary key,
    ran_at timestamptz not null
);

-- Rows come in the order of their time: a few pages of summary find the old ones.
create index event_at on event using brin (at);
create index answer_at on answer using brin (at);
