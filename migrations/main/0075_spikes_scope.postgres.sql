-- The dashboard's alone; the worker forgets what is old.
GRANT SELECT, INSERT, UPDATE ON spikes TO pilotfish_dashboard;
GRANT SELECT (at) ON spikes TO pilotfish_worker;
GRANT DELETE ON spikes TO pilotfish_worker;
