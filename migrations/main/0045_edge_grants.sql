-- What edges that have no root key may hold, sealed for each of them by whoever has it. A grant's own key is a version of the
-- kind edge_grant in the table keys; an edge has it in its bundle.
CREATE TABLE edge_grants (
    id                  BYTEA PRIMARY KEY,
    key_version         BIGINT NOT NULL UNIQUE,
    hosts               TEXT NOT NULL,       -- JSON: the names that its certificate is for
    created_at          BIGINT NOT NULL,
    revoked_at          BIGINT               -- null while it may be used
);

-- One version of one key, sealed for one grant; gone with either.
CREATE TABLE granted_keys (
    grant_id            BYTEA NOT NULL,
    kind                TEXT NOT NULL,
    owner               BYTEA NOT NULL,
    version             BIGINT NOT NULL,
    sealed              BYTEA NOT NULL,
    PRIMARY KEY (grant_id, kind, owner, version)
);

-- The newest public halves of an environment's erasable keys, sealed for one grant.
CREATE TABLE granted_public_keys (
    grant_id            BYTEA NOT NULL,
    owner               BYTEA NOT NULL,      -- the environment
    sealed              BYTEA NOT NULL,
    PRIMARY KEY (grant_id, owner)
);

-- A certificate of the local authority with its private key, sealed for one grant.
CREATE TABLE granted_certificates (
    grant_id            BYTEA PRIMARY KEY,
    authority           BYTEA NOT NULL,      -- SHA-256 of the authority's certificate
    sealed              BYTEA NOT NULL,
    issued_at           BIGINT NOT NULL
);
