-- The second fence, as 0003 says. What a check saw is the installation's own: the system reads and writes it.

ALTER TABLE trust_canaries ENABLE ROW LEVEL SECURITY;
ALTER TABLE trust_canaries FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON trust_canaries USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
