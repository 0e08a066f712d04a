-- A list has tenant and kind alone: a planner that believed there are few rows took the index by name for it, and sorted them all.
drop index resource_name;
create index resource_name on resource (name, tenant, kind, id desc);
