-- What may be an attack, and when it was reported: once a day, however long it lasts.
CREATE TABLE spikes (
    subject             BYTEA PRIMARY KEY,   -- keyed hash of the account or of the address's prefix; a passkey's id
    at                  BIGINT NOT NULL
);
