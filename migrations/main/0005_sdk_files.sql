-- Every SDK file that this installation ever served under a versioned path: customers' tags name them with their hash,
-- and an upgrade must not break one.
CREATE TABLE sdk_files (
    path                TEXT PRIMARY KEY,    -- /sdk/<version>/<file>
    integrity           TEXT NOT NULL,       -- sha384-…
    body                BYTEA NOT NULL,
    first_served_at     BIGINT NOT NULL
);

-- Origins whose pages spoke to the edge with an environment's browser key: "we hear your page".
CREATE TABLE page_origins (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    origin              TEXT NOT NULL,       -- scheme, host and port; never a path
    first_heard_at      BIGINT NOT NULL,
    last_heard_at       BIGINT NOT NULL,
    PRIMARY KEY (environment_id, origin)
);
