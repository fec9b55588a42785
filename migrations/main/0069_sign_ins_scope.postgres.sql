-- The dashboard's alone; the worker forgets what is old. A spike is found where it is counted.
GRANT SELECT, INSERT, UPDATE, DELETE ON devices TO pilotfish_dashboard;
GRANT SELECT (member_id, key_version, last_used_at) ON devices TO pilotfish_worker;
GRANT DELETE ON devices TO pilotfish_worker;
GRANT SELECT, INSERT ON sign_ins TO pilotfish_dashboard;
GRANT SELECT (member_id, at) ON sign_ins TO pilotfish_worker;
GRANT DELETE ON sign_ins TO pilotfish_worker;
GRANT INSERT ON findings TO pilotfish_dashboard;
