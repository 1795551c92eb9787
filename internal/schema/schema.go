// Package schema is the catalogue of the openIMIS database: every legacy table of the SQL Server
// releases 1.3.0 to 1.7.4, what the PostgreSQL database of release 24.10 makes different, the tables
// that the Python backend added, and those of this program. Everything that has to know a table or a
// column asks here: the DDL of databases that we create ([DDL], [Indexes]), the check at start
// ([Missing], [Offered]) and the check of the names in every SQL statement ([Lookup]).
//
// Start with [Lookup] and [Table]. The data is catalogue.json (made by gen/, see there) plus own.go.
//
// # Names
//
// A table has the same name everywhere. A column has the name of the SQL Server database, which is
// also that of the embedded one; statements are written with it. PostgreSQL distinguishes case, and
// its database spells these columns differently ([Renames] lists them, [Column.NameOn] translates):
//
//	tblClaimAdmin       LegacyId                                    is LegacyID
//	tblFamilySMS        FamilyID, ApprovalOfSMS, LanguageOfSMS,
//	                    ValidityFrom, ValidityTo                    are all lower case
//	tblInsureePolicy    InsureePolicyId, InsureeId, LegacyId,
//	                    AuditUserId, RowId                          end in ID (but PolicyId stays)
//	tblLocations        LegacyId                                    is LegacyID
//	tblOfficerVillages  LegacyId, AuditUserId                       end in ID
//
// # Types
//
// The attributes of a [Column] are those of release 1.7.4; [Column.At] gives those of another release.
// PostgreSQL differs beyond the obvious (boolean for bit, timestamptz for datetime, smallint for
// tinyint, varchar for char and nvarchar): most GUIDs are varchar(36), a few uuid; tblClaim.DateFrom and DateTo are
// dates; tblPremium.CreatedDate is a date; tblEmailSettings.EnableSSL and tblPayment.SmsRequired are
// bit(1); row versions are whatever the scripts made of them. No GUID has a default there, and hardly
// any other column, so an insert names every NOT NULL column.
//
// The tables of the Python backend are, outside PostgreSQL, as its 2019 release has them; a column added
// since (core_User.ValidityFrom, core_Mutation_Log.JsonExt …) counts for PostgreSQL only. Where Python
// itself made them on SQL Server, Django's driver decided the types: in 2019 GUIDs were char(32), the hex
// digits without hyphens, later uniqueidentifier; timestamps were datetime2, later also datetimeoffset.
// Our DDL makes uniqueidentifier and datetime.
package schema

import (
	"strings"
	"unicode/utf16"
)

// Dialect names a database engine, with the strings that internal/db uses.
type Dialect string

// The engines.
const (
	SQLite    Dialect = "sqlite"
	Postgres  Dialect = "postgres"
	SQLServer Dialect = "sqlserver"
)

// Version is a release of the legacy database.
type Version string

// The releases whose tables the catalogue has.
const (
	V130         Version = "1.3.0" // no GUID columns
	V140         Version = "1.4.0" // the form of the embedded database
	V174         Version = "1.7.4" // fresh installation; 24.04 is the same
	V174Upgraded Version = "1.7.4-upgraded"
	PG2410       Version = "postgres-24.10" // the only one on PostgreSQL
)

// Versions lists all releases, oldest first.
var Versions = []Version{V130, V140, V174, V174Upgraded, PG2410}

// Kind is the type of a column without its size.
type Kind uint8

// The kinds. kindNames has their names in this order.
const (
	Int Kind = iota + 1
	SmallInt
	TinyInt
	BigInt
	Bit
	Decimal
	Float
	Text
	Date
	DateTime
	SmallDateTime
	GUID
	Binary
	RowVersion
	JSON
)

var kindNames = [...]string{"unknown", "int", "smallint", "tinyint", "bigint", "bit", "decimal", "float", "text",
	"date", "datetime", "smalldatetime", "guid", "binary", "rowversion", "json"}

// String is the kind's name in messages.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return kindNames[0]
	}
	return kindNames[k]
}

