-- The second fence, as 0003 says.

ALTER TABLE noted_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE noted_logs FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON noted_logs USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
