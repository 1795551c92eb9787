package auditevent

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// kind is a code of events, and which lines it is of: the same said of a line and in SQL.
type kind struct {
	system, code, display string
	is                    func(l audit.Line) bool
	where                 string
}

func (k kind) coding() fhir.Coding {
	return fhir.Coding{System: &k.system, Code: &k.code, Display: &k.display}
}

const (
	dicom       = "http://dicom.nema.org/resources/ontology/DCM"
	eventTypes  = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	rest        = "http://hl7.org/fhir/restful-interaction"
	entityTypes = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	roles       = "http://terminology.hl7.org/CodeSystem/object-role"
)

// security are the subjects that say who may do what.
var security = []string{"user", "user role", "user district", "role", "role right", "technical user"}

// types are the types of events. A line is of the first that it is.
var types = precede([]kind{
	{dicom, "110100", "Application Activity", func(l audit.Line) bool { return actions[l.Action] == fhir.AuditEventActionE }, `a."action" IN ('start', 'stop', 'lost')`},
	{dicom, "110101", "Audit Log Used", func(l audit.Line) bool { return l.Subject == audit.Itself }, `COALESCE(a."subject", '') = '` + audit.Itself + "'"},
	{dicom, "110137", "User Security Attributes Changed", func(l audit.Line) bool { return slices.Contains(security, l.Subject) },
		`COALESCE(a."subject", '') IN ('` + strings.Join(security, "', '") + "')"},
	{eventTypes, "rest", "RESTful Operation", func(l audit.Line) bool { return l.Way == audit.FHIR }, `COALESCE(a."way", '') = '` + audit.FHIR + "'"},
	{dicom, "110110", "Patient Record", func(audit.Line) bool { return true }, "1 = 1"},
})

// precede makes the conditions of kinds exclude those before them.
func precede(kinds []kind) []kind {
	before := ""
	for i := range kinds {
		own := kinds[i].where
		kinds[i].where = "(" + own + before + ")"
		before += " AND NOT (" + own + ")"
	}
	return kinds
}

// subtypes are what is known beyond the type; of reading through FHIR it is not known whether it was a search.
var subtypes = []kind{
	through(audit.Create, "create"), through(audit.Update, "update"), through(audit.Delete, "delete"),
	{dicom, "110120", "Application Start", func(l audit.Line) bool { return l.Action == audit.Start }, `a."action" = 'start'`},
	{dicom, "110121", "Application Stop", func(l audit.Line) bool { return l.Action == audit.Stop }, `a."action" = 'stop'`},
}

// through is an interaction of FHIR.
func through(action audit.Action, code string) kind {
	return kind{rest, code, code, func(l audit.Line) bool { return l.Way == audit.FHIR && l.Action == action },
		`(COALESCE(a."way", '') = '` + audit.FHIR + `' AND a."action" = '` + string(action) + "')"}
}

var actions = map[audit.Action]fhir.AuditEventAction{
	audit.Create: fhir.AuditEventActionC, audit.Read: fhir.AuditEventActionR, audit.Update: fhir.AuditEventActionU, audit.Delete: fhir.AuditEventActionD,
	audit.Start: fhir.AuditEventActionE, audit.Stop: fhir.AuditEventActionE, audit.Lost: fhir.AuditEventActionE,
}

// entries makes events of lines.
func (s *Service) entries(ctx context.Context, q db.Query, lines []audit.Line) ([]apifhir.Entry, error) {
	known, err := s.resolve(ctx, q, lines)
	if err != nil {
		return nil, err
	}
	entries := make([]apifhir.Entry, len(lines))
	for i, l := range lines {
		entries[i] = apifhir.Entry{ID: idOf(l), VersionTime: l.At, Position: position(l), Resource: event(l, known, auth.ScopeOf(ctx).All)}
	}
	return entries, nil
}

// event is a line as a resource; all says that the reader sees every row of the database.
func event(l audit.Line, known *names, all bool) *fhir.AuditEvent {
	e := &fhir.AuditEvent{Recorded: apifhir.InstantText(l.At), Action: apifhir.Ptr(actions[l.Action]), Outcome: apifhir.Ptr(fhir.AuditEventOutcome0),
		Source: fhir.AuditEventSource{Observer: fhir.Reference{Display: apifhir.Ptr(l.Process)},
			Type: []fhir.Coding{coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")}}}
	e.Type = types[slices.IndexFunc(types, func(k kind) bool { return k.is(l) })].coding()
	for _, k := range subtypes {
		if k.is(l) {
			e.Subtype = append(e.Subtype, k.coding())
		}
	}
	switch {
	case l.Outcome == audit.Failed:
		e.Outcome = apifhir.Ptr(fhir.AuditEventOutcome4)
	case l.Action == audit.Lost:
		e.Outcome, e.OutcomeDesc = apifhir.Ptr(fhir.AuditEventOutcome4), apifhir.Ptr(strconv.Itoa(l.Count)+" events could not be kept.")
	}
	e.Agent = []fhir.AuditEventAgent{agent(l)}
	if operation := operationOf(l, all); operation != nil {
		e.Entity = append(e.Entity, *operation)
	}
	hidden := 0
	if l.Subject != audit.Itself {
		for _, id := range l.IDs {
			if entity := known.entity(l.Subject, id, all); entity != nil {
				e.Entity = append(e.Entity, *entity)
			} else {
				hidden++
			}
		}
	}
	if hidden > 0 {
		e.Entity = append(e.Entity, fhir.AuditEventEntity{Type: object(), Description: apifhir.Ptr("What the reader may not see otherwise."),
			Detail: []fhir.AuditEventEntityDetail{{Type: "subject", ValueString: l.Subject}, {Type: "count", ValueString: strconv.Itoa(hidden)}}})
	}
	return e
}

// agent is who did it: a user, or the program itself.
func agent(l audit.Line) fhir.AuditEventAgent {
	if l.User == "" {
		return fhir.AuditEventAgent{Type: apifhir.Concept(dicom, "110150", "Application"), Name: apifhir.Ptr(l.Process)}
	}
	a := fhir.AuditEventAgent{Requestor: true, Name: apifhir.Ptr(l.User), AltId: apifhir.Ptr(l.User)}
	if l.Address != "" {
		a.Network = &fhir.AuditEventAgentNetwork{Address: apifhir.Ptr(l.Address), Type: apifhir.Ptr(fhir.AuditEventAgentNetworkType2)}
	}
	return a
}

// operationOf is the request or mutation that it was done by, with what was asked of the log.
func operationOf(l audit.Line, all bool) *fhir.AuditEventEntity {
	if l.Operation == "" && l.Request == "" {
		return nil
	}
	e := &fhir.AuditEventEntity{Type: object(), Role: apifhir.Ptr(coding(roles, "24", "Query"))}
	if l.Operation != "" {
		e.Name = apifhir.Ptr(l.Operation)
	}
	if l.Subject == audit.Itself && all && len(l.IDs) > 0 { // what was asked for may name somebody
		e.Name, e.Query = nil, apifhir.Ptr(base64.StdEncoding.EncodeToString([]byte(strings.TrimPrefix(l.IDs[0], codePrefix))))
	}
	for _, d := range [][2]string{{"way", l.Way}, {"request", l.Request}} {
		if d[1] != "" {
			e.Detail = append(e.Detail, fhir.AuditEventEntityDetail{Type: d[0], ValueString: d[1]})
		}
	}
	return e
}

func coding(system, code, display string) fhir.Coding {
	return fhir.Coding{System: &system, Code: &code, Display: &display}
}

func object() *fhir.Coding { return apifhir.Ptr(coding(entityTypes, "2", "System Object")) }
