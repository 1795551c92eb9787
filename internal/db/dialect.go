package db

// Dialect names a database engine. Stores never ask for it: they write portable SQL, and Render
// turns it into the text of the engine.
type Dialect string

// The engines. SQL Server is production, PostgreSQL is what newer installations use, SQLite is embedded.
const (
	SQLite    Dialect = "sqlite"
	Postgres  Dialect = "postgres"
	SQLServer Dialect = "sqlserver"
)

// Dialects lists all engines, for tests that render a statement for each.
var Dialects = []Dialect{SQLite, Postgres, SQLServer}

// sqlType translates a portable column type, as used in $rows, to the engine's.
func (d Dialect) sqlType(t string) string {
	switch d {
	case Postgres:
		switch t {
		case "bit":
			return "boolean"
		case "tinyint":
			return "smallint"
		case "datetime":
			return "timestamptz"
		case "guid":
			return "uuid"
		case "guidtext": // the legacy tables of the PostgreSQL database keep GUIDs as varchar(36)
			return "text"
		case "text":
			return "text"
		}
	case SQLServer:
		switch t {
		case "guid", "guidtext":
			return "uniqueidentifier"
		case "text":
			return "nvarchar(max)"
		}
	}
	return t
}
