-- The second fence, as 0003 and 0014 say.

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY of_organisation ON memberships
    USING (in_organisation(organisation_id)) WITH CHECK (in_organisation(organisation_id));

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY of_organisation ON invitations
    USING (in_organisation(organisation_id)) WITH CHECK (in_organisation(organisation_id));

-- What belongs to no environment is asked for where an organisation works: its mail, for one.
CREATE POLICY of_installation ON jobs FOR INSERT WITH CHECK (environment_id IS NULL);

-- The dashboard makes members and ends them. The worker seals anew, sends what is to be sent, and forgets what is over.
GRANT SELECT, INSERT, UPDATE, DELETE ON memberships TO pilotfish_dashboard;
GRANT SELECT ON memberships TO pilotfish_worker;
GRANT UPDATE (organisation_id) ON members TO pilotfish_worker;
GRANT DELETE ON members TO pilotfish_worker;
GRANT SELECT (member_id) ON sessions TO pilotfish_worker;
GRANT DELETE ON sessions TO pilotfish_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO pilotfish_dashboard;
GRANT SELECT, DELETE ON invitations TO pilotfish_worker;
GRANT UPDATE (email, hash, key_version, sent_at) ON invitations TO pilotfish_worker;
