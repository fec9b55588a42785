-- Keyring: who is who. It alone connects an outside id with a person or company. Types as in the main store.

CREATE TABLE store_identity (
    id                  BIGINT PRIMARY KEY CHECK (id = 1),
    identity            BYTEA NOT NULL       -- the main store's
);

CREATE TABLE numbers (
    environment_id      BYTEA NOT NULL,
    kind                TEXT NOT NULL,       -- person, company
    next                BIGINT NOT NULL,     -- given out in blocks: gaps are allowed, no number is used twice
    PRIMARY KEY (environment_id, kind)
);

CREATE TABLE subjects (
    environment_id      BYTEA NOT NULL,
    kind                TEXT NOT NULL,       -- person, company
    number              BIGINT NOT NULL,
    id                  BYTEA NOT NULL UNIQUE, -- random
    state               TEXT NOT NULL,       -- active, merged, erased
    identified          BIGINT NOT NULL,     -- 1: known by the customer's own id, not only by a browser's
    merged_into         BIGINT,              -- number of the person that this one joined
    key_version         BIGINT NOT NULL,
    public_key          BYTEA NOT NULL,
    sealed_private_key  BYTEA,               -- sealed to the erasable key of its bucket; null once erased
    fence_at            BIGINT,              -- events timed at or before it are acknowledged and dropped
    fence_fingerprint   BYTEA,               -- of the destroyed private half
    created_at          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, kind, number)
);
CREATE INDEX subjects_merged ON subjects (environment_id, kind, merged_into);

-- Outside ids and exact-match searches. The hash is keyed; the value is sealed to its subject, so that the hashes can
-- be made anew under another key, or after a restore.
CREATE TABLE blind_indexes (
    environment_id      BYTEA NOT NULL,
    namespace           TEXT NOT NULL,       -- keys::hash::namespace: external_id, anonymous_id, company_id, email, attribute:…
    hash                BYTEA NOT NULL,
    key_version         BIGINT NOT NULL,     -- of the environment's index key
    kind                TEXT NOT NULL,
    number              BIGINT NOT NULL,
    sealed_value        BYTEA NOT NULL,
    PRIMARY KEY (environment_id, namespace, hash, kind, number)
);
CREATE INDEX blind_indexes_of ON blind_indexes (environment_id, kind, number, namespace);
-- An outside id is one subject's; what can only be searched may be several subjects'.
CREATE UNIQUE INDEX blind_indexes_outside_ids ON blind_indexes (environment_id, namespace, hash)
    WHERE namespace IN ('external_id', 'anonymous_id', 'company_id');
