-- Destroyed instances are kept for a while, and then forgotten.
alter table instance add column destroyed_at timestamptz;
update instance set destroyed_at = (state::jsonb -> 'data' ->> 'updatedAt')::timestamptz where status = 'destroyed';
create index instance_destroyed on instance (destroyed_at) where destroyed_at is not null;
