-- One process serves a file; scope is the extractor's work here.
SELECT 1;
