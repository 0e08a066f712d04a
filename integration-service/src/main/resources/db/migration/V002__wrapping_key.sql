-- Which of the installation's keys wraps data_key: null where there is none, or where the row is from before this column.
alter table integration add column wrapping_key bigint;
