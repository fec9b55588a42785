-- How far each event log has been noted in people's rows: written on the transaction that writes the rows.

CREATE TABLE noted_logs (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    log                 BIGINT NOT NULL,     -- the log's id, as a signed number
    sequence            BIGINT NOT NULL,     -- every event up to this frame is in the rows
    PRIMARY KEY (environment_id, log)
);

-- Where the live count of a counter begins: JSON, log -> the frame up to which a job counts.
ALTER TABLE watched ADD COLUMN noted TEXT NOT NULL DEFAULT '{}';

-- When the event was that said for which company the person acts.
ALTER TABLE people ADD COLUMN company_at BIGINT;

-- What people's rows count was counted without marks: from 0 on every log is noted whole, and so counted anew.
UPDATE people SET counters = '{}';
