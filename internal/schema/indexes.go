package schema

import (
	"fmt"
	"slices"
	"strings"
)

// lookup is an index that the application needs: the columns it searches by.
type lookup struct {
	table   string
	columns string // separated by blanks; - after one sorts it downwards, | between some is the latest of them
	where   rows
	covers  string // columns that a search through the whole index reads besides
	ordered bool   // PostgreSQL: texts are in their order, instead of in one that serves a search by prefix
}

// rows says which rows an index covers.
type rows uint8

const (
	all     rows = iota
	live         // current rows; for statements that ask for "ValidityTo" IS NULL
	history      // old rows; for looking up the history of a row
)

// lookups are the searches of the modules. Relations that are also followed from or into history
// (lines of an old claim) cover all rows; search fields cover the live rows.
var lookups = []lookup{
	// location
	{table: "tblLocations", columns: "ParentLocationId", where: all},
	{table: "tblLocations", columns: "LocationType ValidityTo", where: all},
	{table: "tblLocations", columns: "LocationCode", where: live},
	{table: "tblHF", columns: "LocationId", where: all},
	{table: "tblHF", columns: "HFCode", where: live},
	{table: "tblHFCatchment", columns: "HFID", where: live},
	{table: "tblHFCatchment", columns: "LocationId", where: live},
	{table: "tblOfficerVillages", columns: "OfficerId", where: live},
	{table: "tblOfficerVillages", columns: "LocationId", where: live},
	{table: "tblOfficer", columns: "LocationId", where: live},
	{table: "tblOfficer", columns: "Code", where: live},
	{table: "tblClaimAdmin", columns: "HFId", where: live},
	{table: "tblClaimAdmin", columns: "ClaimAdminCode", where: live},
	{table: "tblPayer", columns: "LocationId", where: live},

	// medical, price lists, products
	{table: "tblICDCodes", columns: "ICDCode", where: live},
	{table: "tblItems", columns: "ItemCode", where: live},
	{table: "tblItems", columns: "LegacyID", where: history},
	{table: "tblServices", columns: "ServCode", where: live},
	{table: "tblServices", columns: "LegacyID", where: history},
	{table: "tblPLItems", columns: "LocationId", where: live},
	{table: "tblPLItemsDetail", columns: "PLItemID ItemID", where: live},
	{table: "tblPLItemsDetail", columns: "ItemID", where: live},
	{table: "tblPLServices", columns: "LocationId", where: live},
	{table: "tblPLServicesDetail", columns: "PLServiceID ServiceID", where: live},
	{table: "tblPLServicesDetail", columns: "ServiceID", where: live},
	{table: "tblProduct", columns: "ProductCode", where: live},
	{table: "tblProduct", columns: "LocationId", where: live},
	{table: "tblProduct", columns: "LegacyID", where: history},
	{table: "tblProductItems", columns: "ProdID ItemID", where: all},
	{table: "tblProductItems", columns: "ItemID", where: all},
	{table: "tblProductServices", columns: "ProdID ServiceID", where: all},
	{table: "tblProductServices", columns: "ServiceID", where: all},
	{table: "tblRelDistr", columns: "ProdID", where: live},
	{table: "tblRelIndex", columns: "ProdID RelYear RelPeriod", where: live},

	// insurees and families
	{table: "tblFamilies", columns: "LocationId", where: all},
	{table: "tblFamilies", columns: "InsureeID", where: all},
	{table: "tblFamilies", columns: "FamilyID", where: live},
	{table: "tblFamilies", columns: "ValidityFrom FamilyID-", where: live},
	{table: "tblInsuree", columns: "FamilyID", where: all},
	{table: "tblInsuree", columns: "CHFID", where: all},                                                   // claims are searched by it through a join, which does not ask for current rows
	{table: "tblInsuree", columns: "LastName OtherNames", where: live, covers: "FamilyID CurrentVillage"}, // a part of a name, and who may see it
	{table: "tblInsuree", columns: "LastName InsureeID", where: live, ordered: true},                      // lists of Patients by name, page after page
	{table: "tblInsuree", columns: "ValidityFrom InsureeID-", where: live},                                // what was changed since, and the newest first
	{table: "tblInsuree", columns: "OtherNames", where: live},
	{table: "tblInsuree", columns: "HFID", where: live},
	{table: "tblInsuree", columns: "InsureeID", where: live},
	{table: "tblInsuree", columns: "LegacyID", where: history},
	{table: "tblPhotos", columns: "InsureeID", where: all},
	{table: "tblPhotos", columns: "CHFID", where: all},

	// policies and premiums
	{table: "tblPolicy", columns: "FamilyID", where: all},
	{table: "tblPolicy", columns: "ProdID", where: all},
	{table: "tblPolicy", columns: "OfficerID", where: live},
	{table: "tblPolicy", columns: "ExpiryDate", where: live},
	{table: "tblPolicy", columns: "PolicyStatus EffectiveDate", where: live},
	{table: "tblPolicy", columns: "PolicyID", where: live},
	{table: "tblPolicy", columns: "ValidityFrom PolicyID-", where: live},
	{table: "tblInsureePolicy", columns: "InsureeId ExpiryDate", where: all},
	{table: "tblInsureePolicy", columns: "PolicyId", where: all},
	{table: "tblPremium", columns: "PolicyID", where: all},
	{table: "tblPremium", columns: "PayerID", where: live},
	{table: "tblPremium", columns: "PayDate", where: live},
	{table: "tblPremium", columns: "Receipt", where: live},
	{table: "tblPremium", columns: "PremiumId", where: live},
	{table: "tblPolicyRenewals", columns: "PolicyID", where: all},
	{table: "tblPolicyRenewals", columns: "InsureeID", where: live},
	{table: "tblPolicyRenewals", columns: "NewOfficerID", where: live},
	{table: "tblPolicyRenewalDetails", columns: "RenewalID", where: all},

	// claims
	{table: "tblClaim", columns: "InsureeID DateFrom", where: all},
	{table: "tblClaim", columns: "HFID ClaimStatus", where: live},
	{table: "tblClaim", columns: "ClaimStatus DateClaimed", where: live},
	{table: "tblClaim", columns: "ClaimCode", where: live, covers: "HFID"},
	{table: "tblClaim", columns: "DateClaimed ClaimID-", where: live, covers: "HFID"}, // read backwards it is the newest first, as pages are
	{table: "tblClaim", columns: "DateFrom", where: live},
	{table: "tblClaim", columns: "DateProcessed", where: live},
	{table: "tblClaim", columns: "ICDID", where: live},
	{table: "tblClaim", columns: "RunID", where: live},
	{table: "tblClaim", columns: "ClaimAdminId", where: live},
	{table: "tblClaim", columns: "FeedbackStatus", where: live},
	{table: "tblClaim", columns: "ReviewStatus", where: live},
	{table: "tblClaim", columns: "ClaimID", where: live},
	{table: "tblClaim", columns: "ValidityFrom|SubmitStamp|ProcessStamp ClaimID-", where: live},
	{table: "tblClaimItems", columns: "ClaimID", where: all},
	{table: "tblClaimItems", columns: "ItemID", where: live},
	{table: "tblClaimItems", columns: "PolicyID", where: live},
	{table: "tblClaimServices", columns: "ClaimID", where: all},
	{table: "tblClaimServices", columns: "ServiceID", where: live},
	{table: "tblClaimServices", columns: "PolicyID", where: live},
	{table: "tblClaimDedRem", columns: "PolicyID InsureeID", where: all},
	{table: "tblClaimDedRem", columns: "InsureeID", where: live},
	{table: "tblClaimDedRem", columns: "ClaimID", where: all},
	{table: "tblFeedback", columns: "ClaimID", where: all},
	{table: "tblFeedbackPrompt", columns: "ClaimID", where: all},
	{table: "tblFeedbackPrompt", columns: "OfficerID", where: live},
	{table: "tblBatchRun", columns: "LocationId RunYear RunMonth", where: live},

	// users and rights
	{table: "tblUsers", columns: "LoginName", where: live},
	{table: "tblUsers", columns: "HFID", where: live},
	{table: "tblUserRole", columns: "UserID", where: live},
	{table: "tblUserRole", columns: "RoleID", where: live},
	{table: "tblRoleRight", columns: "RoleID RightID", where: live},
	{table: "tblRoleRight", columns: "RightID", where: live},
	{table: "tblUsersDistricts", columns: "UserID", where: live},
	{table: "tblUsersDistricts", columns: "LocationId", where: live},
	{table: "tblLogins", columns: "UserId", where: all},
	{table: "core_User", columns: "i_user_id", where: all},
	{table: "core_User", columns: "t_user_id", where: all},
	{table: "core_User_groups", columns: "group_id", where: all},

	// mutations
	{table: "core_Mutation_Log", columns: "user_id request_date_time", where: all},
	{table: "core_Mutation_Log", columns: "client_mutation_id", where: all},
	{table: "core_Mutation_Log", columns: "status request_date_time", where: all},
	{table: "core_Mutation_Log", columns: "request_date_time", where: all},
	{table: "core_ModuleConfiguration", columns: "module", where: all},
	{table: "claim_ClaimMutation", columns: "claim_id", where: all},
	{table: "claim_ClaimMutation", columns: "mutation_id", where: all},
	{table: "imis_mutation_queue", columns: "lease_until enqueued", where: all},
	{table: "imis_mutation_queue", columns: "principal enqueued", where: all},
}

