-- Addresses that members want, until they are proven.
CREATE TABLE email_changes (
    member_id           BYTEA PRIMARY KEY REFERENCES members (id),
    organisation_id     BYTEA NOT NULL,      -- whose key seals the address
    email               BYTEA NOT NULL,      -- sealed
    hash                BYTEA,               -- keyed hash of the link's token; null until there is a link
    key_version         BIGINT,              -- of the session key, by which the token is hashed
    expires_at          BIGINT NOT NULL
);
CREATE INDEX email_changes_by_hash ON email_changes (hash);

-- How many letters were caused on a day: by one member, to one address.
CREATE TABLE letter_counts (
    subject             BYTEA NOT NULL,      -- keyed hash
    day                 BIGINT NOT NULL,     -- UTC, counted from 1970
    letters             BIGINT NOT NULL,
    PRIMARY KEY (subject, day)
);
