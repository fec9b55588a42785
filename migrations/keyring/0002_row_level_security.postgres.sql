-- The second fence, as the main store's 0003 says: a transaction sees the rows of the one environment that it named, or
-- is the system's.

CREATE FUNCTION in_scope(environment bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT current_setting('pilotfish.system', true) = 'on'
        OR encode(environment, 'hex') = current_setting('pilotfish.environment', true)
$$;

ALTER TABLE numbers ENABLE ROW LEVEL SECURITY;
ALTER TABLE numbers FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON numbers USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE subjects ENABLE ROW LEVEL SECURITY;
ALTER TABLE subjects FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON subjects USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE blind_indexes ENABLE ROW LEVEL SECURITY;
ALTER TABLE blind_indexes FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON blind_indexes USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