// Indexes gives the secondary indexes of a database that we created, for SQLite and PostgreSQL: one for
// each lookup above and one for the GUID of each table. They are created where they are missing and
// need no extension. Legacy databases, and so SQL Server, are never altered unasked: nothing for them.
//
// An index that covers a search is read instead of the table, which is several times as large.
//
// On PostgreSQL texts are compared as [FoldedText] has them, so that is what is indexed, with the operators
// that also serve a search by prefix; collation is the one that internal/db folds by there. GUIDs are
// indexed as they are on both: compare them so.
func Indexes(d Dialect, collation string) []string {
	if d == SQLServer {
		return nil
	}
	var out []string
	for _, l := range lookups {
		out = append(out, l.create(d, collation))
	}
	for _, t := range Tables() {
		if t.UUIDColumn != "" {
			out = append(out, lookup{table: t.Name, columns: t.UUIDColumn}.create(d, collation))
		}
	}
	return out
}

// Index is a secondary index that a database may be given.
type Index struct {
	Name, Table string
	Columns     []string // that it needs
	Create      string   // the statement
}

// LegacyIndexes are the indexes of [Indexes] and, with trigrams, of [TrigramIndexes] for a PostgreSQL database that
// somebody else made. They are built beside running writes (CONCURRENTLY), and not within a transaction.
func LegacyIndexes(collation string, trigrams bool) []Index {
	var out []Index
	add := func(l lookup, create string) {
		t, _ := Lookup(l.table)
		columns := strings.Fields(strings.NewReplacer("- ", " ", "|", " ").Replace(l.columns+" ") + l.covers)
		switch l.where {
		case live:
			columns = append(columns, t.ValidityTo)
		case history:
			columns = append(columns, t.LegacyIDColumn)
		}
		_, rest, _ := strings.Cut(create, `IF NOT EXISTS "`)
		name, _, _ := strings.Cut(rest, `"`)
		out = append(out, Index{name, l.table, columns, strings.Replace(create, "CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1)})
	}
	for _, l := range lookups {
		add(l, l.create(Postgres, collation))
	}
	for _, t := range Tables() {
		if t.UUIDColumn != "" {
			l := lookup{table: t.Name, columns: t.UUIDColumn}
			add(l, l.create(Postgres, collation))
		}
	}
	if trigrams {
		for i, create := range TrigramIndexes() {
			add(parts[i], create)
		}
	}
	return out
}

// changing are the large tables in which subscriptions look for rows that were changed lately.
var changing = []string{"tblInsuree", "tblFamilies", "tblPolicy", "tblClaim"}

// VersionIndexes find rows by their row versions in a SQL Server database, which is never ours. They cover old rows too:
// SQL Server refuses writes to a table with a filtered index by procedures that were made with QUOTED_IDENTIFIER OFF, as
// legacy ones may be. online builds them beside running writes, which not every edition can.
func VersionIndexes(online bool) []Index {
	var out []Index
	for _, name := range changing {
		t, _ := Lookup(name)
		i := slices.IndexFunc(t.Columns, func(c *Column) bool { return c.Type == RowVersion })
		version, d := t.Columns[i].Name, SQLServer
		x := Index{Name: "imis_" + t.Name + "_" + version, Table: t.Name, Columns: []string{version, t.ValidityTo}}
		x.Create = fmt.Sprintf("CREATE INDEX %s ON %s (%s) INCLUDE (%s)", d.quote(x.Name), d.table(t.Name), d.quote(version), d.quote(t.ValidityTo))
		if online {
			x.Create += " WITH (ONLINE = ON)"
		}
		out = append(out, x)
	}
	return out
}

func (l lookup) create(d Dialect, collation string) string {
	t, ok := Lookup(l.table)
	if !ok {
		panic("index on the unknown table " + l.table)
	}
	name := "imis_" + t.Name
	var parts, whole []string // as indexed, and as they are
	for _, n := range strings.Fields(l.columns) {
		n, down := strings.CutSuffix(n, "-")
		var part string
		if strings.Contains(n, "|") {
			var moments []string
			for _, n := range strings.Split(n, "|") {
				moments = append(moments, d.quote(l.column(t, n).NameOn(d)))
			}
			name += "_latest"
			part = "(" + Latest(moments...) + ")"
		} else {
			c := l.column(t, n)
			name += "_" + c.Name
			part = d.quote(c.NameOn(d))
			if d == Postgres && c.Type == Text {
				whole = append(whole, part)
				part = FoldedText(part, collation)
				if !l.ordered {
					part += " text_pattern_ops"
				}
			}
		}
		if down {
			part += " DESC"
		}
		parts = append(parts, part)
	}
	for _, n := range strings.Fields(l.covers) {
		whole = append(whole, d.quote(l.column(t, n).NameOn(d)))
	}
	where := ""
	switch l.where {
	case live:
		name += "_live"
		where = fmt.Sprintf(" WHERE %s IS NULL", t.names(d, []string{t.ValidityTo}))
		if d == SQLite && (l.covers != "" || l.columns == t.Identity) {
			// It reads ValidityTo although the index says it. Such an index on the key counts current rows.
			whole = append(whole, t.names(d, []string{t.ValidityTo}))
		}
	case history:
		where = fmt.Sprintf(" WHERE %s IS NOT NULL", t.names(d, []string{t.LegacyIDColumn}))
	}
	include := ""
	switch {
	case d == SQLite:
		parts = append(parts, whole...)
	case l.covers != "":
		include = " INCLUDE (" + strings.Join(whole, ", ") + ")"
	}
	return fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s (%s)%s%s", d.quote(name), d.table(t.Name), strings.Join(parts, ", "), include, where)
}

// Latest is the expression for the latest of moments. The first is never NULL, the others may be.
func Latest(moments ...string) string {
	last := moments[0]
	for _, m := range moments[1:] {
		last = "CASE WHEN " + m + " > " + last + " THEN " + m + " ELSE " + last + " END"
	}
	return last
}

// FoldedText is how texts are compared on PostgreSQL: without regard to case and trailing blanks.
func FoldedText(expr, collation string) string {
	return "LOWER(RTRIM(" + expr + ")" + Collate(collation) + ")"
}

// Collate is the clause of a collation of PostgreSQL; "" for that of the database.
func Collate(collation string) string {
	if collation == "" {
		return ""
	}
	return ` COLLATE "` + collation + `"`
}

func (l lookup) column(t *Table, name string) *Column {
	c, ok := t.Column(name)
	if !ok {
		panic(fmt.Sprintf("index on the unknown column %s.%s", l.table, name))
	}
	return c
}

// parts are the columns of large tables that users search for a part of a name or code.
var parts = []lookup{
	{table: "tblInsuree", columns: "LastName OtherNames", where: live},
	{table: "tblClaim", columns: "ClaimCode", where: live},
}

// TrigramIndexes are what PostgreSQL finds a part of a text by, in a twentieth of the time that reading
// all takes. They need its extension pg_trgm, which is part of it but may not be installed. The texts are
// folded as internal/db's $like has them.
func TrigramIndexes() []string {
	var out []string
	for _, l := range parts {
		t, _ := Lookup(l.table)
		name := "imis_" + l.table
		var columns []string
		for _, n := range strings.Fields(l.columns) {
			name += "_" + n
			columns = append(columns, `LOWER(`+Postgres.quote(l.column(t, n).NameOn(Postgres))+` COLLATE "C") gin_trgm_ops`)
		}
		out = append(out, fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s USING gin (%s) WHERE %s IS NULL",
			Postgres.quote(name+"_parts"), Postgres.table(l.table), strings.Join(columns, ", "), t.names(Postgres, []string{t.ValidityTo})))
	}
	return out
}
