-- The least rights for the login of servers and workers on SQL Server. Run it with sqlcmd as the owner of the database, after
-- `server migrate`:  sqlcmd -S db.example.org -d IMIS -v login="openimis" password="secret" -i sqlserver.sql
-- The login is made if it is not there; where it is there, its password stays as it is.
:on error exit

IF SUSER_ID(N'$(login)') IS NULL CREATE LOGIN [$(login)] WITH PASSWORD = N'$(password)';
GO
IF USER_ID(N'$(login)') IS NULL CREATE USER [$(login)] FOR LOGIN [$(login)] WITH DEFAULT_SCHEMA = [dbo];
GO

-- Reading; and seeing which tables have triggers, where an insert cannot simply be asked for its key.
GRANT SELECT, VIEW DEFINITION ON SCHEMA::dbo TO [$(login)];
GO

-- What is written.
IF OBJECT_ID(N'dbo.tblBatchRun') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[tblBatchRun] TO [$(login)];
IF OBJECT_ID(N'dbo.tblClaim') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblClaim] TO [$(login)];
IF OBJECT_ID(N'dbo.tblClaimAdmin') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblClaimAdmin] TO [$(login)];
IF OBJECT_ID(N'dbo.tblClaimDedRem') IS NOT NULL GRANT INSERT, DELETE ON dbo.[tblClaimDedRem] TO [$(login)];
IF OBJECT_ID(N'dbo.tblClaimItems') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblClaimItems] TO [$(login)];
IF OBJECT_ID(N'dbo.tblClaimServices') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblClaimServices] TO [$(login)];
IF OBJECT_ID(N'dbo.tblFamilies') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblFamilies] TO [$(login)];
IF OBJECT_ID(N'dbo.tblFeedback') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblFeedback] TO [$(login)];
IF OBJECT_ID(N'dbo.tblHF') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblHF] TO [$(login)];
IF OBJECT_ID(N'dbo.tblHFCatchment') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblHFCatchment] TO [$(login)];
IF OBJECT_ID(N'dbo.tblInsuree') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblInsuree] TO [$(login)];
IF OBJECT_ID(N'dbo.tblInsureePolicy') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblInsureePolicy] TO [$(login)];
IF OBJECT_ID(N'dbo.tblItems') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblItems] TO [$(login)];
IF OBJECT_ID(N'dbo.tblLocations') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblLocations] TO [$(login)];
IF OBJECT_ID(N'dbo.tblOfficer') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblOfficer] TO [$(login)];
IF OBJECT_ID(N'dbo.tblOfficerVillages') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblOfficerVillages] TO [$(login)];
IF OBJECT_ID(N'dbo.tblPhotos') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblPhotos] TO [$(login)];
IF OBJECT_ID(N'dbo.tblPLItemsDetail') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblPLItemsDetail] TO [$(login)];
IF OBJECT_ID(N'dbo.tblPLServicesDetail') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblPLServicesDetail] TO [$(login)];
IF OBJECT_ID(N'dbo.tblPolicy') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblPolicy] TO [$(login)];
IF OBJECT_ID(N'dbo.tblPolicyRenewalDetails') IS NOT NULL GRANT INSERT ON dbo.[tblPolicyRenewalDetails] TO [$(login)];
IF OBJECT_ID(N'dbo.tblPolicyRenewals') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblPolicyRenewals] TO [$(login)];
IF OBJECT_ID(N'dbo.tblPremium') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblPremium] TO [$(login)];
IF OBJECT_ID(N'dbo.tblRelIndex') IS NOT NULL GRANT INSERT, DELETE ON dbo.[tblRelIndex] TO [$(login)];
IF OBJECT_ID(N'dbo.tblServices') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblServices] TO [$(login)];
IF OBJECT_ID(N'dbo.tblUsersDistricts') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[tblUsersDistricts] TO [$(login)];
IF OBJECT_ID(N'dbo.claim_ClaimAttachment') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[claim_ClaimAttachment] TO [$(login)];
IF OBJECT_ID(N'dbo.core_Mutation_Log') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[core_Mutation_Log] TO [$(login)];
IF OBJECT_ID(N'dbo.core_User') IS NOT NULL GRANT INSERT, UPDATE ON dbo.[core_User] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_audit') IS NOT NULL GRANT INSERT ON dbo.[imis_audit] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_batch') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_batch] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_batch_claim') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_batch_claim] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_batch_index') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_batch_index] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_batch_line') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_batch_line] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_batch_rate') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_batch_rate] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_dead_mutation') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_dead_mutation] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_ended_session') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_ended_session] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_instance') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_instance] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_lease') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_lease] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_mutation_queue') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_mutation_queue] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_secret') IS NOT NULL GRANT INSERT ON dbo.[imis_secret] TO [$(login)];
IF OBJECT_ID(N'dbo.imis_subscription') IS NOT NULL GRANT INSERT, UPDATE, DELETE ON dbo.[imis_subscription] TO [$(login)];
GO
