-- Keys are the dashboard's alone; the worker forgets those of who is gone, and challenges.
GRANT SELECT, INSERT, UPDATE, DELETE ON passkeys TO pilotfish_dashboard;
GRANT SELECT (member_id) ON passkeys TO pilotfish_worker;
GRANT DELETE ON passkeys TO pilotfish_worker;
GRANT SELECT, INSERT ON answered_challenges TO pilotfish_dashboard;
GRANT SELECT, DELETE ON answered_challenges TO pilotfish_worker;
