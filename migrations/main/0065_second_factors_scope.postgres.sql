-- Factors are the dashboard's alone; the worker seals secrets anew when their key turns, and forgets who is gone.
GRANT SELECT, INSERT, UPDATE, DELETE ON totp_factors TO pilotfish_dashboard;
GRANT SELECT, DELETE ON totp_factors TO pilotfish_worker;
GRANT UPDATE (secret) ON totp_factors TO pilotfish_worker;
GRANT SELECT, INSERT, DELETE ON recovery_codes TO pilotfish_dashboard;
GRANT SELECT (member_id) ON recovery_codes TO pilotfish_worker;
GRANT DELETE ON recovery_codes TO pilotfish_worker;
GRANT UPDATE (require_mfa, mfa_required_at, any_mfa_required_at, grace_days, idle_minutes, absolute_hours) ON organisations TO pilotfish_dashboard;
