-- People and companies as the product knows them: numbers of ours, plain attributes, sealed personal values. Who they are
-- to the customer stands in the keyring only.

CREATE TABLE people (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    number              BIGINT NOT NULL,     -- the keyring's
    id                  BYTEA NOT NULL UNIQUE,
    identified          BIGINT NOT NULL,     -- 1: known by the customer's own id
    merged_into         BIGINT,              -- number of the person that this one joined; what it held is there too
    company_number      BIGINT,              -- the company that the person acts for
    attributes          TEXT NOT NULL,       -- JSON: name -> value; no personal one
    attribute_times     TEXT NOT NULL,       -- JSON: name -> µs of the event that wrote or removed it last, of every class
    outcomes            TEXT NOT NULL,       -- JSON: name of an attribute whose value is sealed -> {predicate hash: true|false}
    seen                TEXT NOT NULL,       -- JSON: content id -> {shown_at, step, completed_at, dismissed_at}
    counters            TEXT NOT NULL,       -- JSON: counter hash -> {total} or {times}
    first_seen_at       BIGINT NOT NULL,
    last_seen_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, number)
);
CREATE INDEX people_seen ON people (environment_id, last_seen_at, number);
CREATE INDEX people_merged ON people (environment_id, merged_into);
CREATE INDEX people_company ON people (environment_id, company_number, last_seen_at);

CREATE TABLE companies (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    number              BIGINT NOT NULL,
    id                  BYTEA NOT NULL UNIQUE,
    attributes          TEXT NOT NULL,       -- as of people
    attribute_times     TEXT NOT NULL,
    outcomes            TEXT NOT NULL,
    first_seen_at       BIGINT NOT NULL,
    last_seen_at        BIGINT NOT NULL,
    PRIMARY KEY (environment_id, number)
);
CREATE INDEX companies_seen ON companies (environment_id, last_seen_at, number);

CREATE TABLE sealed_attributes (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    kind                TEXT NOT NULL,       -- person, company
    number              BIGINT NOT NULL,
    name                TEXT NOT NULL,
    version             BIGINT NOT NULL,     -- µs of the event that wrote it; authenticated with the value
    sealed              BYTEA NOT NULL,      -- docs/formats/sealed-value.md, of the value as JSON
    PRIMARY KEY (environment_id, kind, number, name)
);

CREATE TABLE registered_attributes (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    scope               TEXT NOT NULL,       -- person, company, event (properties of events), event_name
    name                TEXT NOT NULL,
    type                TEXT NOT NULL,       -- of the first value: text, number, boolean, time, list, object
    class               TEXT NOT NULL,       -- personal, pseudonymous, plain
    first_seen_at       BIGINT NOT NULL,
    PRIMARY KEY (environment_id, scope, name)
);

-- Messages whose attributes have been written: a copy does not write them again.
CREATE TABLE applied_messages (
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    message             BYTEA NOT NULL,      -- the keyed hash that the event log goes by
    received_at         BIGINT NOT NULL,     -- kept for as long as the log recognises copies
    PRIMARY KEY (environment_id, message)
);
CREATE INDEX applied_messages_age ON applied_messages (received_at);
