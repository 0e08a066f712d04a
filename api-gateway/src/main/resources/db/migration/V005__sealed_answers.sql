-- An answer that may hold a secret is kept encrypted; and a request whose effect is on its way without a command's row says so.
alter table idempotency
    add column sealed boolean not null default false,
    add column under_way boolean not null default false;
