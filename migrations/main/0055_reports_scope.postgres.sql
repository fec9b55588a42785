-- The second fence, as 0003 says.

ALTER TABLE reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE reports FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON reports USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));

-- Saved questions are kept, and the zone chosen, at the api and the dashboard. Environments have no fence: whose zone it is, is the
-- extractor's business alone.
GRANT SELECT, INSERT, UPDATE, DELETE ON reports TO pilotfish_api, pilotfish_dashboard;
GRANT UPDATE (zone) ON environments TO pilotfish_api, pilotfish_dashboard;
