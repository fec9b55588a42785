-- What each trust check saw last. The newest run of a check is its one row; that a state began or ended stands in findings.

CREATE TABLE trust_results (
    check_id            TEXT PRIMARY KEY,
    verdict             TEXT NOT NULL,       -- kept, weak, broken
    reason              TEXT NOT NULL,       -- in plain words, fit for strangers; empty where it is kept
    evidence            TEXT NOT NULL,       -- JSON: a list of sentences, fit for strangers
    since               BIGINT NOT NULL,     -- when the first run was that came to this verdict
    checked_at          BIGINT NOT NULL,
    due_at              BIGINT NOT NULL      -- when the next run is to be made; a while later the result is stale
);

-- A value that is as personal as any, sealed as an end user's is, to a key pair of its own. Nobody's.
CREATE TABLE trust_canaries (
    environment_id      BYTEA PRIMARY KEY REFERENCES environments (id),
    person              BYTEA NOT NULL,      -- the random id that it is sealed to; in no keyring
    sealed              BYTEA NOT NULL,
    sealed_private      BYTEA NOT NULL,
    planted_at          BIGINT NOT NULL
);
