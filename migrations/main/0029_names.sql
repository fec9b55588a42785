-- What the field calls it: checkpoints of a projection, and impressions. Row-level security follows the table.

ALTER TABLE noted_logs RENAME TO log_checkpoints;
ALTER TABLE watched RENAME COLUMN noted TO checkpoints;
ALTER TABLE encounters RENAME COLUMN showings TO impressions;
ALTER TABLE encounters RENAME COLUMN last_showing_at TO last_impression_at;
