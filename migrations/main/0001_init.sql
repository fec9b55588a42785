-- Main store. Types: BIGINT (numbers, booleans as 0/1, times as microseconds since 1970 UTC), TEXT, BYTEA (ids as 16
-- bytes, hashes, sealed values), JSON as TEXT. No unsealed personal value and no outside id of a person: see keyring.

CREATE TABLE installation (
    id                  BIGINT PRIMARY KEY CHECK (id = 1),
    created_at          BIGINT NOT NULL,
    setup_token_hash    BYTEA,               -- keyed hash of the one-time set-up link's token, until an owner exists
    setup_expires_at    BIGINT
);

CREATE TABLE store_identity (
    id                  BIGINT PRIMARY KEY CHECK (id = 1),
    identity            BYTEA NOT NULL       -- random; the keyring has the same, so that a lost or swapped one is noticed
);

CREATE TABLE keys (
    kind                TEXT NOT NULL,       -- keys::KeyKind
    owner               BYTEA NOT NULL,      -- organisation or environment id; 16 zero bytes for the installation
    version             BIGINT NOT NULL,
    state               TEXT NOT NULL,       -- primary, enabled, destroyed
    wrapped             BYTEA NOT NULL,      -- docs/formats/keys.md; empty once destroyed
    created_at          BIGINT NOT NULL,
    PRIMARY KEY (kind, owner, version)
);

CREATE TABLE organisations (
    id                  BYTEA PRIMARY KEY,
    name                TEXT NOT NULL,
    created_at          BIGINT NOT NULL
);

CREATE TABLE apps (
    id                  BYTEA PRIMARY KEY,
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    name                TEXT NOT NULL,
    created_at          BIGINT NOT NULL
);

CREATE TABLE environments (
    id                  BYTEA PRIMARY KEY,
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    app_id              BYTEA NOT NULL REFERENCES apps (id),
    name                TEXT NOT NULL,
    identity_required   BIGINT NOT NULL,     -- 1: a browser key may name a user only with a signed identity token
    identity_secret     BYTEA NOT NULL,      -- sealed under the environment's identity key
    created_at          BIGINT NOT NULL,
    UNIQUE (app_id, name)
);

CREATE TABLE environment_keys (
    hash                BYTEA PRIMARY KEY,   -- keyed hash of the whole key
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    kind                TEXT NOT NULL,       -- browser, server
    shown               TEXT NOT NULL,       -- a browser key whole, since it is public; of a server key its first characters
    created_at          BIGINT NOT NULL,
    revoked_at          BIGINT
);
CREATE INDEX environment_keys_of ON environment_keys (environment_id);

CREATE TABLE members (
    id                  BYTEA PRIMARY KEY,
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    email_index         BYTEA NOT NULL UNIQUE, -- keyed hash of the normalised address
    email               BYTEA NOT NULL,      -- sealed under the organisation's key
    name                BYTEA NOT NULL,      -- sealed under the organisation's key
    role                TEXT NOT NULL,
    password            TEXT NOT NULL,       -- Argon2id, peppered, as a PHC string
    pepper_version      BIGINT NOT NULL,
    created_at          BIGINT NOT NULL
);
CREATE INDEX members_of ON members (organisation_id);

CREATE TABLE sessions (
    hash                BYTEA PRIMARY KEY,   -- keyed hash of the cookie
    id                  BYTEA NOT NULL UNIQUE,
    member_id           BYTEA NOT NULL REFERENCES members (id),
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    created_at          BIGINT NOT NULL,
    last_used_at        BIGINT NOT NULL,
    ended_at            BIGINT
);
CREATE INDEX sessions_of ON sessions (member_id);

CREATE TABLE sign_in_attempts (
    subject             BYTEA NOT NULL,      -- keyed hash of the account or of the address's prefix
    at                  BIGINT NOT NULL,
    number              BIGINT NOT NULL,     -- tells apart attempts of the same microsecond
    PRIMARY KEY (subject, at, number)
);

CREATE TABLE api_keys (
    hash                BYTEA PRIMARY KEY,   -- keyed hash of the whole key
    id                  BYTEA NOT NULL UNIQUE,
    organisation_id     BYTEA NOT NULL REFERENCES organisations (id),
    environment_id      BYTEA REFERENCES environments (id), -- null: every environment, named by a header
    shown               TEXT NOT NULL,       -- its first characters
    role                TEXT NOT NULL,
    created_at          BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,
    revoked_at          BIGINT
);
CREATE INDEX api_keys_of ON api_keys (organisation_id);

CREATE TABLE audit_records (
    id                  BYTEA PRIMARY KEY,
    organisation_id     BYTEA NOT NULL,
    environment_id      BYTEA,
    actor_kind          TEXT NOT NULL,       -- member, api_key, system
    actor_id            BYTEA,
    action              TEXT NOT NULL,
    object              TEXT NOT NULL,       -- kind and id of ours, never an outside id
    request_id          BYTEA,
    detail              TEXT NOT NULL,       -- JSON without personal values
    created_at          BIGINT NOT NULL
);
CREATE INDEX audit_records_of ON audit_records (organisation_id, created_at);

CREATE TABLE findings (
    id                  BYTEA PRIMARY KEY,
    organisation_id     BYTEA,
    kind                TEXT NOT NULL,
    detail              TEXT NOT NULL,       -- JSON without personal values
    created_at          BIGINT NOT NULL
);
