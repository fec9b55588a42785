-- When a version became the primary one. Nothing for the first, which is made so, and for what turned before this was noted.
ALTER TABLE keys ADD COLUMN promoted_at BIGINT;
