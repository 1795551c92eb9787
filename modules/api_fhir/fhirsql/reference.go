package fhirsql

import (
	"strconv"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/db"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
)

// Row is what every row of a Source has; the module's row embeds it.
type Row struct {
	Key     int        `db:"Key"`
	UUID    db.UUID    `db:"UUID"`
	Prefix  string     `db:"Prefix"` // of ids that are numbers: table.Table.IDPrefix
	Code    *string    `db:"Code"`
	Changed *time.Time `db:"Changed"`
	// Of a version that is no longer current: when it ended, and the key of the row that keeps it.
	Ended *time.Time `db:"Ended"`
	Copy  int        `db:"Copy"`
}

func (r Row) base() Row { return r }

// ID is the id of the resource.
func (r Row) ID() string { return idOf(r.UUID, r.Prefix, r.Key) }

// Ref is the row as others refer to it.
func (r Row) Ref() Ref { return Ref{Key: &r.Key, UUID: r.UUID, Prefix: r.Prefix, Code: r.Code} }

// Identifiers are the UUID and the code.
func (r Row) Identifiers() []fhir.Identifier {
	return apifhir.Identifiers(string(r.UUID), Trim(r.Code))
}

// Entry is the row as the FHIR server takes it.
func (r Row) Entry(resource any) apifhir.Entry {
	e := apifhir.Entry{ID: r.ID(), Resource: resource}
	if r.Changed != nil {
		e.VersionTime = *r.Changed
	}
	return e
}

// Ref is the row at the end of a Link; a link that leads nowhere has no Key.
type Ref struct {
	Key    *int    `db:"Key"`
	UUID   db.UUID `db:"UUID"`
	Prefix string  `db:"Prefix"`
	Code   *string `db:"Code"`
}

// Reference points at it; nil when there is none.
func (r Ref) Reference(resourceType string) *fhir.Reference {
	switch {
	case r.Key == nil:
		return nil
	case r.UUID != "":
		return apifhir.ReferenceTo(resourceType, string(r.UUID), Trim(r.Code))
	}
	id := idOf("", r.Prefix, *r.Key)
	byKey := apifhir.TypedIdentifier(apifhir.KindID, id)
	out := &fhir.Reference{Reference: apifhir.Ptr(resourceType + "/" + id), Type: &resourceType, Identifier: &byKey}
	if code := Trim(r.Code); code != "" {
		out.Display = &code
	}
	return out
}

// STU3 points at it as releases of STU3 did: by its UUID, in databases without by its code; nil when there is none.
func (r Ref) STU3(resourceType string) *stu3.Reference {
	switch code := Trim(r.Code); {
	case r.Key == nil:
		return nil
	case r.UUID == "" && code != "":
		return stu3.To(resourceType, code)
	}
	return stu3.To(resourceType, idOf(r.UUID, r.Prefix, *r.Key))
}

func idOf(uuid db.UUID, prefix string, key int) string {
	if uuid != "" {
		return string(uuid)
	}
	return prefix + strconv.Itoa(key)
}

// Trim is the value of a column without blanks around it, "" for NULL.
func Trim(s *string) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(*s)
}
