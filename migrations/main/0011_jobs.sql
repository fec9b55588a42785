-- The queue of background jobs. A job is enqueued on the transaction of what it follows from, so both are there or not.

CREATE TABLE jobs (
    id                  BYTEA PRIMARY KEY,
    environment_id      BYTEA,               -- null: the installation's
    kind                TEXT NOT NULL,       -- noun.verb, a handler's name
    payload             TEXT NOT NULL,       -- JSON without personal values
    state               TEXT NOT NULL,       -- queued, running, verifying, completed, failed
    attempts            BIGINT NOT NULL,     -- how often it was taken
    due_at              BIGINT,              -- when it may be taken: of one that runs, when its lease ends; null at the end
    lease               BYTEA,               -- whose run counts; a worker that finds another one here stops
    done                BIGINT NOT NULL,
    total               BIGINT,
    checkpoint          TEXT,                -- JSON: where the next run goes on
    result              TEXT,                -- JSON
    error               TEXT,                -- a code
    created_at          BIGINT NOT NULL,
    finished_at         BIGINT
);
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
