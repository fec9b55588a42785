-- Passkeys and security keys: what is public of them.
CREATE TABLE passkeys (
    id                  BYTEA PRIMARY KEY,
    member_id           BYTEA NOT NULL REFERENCES members (id),
    credential          BYTEA NOT NULL UNIQUE, -- the key's own id
    public_key          BYTEA NOT NULL,      -- SubjectPublicKeyInfo
    algorithm           BIGINT NOT NULL,     -- COSE's number
    counter             BIGINT NOT NULL,     -- how often it signed, as it says; 0 if it does not count
    kind                TEXT NOT NULL,       -- passkey, security_key
    device              TEXT NOT NULL,       -- browser and system with which it was made
    created_at          BIGINT NOT NULL,
    last_used_at        BIGINT
);
CREATE INDEX passkeys_of ON passkeys (member_id);

-- Challenges that were answered, until nobody could answer them any more: each is good once.
CREATE TABLE answered_challenges (
    challenge           BYTEA PRIMARY KEY,
    expires_at          BIGINT NOT NULL
);
