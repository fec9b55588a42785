-- Devices from which a member has signed in: whoever guesses elsewhere does not keep them out.
CREATE TABLE devices (
    id                  BYTEA PRIMARY KEY,
    member_id           BYTEA NOT NULL REFERENCES members (id),
    hash                BYTEA NOT NULL UNIQUE, -- keyed hash of the cookie
    key_version         BIGINT NOT NULL,     -- of the session key, by which the cookie is hashed
    device              TEXT NOT NULL,       -- browser and system
    created_at          BIGINT NOT NULL,
    last_used_at        BIGINT NOT NULL
);
CREATE INDEX devices_of ON devices (member_id);

-- Attempts to sign in that were looked at, for 30 days.
CREATE TABLE sign_ins (
    id                  BYTEA PRIMARY KEY,
    member_id           BYTEA,               -- null: there is no such account
    at                  BIGINT NOT NULL,
    method              TEXT NOT NULL,       -- password, passkey, or the kind of a proof after it
    outcome             TEXT NOT NULL,       -- right, wrong
    device              TEXT NOT NULL,       -- browser and system
    known_device        BIGINT NOT NULL,
    network             BYTEA NOT NULL       -- keyed hash of the address's prefix
);
CREATE INDEX sign_ins_of ON sign_ins (member_id, at);
CREATE INDEX sign_ins_at ON sign_ins (at);
