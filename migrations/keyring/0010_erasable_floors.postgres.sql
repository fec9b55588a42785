-- The lowest version of a bucket's erasable key that a new private half may be sealed to: lower ones are being replaced, and
-- nothing that is sealed to them may be added behind the back of whoever seals the bucket's rows anew.
CREATE TABLE erasable_floors (
    environment_id      BYTEA NOT NULL,
    bucket              BIGINT NOT NULL,     -- the first byte of the subjects' ids
    version             BIGINT NOT NULL,
    PRIMARY KEY (environment_id, bucket)
);

ALTER TABLE erasable_floors ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasable_floors FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON erasable_floors USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
