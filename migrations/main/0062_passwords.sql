-- Links with which a forgotten password is replaced: one of a member, the newest.
CREATE TABLE password_resets (
    member_id           BYTEA PRIMARY KEY REFERENCES members (id),
    hash                BYTEA NOT NULL,      -- keyed hash of the link's token
    key_version         BIGINT NOT NULL,     -- of the session key, by which the token is hashed
    expires_at          BIGINT NOT NULL,
    sent_at             BIGINT               -- when it was handed to the mail server; null as long as it was not
);
CREATE INDEX password_resets_by_hash ON password_resets (hash);

ALTER TABLE members ADD COLUMN password_changed_at BIGINT NOT NULL DEFAULT 0;
UPDATE members SET password_changed_at = created_at;
