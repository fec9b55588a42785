-- What came back: one row for each time that somebody answers a survey, and one for each person and piece of content
-- that met.

CREATE TABLE answers (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    id                  BYTEA NOT NULL,      -- made by the browser; sending it again replaces
    content_id          BYTEA NOT NULL REFERENCES contents (id),
    version             BIGINT NOT NULL,     -- the one that was shown
    person_number       BIGINT NOT NULL,
    answers             TEXT NOT NULL,       -- JSON: question -> score, choice or choices; no free text
    texts               TEXT NOT NULL,       -- JSON: question -> free text, sealed to the person, as base 64
    complete            BIGINT NOT NULL,     -- 1: the closing was reached
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, id)
);
CREATE INDEX answers_of ON answers (content_id, updated_at);
CREATE INDEX answers_by ON answers (environment_id, person_number);

CREATE TABLE encounters (
    content_id          BYTEA NOT NULL REFERENCES contents (id),
    person_number       BIGINT NOT NULL,
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    shown_at            BIGINT NOT NULL,     -- the first time
    completed_at        BIGINT,              -- the last time
    dismissed_at        BIGINT,              -- the last time
    PRIMARY KEY (content_id, person_number)
);
CREATE INDEX encounters_by ON encounters (environment_id, person_number);

CREATE TABLE encounter_steps (
    content_id          BYTEA NOT NULL REFERENCES contents (id),
    person_number       BIGINT NOT NULL,
    step                TEXT NOT NULL,       -- a step's id, of whatever version
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    PRIMARY KEY (content_id, person_number, step)
);
CREATE INDEX encounter_steps_by ON encounter_steps (environment_id, person_number);

-- What live rules ask for beyond a person's plain attributes, and since when it is kept as events arrive.
CREATE TABLE watched (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    kind                TEXT NOT NULL,       -- counter (of events), predicate (over a personal attribute)
    hash                BYTEA NOT NULL,      -- targeting::CounterHash, targeting::PredicateHash
    since               BIGINT NOT NULL,     -- events received from then on are counted as they come
    ready_at            BIGINT,              -- null: what was before that has not been counted yet
    PRIMARY KEY (environment_id, kind, hash)
);
