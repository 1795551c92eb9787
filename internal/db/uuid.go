package db

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	mssql "github.com/microsoft/go-mssqldb"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// UUID is a GUID column as lower-case text. SQL Server sends its bytes in mixed order; clients
// compare without regard to case, and we always show lower case.
type UUID string

// NewUUID makes a random one.
func NewUUID() UUID { return UUID(uuid.NewString()) }

// DjangoUUID is the key of a table that the Python backend made (core_User, core_Mutation_Log, …). On
// SQL Server the backend of 2019 kept such keys as char(32), without hyphens; on a database where it
// did (see Probe) they are bound that way, elsewhere as UUID is.
type DjangoUUID string

// djangoKey says whether a column holds such a key. Tables named imis_ are ours: the backend never had them.
func djangoKey(tab *schema.Table, c *schema.Column) bool {
	return c.Type == schema.GUID && tab.Own && !strings.HasPrefix(tab.Name, "imis_")
}

// bind spells the key as the database at hand keeps it.
func (u DjangoUUID) bind(hex bool) any {
	s := strings.ToLower(string(u))
	if hex {
		s = strings.ReplaceAll(s, "-", "")
	}
	return s
}

// ParseUUID accepts any spelling of a GUID.
func ParseUUID(s string) (UUID, bool) {
	u, err := uuid.Parse(s)
	if err != nil {
		return "", false
	}
	return UUID(u.String()), true
}

// Scan reads what the drivers send: text, or SQL Server's 16 bytes.
func (u *UUID) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*u = ""
	case string:
		*u = spelled(v)
	case [16]byte:
		*u = UUID(uuid.UUID(v).String())
	case []byte:
		if len(v) != 16 {
			*u = spelled(string(v))
			return nil
		}
		var m mssql.UniqueIdentifier
		if err := m.Scan(v); err != nil {
			return err
		}
		*u = UUID(strings.ToLower(m.String()))
	default:
		return fmt.Errorf("cannot read a GUID from %T", src)
	}
	return nil
}

// spelled writes a GUID in the usual form, whatever form it came in.
func spelled(s string) UUID {
	s = strings.TrimRight(s, " ")
	if u, ok := ParseUUID(s); ok {
		return u
	}
	return UUID(strings.ToLower(s))
}
