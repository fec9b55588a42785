-- Which version of its hashing key a keyed hash was made with, so that the old version can end when no row needs it. What
-- is there was hashed with the first.
ALTER TABLE sessions ADD COLUMN key_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE api_keys ADD COLUMN key_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE environment_keys ADD COLUMN key_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE installation ADD COLUMN setup_key_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN index_version BIGINT NOT NULL DEFAULT 1;