// Spec is what a release says of a column, apart from its name.
type Spec struct {
	Type             Kind
	Size             int // of Text in characters and of Binary in bytes; 0: unlimited
	Precision, Scale int // of Decimal
	Unicode          bool
	Fixed            bool // char(n), nchar(n): padded with blanks
	LOB              bool // ntext: SQL Server refuses =, DISTINCT, GROUP BY and ORDER BY on it
	Nullable         bool
	Default          string // SQL expression of the engine; empty: none
}

// Column is a column of the catalogue. One that only PostgreSQL has carries the attributes it has there.
type Column struct {
	Name string
	Spec
	Identity bool
	Versions []Version       // the releases that have it
	Postgres *PostgresColumn // nil: not there
	was      map[Version]Spec
}

// MayBeNull says whether the column takes NULL in any release or on PostgreSQL.
func (c *Column) MayBeNull() bool {
	null := c.Nullable || c.Postgres != nil && c.Postgres.Nullable
	for _, spec := range c.was {
		null = null || spec.Nullable
	}
	return null
}

// PostgresColumn is the column in the PostgreSQL database.
type PostgresColumn struct {
	Name    string
	SQLType string
	Spec
}

// ForeignKey says that a column holds the key of another table.
type ForeignKey struct {
	Column, Table, RefColumn string
	Unchecked                bool // the legacy database does not enforce it, so that circles can be written
}

// Table is a table of the catalogue. The names of its special columns are empty where it has none.
type Table struct {
	Name       string
	Columns    []*Column
	PrimaryKey []string
	Identity   string // the column that the database numbers
	Own        bool   // no legacy table: `server migrate` creates it where it is missing
	Versions   []Version
	Unique     [][]string
	Foreign    []ForeignKey

	// History says that old rows stay in the table: ValidityTo is set and LegacyIDColumn holds the key
	// of the live row.
	History        bool
	LegacyIDColumn string
	ValidityFrom   string
	ValidityTo     string
	AuditUser      string
	UUIDColumn     string // the GUID that clients know a row by; missing in 1.3.0

	byName map[string]*Column
}

// Lookup finds a table by its name in any case.
func Lookup(table string) (*Table, bool) {
	t, ok := catalogue().byName[strings.ToLower(table)]
	return t, ok
}

// Tables lists all tables in creation order: a table comes after those it refers to by keys that are
// checked. What is written in this order violates only references to rows of the same table.
func Tables() []*Table { return catalogue().tables }

// OwnTables lists the tables that are not legacy: those of the Python backend that we use, and ours.
func OwnTables() []*Table {
	var own []*Table
	for _, t := range Tables() {
		if t.Own {
			own = append(own, t)
		}
	}
	return own
}

// Renames gives the columns that PostgreSQL spells differently: table → column → name there.
func Renames() map[string]map[string]string { return catalogue().renames }

// Column finds a column by its name in any case; the PostgreSQL spelling differs in case only.
func (t *Table) Column(name string) (*Column, bool) {
	c, ok := t.byName[strings.ToLower(name)]
	return c, ok
}

// In says whether a release has the table.
func (t *Table) In(v Version) bool { return contains(t.Versions, v) }

// In says whether a release has the column.
func (c *Column) In(v Version) bool { return contains(c.Versions, v) }

// At gives the attributes in a release; not ok: it does not have the column.
func (c *Column) At(v Version) (Spec, bool) {
	if !c.In(v) {
		return Spec{}, false
	}
	if v == PG2410 {
		return c.Postgres.Spec, true
	}
	if was, ok := c.was[v]; ok {
		return was, true
	}
	return c.Spec, true
}

// NameOn gives the spelling of an engine.
func (c *Column) NameOn(d Dialect) string {
	if d == Postgres && c.Postgres != nil {
		return c.Postgres.Name
	}
	return c.Name
}

// TypeOn gives the SQL type, such as nvarchar(50), that the column has on an engine in a release.
// The release does not matter on PostgreSQL. Empty: it does not have the column.
func (c *Column) TypeOn(d Dialect, v Version) string {
	if d == Postgres {
		if c.Postgres == nil {
			return ""
		}
		return c.Postgres.SQLType
	}
	s, ok := c.At(v)
	if !ok {
		return ""
	}
	if d == SQLite {
		return s.sqliteType()
	}
	return s.sqlServerType()
}

func contains(list []Version, v Version) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// Length is how many characters of a column s takes. SQL Server counts those beyond the Unicode of 1996,
// such as emojis, twice.
func Length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
