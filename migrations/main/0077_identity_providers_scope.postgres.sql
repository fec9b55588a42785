-- The second fence, as 0003 and 0014 say.
ALTER TABLE identity_providers ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity_providers FORCE ROW LEVEL SECURITY;
CREATE POLICY of_organisation ON identity_providers
    USING (in_organisation(organisation_id)) WITH CHECK (in_organisation(organisation_id));

ALTER TABLE member_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE member_identities FORCE ROW LEVEL SECURITY;
CREATE POLICY of_organisation ON member_identities
    USING (EXISTS (SELECT 1 FROM identity_providers p
        WHERE p.id = member_identities.provider_id AND in_organisation(p.organisation_id)));

ALTER TABLE former_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE former_members FORCE ROW LEVEL SECURITY;
CREATE POLICY of_organisation ON former_members
    USING (in_organisation(organisation_id)) WITH CHECK (in_organisation(organisation_id));

-- The dashboard's alone; the worker seals anew and hashes anew when keys turn, and forgets who is gone.
GRANT SELECT, INSERT, UPDATE, DELETE ON identity_providers TO pilotfish_dashboard;
GRANT SELECT ON identity_providers TO pilotfish_worker;
GRANT UPDATE (client_secret) ON identity_providers TO pilotfish_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON member_identities TO pilotfish_dashboard;
GRANT SELECT, DELETE ON member_identities TO pilotfish_worker;
GRANT UPDATE (subject, subject_index, index_version) ON member_identities TO pilotfish_worker;
GRANT SELECT, INSERT ON former_members TO pilotfish_dashboard;
GRANT UPDATE (expires_at) ON former_members TO pilotfish_dashboard;
GRANT SELECT, DELETE ON former_members TO pilotfish_worker;
GRANT SELECT, INSERT ON answered_states TO pilotfish_dashboard;
GRANT SELECT, DELETE ON answered_states TO pilotfish_worker;
GRANT UPDATE (provider_required_at) ON organisations TO pilotfish_dashboard;
