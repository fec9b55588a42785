-- Under which version of its index key an environment's entries are written: one at a time, raised before the entries that
-- are there are made anew. An environment without a row writes under the first.
CREATE TABLE index_versions (
    environment_id      BYTEA PRIMARY KEY,
    version             BIGINT NOT NULL
);

ALTER TABLE index_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE index_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON index_versions USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
