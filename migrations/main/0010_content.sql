-- Content: surveys and flows, their published versions, and the number of each environment's ruleset.

CREATE TABLE contents (
    id                  BYTEA PRIMARY KEY,
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    kind                TEXT NOT NULL,       -- survey, flow
    name                TEXT NOT NULL,
    status              TEXT NOT NULL,       -- draft, live, paused
    draft               TEXT NOT NULL,       -- JSON: what the next publish publishes
    version             BIGINT,              -- the one published last; null before the first
    revision            BIGINT NOT NULL,     -- counts up with every change: what an editor read must be what it changes
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    deleted_at          BIGINT               -- gone from view; can be undone for 30 days
);
CREATE INDEX contents_of ON contents (environment_id, kind, id);
CREATE INDEX contents_live ON contents (environment_id) WHERE status = 'live' AND deleted_at IS NULL;

-- Immutable: what somebody was shown stays what it was.
CREATE TABLE content_versions (
    content_id          BYTEA NOT NULL REFERENCES contents (id),
    version             BIGINT NOT NULL,     -- 1 for the first
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    definition          TEXT NOT NULL,       -- JSON
    published_at        BIGINT NOT NULL,
    PRIMARY KEY (content_id, version)
);

CREATE TABLE rulesets (
    environment_id      BYTEA PRIMARY KEY REFERENCES environments (id),
    number              BIGINT NOT NULL      -- counts up whenever the live content changes
);
