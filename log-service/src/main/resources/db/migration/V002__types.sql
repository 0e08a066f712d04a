-- Which types of line a chunk has, so that a search for one needn't read the others; null where that isn't known.
alter table chunk add column types text[];
