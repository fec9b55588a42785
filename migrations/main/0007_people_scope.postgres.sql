-- The second fence, as 0003 says.

ALTER TABLE people ENABLE ROW LEVEL SECURITY;
ALTER TABLE people FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON people USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE companies ENABLE ROW LEVEL SECURITY;
ALTER TABLE companies FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON companies USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE sealed_attributes ENABLE ROW LEVEL SECURITY;
ALTER TABLE sealed_attributes FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON sealed_attributes USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE registered_attributes ENABLE ROW LEVEL SECURITY;
ALTER TABLE registered_attributes FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON registered_attributes USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE applied_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE applied_messages FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON applied_messages USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
