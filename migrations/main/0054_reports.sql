-- Saved questions, and the zone in which an environment's days begin.

CREATE TABLE reports (
    id                  BYTEA PRIMARY KEY,
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    name                TEXT NOT NULL,
    question            TEXT NOT NULL,       -- JSON, as POST /query takes it
    chart               TEXT NOT NULL,       -- how it is shown first: chart, table
    revision            BIGINT NOT NULL,     -- counts up with every change: what somebody read must be what they change
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    deleted_at          BIGINT               -- gone from view; can be undone for 30 days
);
CREATE INDEX reports_of ON reports (environment_id, id);

-- IANA name; questions about days, weeks and months are answered in it.
ALTER TABLE environments ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
