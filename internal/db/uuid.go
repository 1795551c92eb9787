package db

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	mssql "github.com/microsoft/go-mssqldb"
)

// UUID is a GUID column as lower-case text. SQL Server sends its bytes in mixed order; clients
// compare without regard to case, and we always show lower case.
type UUID string

// NewUUID makes a random one.
func NewUUID() UUID { return UUID(uuid.NewString()) }

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
		*u = UUID(strings.ToLower(v))
	case [16]byte:
		*u = UUID(uuid.UUID(v).String())
	case []byte:
		if len(v) != 16 {
			*u = UUID(strings.ToLower(string(v)))
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
