-- The least rights for the login of servers and workers on PostgreSQL. Run it with psql as the owner of the tables, after
-- `server migrate`:  psql -d IMIS -v login=openimis -v password=secret -f postgresql.sql
-- The login is made if it is not there; without a password, or where it is there, its password stays as it is.
\set ON_ERROR_STOP on
\if :{?login}
\else
	\set login openimis
\endif
\if :{?password}
\else
	\set password ''
\endif

BEGIN;

SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', :'login', NULLIF(:'password', ''))
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec

GRANT CONNECT ON DATABASE :"DBNAME" TO :"login";

-- Tables are in public, or some of them in django, as the Python backend has them.
SELECT format(statement, n.nspname, :'login')
FROM pg_namespace n, (VALUES
	(1, 'GRANT USAGE ON SCHEMA %I TO %I'),
	(2, 'GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I'),
	(3, 'GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO %I')) s (ordinal, statement)
WHERE n.nspname IN ('public', 'django')
ORDER BY n.nspname, s.ordinal \gexec

-- What is written. The key of a table may be updated where only its rows are locked.
SELECT format('GRANT %s ON %I.%I TO %I', w.rights, n.nspname, c.relname, :'login')
FROM (VALUES
	('tblBatchRun',             'INSERT, UPDATE, DELETE'),
	('tblClaim',                'INSERT, UPDATE'),
	('tblClaimAdmin',           'INSERT, UPDATE'),
	('tblClaimDedRem',          'INSERT, DELETE'),
	('tblClaimItems',           'INSERT, UPDATE'),
	('tblClaimServices',        'INSERT, UPDATE'),
	('tblFamilies',             'INSERT, UPDATE'),
	('tblFeedback',             'INSERT, UPDATE'),
	('tblHF',                   'INSERT, UPDATE'),
	('tblHFCatchment',          'INSERT, UPDATE'),
	('tblIMISDefaults',         'UPDATE ("DefaultID")'),
	('tblInsuree',              'INSERT, UPDATE'),
	('tblInsureePolicy',        'INSERT, UPDATE'),
	('tblItems',                'INSERT, UPDATE'),
	('tblLocations',            'INSERT, UPDATE'),
	('tblOfficer',              'INSERT, UPDATE'),
	('tblOfficerVillages',      'INSERT, UPDATE'),
	('tblPhotos',               'INSERT, UPDATE'),
	('tblPLItemsDetail',        'INSERT, UPDATE'),
	('tblPLServicesDetail',     'INSERT, UPDATE'),
	('tblPolicy',               'INSERT, UPDATE'),
	('tblPolicyRenewalDetails', 'INSERT'),
	('tblPolicyRenewals',       'INSERT, UPDATE'),
	('tblPremium',              'INSERT, UPDATE'),
	('tblProduct',              'UPDATE ("ProdID")'),
	('tblRelIndex',             'INSERT, DELETE'),
	('tblServices',             'INSERT, UPDATE'),
	('tblUsersDistricts',       'INSERT, UPDATE'),
	('claim_ClaimAttachment',   'INSERT, UPDATE, DELETE'),
	('core_Mutation_Log',       'INSERT, UPDATE'),
	('core_User',               'INSERT, UPDATE'),
	('imis_audit',              'INSERT'),
	('imis_batch',              'INSERT, UPDATE, DELETE'),
	('imis_batch_claim',        'INSERT, UPDATE, DELETE'),
	('imis_batch_index',        'INSERT, UPDATE, DELETE'),
	('imis_batch_line',         'INSERT, UPDATE, DELETE'),
	('imis_batch_rate',         'INSERT, UPDATE, DELETE'),
	('imis_dead_mutation',      'INSERT, UPDATE, DELETE'),
	('imis_ended_session',      'INSERT, UPDATE, DELETE'),
	('imis_instance',           'INSERT, UPDATE, DELETE'),
	('imis_lease',              'INSERT, UPDATE, DELETE'),
	('imis_mutation_queue',     'INSERT, UPDATE, DELETE'),
	('imis_secret',             'INSERT'),
	('imis_subscription',       'INSERT, UPDATE, DELETE')
) w (name, rights)
JOIN pg_class c ON c.relname = w.name AND c.relkind IN ('r', 'p')
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('public', 'django')
ORDER BY c.relname \gexec

COMMIT;
