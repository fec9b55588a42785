-- The demo's one row: that these data are the demo's, and how far its seeding is. Without a row there is no demo here.

CREATE TABLE demo (
    id                  BIGINT PRIMARY KEY CHECK (id = 1),
    people              BIGINT,              -- how many are to be made; none until the seeding has begun
    begun_at            BIGINT NOT NULL,     -- the present of the seeded history
    next_batch          BIGINT NOT NULL,     -- batches before this one are in
    finished_at         BIGINT,
    api_key_hash        BYTEA,               -- of the keys that the seeding works with, until it ends
    server_key_hash     BYTEA
);
