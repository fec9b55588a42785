-- The second fence, as 0003 says.

ALTER TABLE contents ENABLE ROW LEVEL SECURITY;
ALTER TABLE contents FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON contents USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE content_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE content_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON content_versions USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE rulesets ENABLE ROW LEVEL SECURITY;
ALTER TABLE rulesets FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON rulesets USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON jobs USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE answers ENABLE ROW LEVEL SECURITY;
ALTER TABLE answers FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON answers USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE encounters ENABLE ROW LEVEL SECURITY;
ALTER TABLE encounters FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON encounters USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE encounter_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE encounter_steps FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON encounter_steps USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
ALTER TABLE watched FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON watched USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
