package claim

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
	"github.com/openimis/openimis-be-go/modules/policy"
)

// fhirClaim is a row of tblClaim as Claim, ClaimResponse and CommunicationRequest are made of it.
type fhirClaim struct {
	fhirsql.Row
	Status         int          `db:"ClaimStatus"`
	From           time.Time    `db:"DateFrom"`
	To             *time.Time   `db:"DateTo"`
	Made           time.Time    `db:"DateClaimed"`
	ProcessedOn    *time.Time   `db:"DateProcessed"`
	Submitted      *time.Time   `db:"SubmitStamp"`
	Processed      *time.Time   `db:"ProcessStamp"`
	Claimed        rules.Amount `db:"Claimed"`
	Approved       rules.Amount `db:"Approved"`
	Valuated       rules.Amount `db:"Valuated"`
	Adjustment     *string      `db:"Adjustment"`
	Explanation    *string      `db:"Explanation"`
	GuaranteeID    *string      `db:"GuaranteeId"`
	VisitType      *string      `db:"VisitType"`
	Reason         *int         `db:"RejectionReason"`
	FeedbackStatus *int         `db:"FeedbackStatus"`
	InsureeID      int          `db:"InsureeID"`
	ICDID          *int         `db:"ICDID"`
	ICDID1         *int         `db:"ICDID1"`
	ICDID2         *int         `db:"ICDID2"`
	ICDID3         *int         `db:"ICDID3"`
	ICDID4         *int         `db:"ICDID4"`

	Patient  fhirsql.Ref `db:"patient"`
	Facility fhirsql.Ref `db:"facility"`
	Admin    fhirsql.Ref `db:"admin"`
	Feedback fhirsql.Ref `db:"feedback"`

	diagnoses   [rules.DiagnosisCount]*fhirDiagnosis
	lines       []*fhirLine // all items, then all services: their places are the sequence numbers
	cover       fhirsql.Ref
	attachments []fhirAttachment
}

// changed is when the row was changed last: the latest of ValidityFrom and [claimStamps].
func (c *fhirClaim) changed() time.Time {
	var last time.Time
	for _, t := range []*time.Time{c.Changed, c.Submitted, c.Processed} {
		if t != nil && t.After(last) {
			last = *t
		}
	}
	return last
}

// claimStamps are when a claim was changed last, beside ValidityFrom: submission and processing leave that as it is.
var claimStamps = []string{"SubmitStamp", "ProcessStamp"}

// entry is Row.Entry with the moment of the last change.
func (c *fhirClaim) entry(resource any) apifhir.Entry {
	e := c.Entry(resource)
	e.VersionTime = c.changed()
	return e
}

// fhirDiagnosis is a diagnosis of a claim, which need not be current any more.
type fhirDiagnosis struct {
	ID   int     `db:"ICDID"`
	Code string  `db:"ICDCode"`
	Name *string `db:"ICDName"`
}

// fhirLine is an item or a service of a claim with its entry in the register, which need not be current any more.
type fhirLine struct {
	Claim           int             `db:"ClaimID"`
	Status          int             `db:"Status"`
	Reason          *int            `db:"RejectionReason"`
	QtyProvided     decimal.Decimal `db:"QtyProvided"`
	QtyApproved     rules.Amount    `db:"QtyApproved"`
	PriceAsked      decimal.Decimal `db:"PriceAsked"`
	PriceApproved   rules.Amount    `db:"PriceApproved"`
	PriceAdjusted   rules.Amount    `db:"PriceAdjusted"`
	PriceValuated   rules.Amount    `db:"PriceValuated"`
	LimitationValue rules.Amount    `db:"LimitationValue"`
	Explanation     *string         `db:"Explanation"`
	Justification   *string         `db:"Justification"`
	Key             int             `db:"EntryKey"`
	UUID            db.UUID         `db:"EntryUUID"`
	Code            string          `db:"EntryCode"`
	Line            int             `db:"LineID"`
	Live            int             `db:"Live"` // the key of the line that it is a copy of, or its own
	From            *time.Time      `db:"ValidFrom"`
	To              *time.Time      `db:"ValidTo"`
	Kind            rules.Kind      `db:"Kind"`
}

// entry refers to the item or service.
func (l *fhirLine) entry() fhirsql.Ref { return fhirsql.Ref{Key: &l.Key, UUID: l.UUID, Code: &l.Code} }

// quantity is the approved one, where there is one.
func (l *fhirLine) quantity() decimal.Decimal {
	if l.QtyApproved != nil {
		return *l.QtyApproved
	}
	return l.QtyProvided
}

// reason of rejection; 0: none.
func (l *fhirLine) reason() int { return value(l.Reason) }

func value(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

var (
	claimColumns = []string{"ClaimStatus", "DateFrom", "DateTo", "DateClaimed", "DateProcessed", "SubmitStamp", "ProcessStamp", "Claimed", "Approved", "Valuated",
		"Adjustment", "Explanation", "GuaranteeId", "VisitType", "RejectionReason", "FeedbackStatus", "InsureeID", "ICDID", "ICDID1", "ICDID2", "ICDID3", "ICDID4"}
	claimLinks = []fhirsql.Link{
		{Alias: "patient", Table: insuree.Insurees, Via: "InsureeID"},
		{Alias: "facility", Table: location.Facilities, Via: "HFID"},
		{Alias: "admin", Table: location.ClaimAdmins, Via: "ClaimAdminId"},
		{Alias: "feedback", Table: Feedbacks, Via: "FeedbackID"},
	}
	// claimStatuses are what the search parameter status of Claim takes: "active" of FHIR is every claim, the others are
	// those of openIMIS by name and by number.
	claimStatuses = map[string][]any{
		"active":   {rules.StatusRejected, rules.StatusEntered, rules.StatusChecked, rules.StatusProcessed, rules.StatusValuated},
		"rejected": {rules.StatusRejected}, "1": {rules.StatusRejected}, "entered": {rules.StatusEntered}, "2": {rules.StatusEntered},
		"checked": {rules.StatusChecked}, "4": {rules.StatusChecked}, "processed": {rules.StatusProcessed}, "8": {rules.StatusProcessed},
		"valuated": {rules.StatusValuated}, "16": {rules.StatusValuated},
	}
)

// claimSource is a source over all claims: whatever is made of them, a page has the same rows in the same order.
func claimSource(params []fhirsql.Param, read func(fhirClaim) apifhir.Entry, parts ...related) *fhirsql.Source[fhirClaim] {
	return &fhirsql.Source[fhirClaim]{
		Table: Claims, Columns: claimColumns, Links: claimLinks, Stamps: claimStamps, Params: params,
		Sort: map[string]string{"created": "DateClaimed", "identifier": "ClaimCode"},
		Load: func(ctx context.Context, q db.Query, rows []fhirClaim) error { return loadRelated(ctx, q, rows, parts) },
		Map:  read,
	}
}

// related is a read of what claims have elsewhere; put gives it to the claims. A read without Dest is none.
type related func(ctx context.Context, q db.Query, rows []fhirClaim) (read db.Read, put func(), err error)

func loadRelated(ctx context.Context, q db.Query, rows []fhirClaim, parts []related) error {
	reads := make([]db.Read, 0, len(parts))
	puts := make([]func(), 0, len(parts))
	for _, part := range parts {
		read, put, err := part(ctx, q, rows)
		if err != nil {
			return err
		}
		if read.Dest != nil {
			reads, puts = append(reads, read), append(puts, put)
		}
	}
	if err := db.Together(ctx, q, reads...); err != nil {
		return fmt.Errorf("read what belongs to %d claims: %w", len(rows), err)
	}
	for _, put := range puts {
		put()
	}
	return nil
}

// linesOf reads the items and services of claims: the current ones, and those that versions had. Copies of lines are of the
// claim, or of the row that keeps the version.
func linesOf(_ context.Context, q db.Query, rows []fhirClaim) (db.Read, func(), error) {
	keys, at := fhirsql.ByKey(rows)
	for i := range rows {
		if c := rows[i].Copy; rows[i].Ended != nil && at[c] == nil {
			keys, at[c] = append(keys, c), []*fhirClaim{&rows[i]}
		}
	}
	var parts []string
	var args []any
	for k := range rules.KindCount {
		n, entries := &rules.Legacy[k], [rules.KindCount]*table.Table{rules.Items: medical.Items, rules.Services: medical.Services}[k]
		uuid := ""
		if entries.HasUUID(q) {
			uuid = `, e."` + entries.UUID + `" AS "EntryUUID"`
		}
		parts = append(parts, `SELECT `+strconv.Itoa(int(k))+` AS "Kind", l."`+n.LineID+`" AS "LineID", l."ClaimID" AS "ClaimID", l."ValidityFrom" AS "ValidFrom", l."ValidityTo" AS "ValidTo", COALESCE(l."LegacyID", l."`+n.LineID+`") AS "Live", l."`+n.LineStatus+`" AS "Status", l."RejectionReason" AS "RejectionReason",
			l."QtyProvided" AS "QtyProvided", l."QtyApproved" AS "QtyApproved", l."PriceAsked" AS "PriceAsked", l."PriceApproved" AS "PriceApproved",
			l."PriceAdjusted" AS "PriceAdjusted", l."PriceValuated" AS "PriceValuated", l."LimitationValue" AS "LimitationValue", l."Explanation" AS "Explanation", l."Justification" AS "Justification",
			e."`+n.EntryID+`" AS "EntryKey", e."`+n.EntryCode+`" AS "EntryCode"`+uuid+`
			FROM "`+n.Lines+`" AS l JOIN "`+n.Entry+`" AS e ON e."`+n.EntryID+`" = l."`+n.EntryID+`"
			WHERE l."ClaimID" IN $ints(?) AND `+fhirsql.Kept(rows, "l"))
		args = append(args, keys)
	}
	lines := make([]fhirLine, 0, 4*len(rows))
	return db.Read{Dest: &lines, Src: strings.Join(parts, " UNION ALL ") + ` ORDER BY "Kind", "Live", "LineID"`, Args: args}, func() {
		counts := make(map[int]int, len(at))
		for i := range lines {
			counts[lines[i].Claim]++
		}
		for i := range lines {
			l := &lines[i]
			for _, c := range at[l.Claim] {
				if !c.Held(l.From, l.To) {
					continue
				}
				if c.lines == nil {
					c.lines = make([]*fhirLine, 0, counts[l.Claim])
				}
				c.lines = append(c.lines, l)
			}
		}
	}, nil
}

// diagnoses are those that were read a moment ago.
type diagnoses struct{ fhirsql.Recent[*fhirDiagnosis] }

// load finds the diagnoses of claims; there is nothing left to read.
func (d *diagnoses) load(ctx context.Context, q db.Query, rows []fhirClaim) (none db.Read, put func(), err error) {
	var wanted set
	for i := range rows {
		for _, id := range rows[i].diagnosisIDs() {
			wanted.addIf(id)
		}
	}
	known, err := d.Of(q, wanted.list(), func(keys db.Ints) (map[int]*fhirDiagnosis, error) {
		var found []fhirDiagnosis
		if err := q.Select(ctx, &found, `SELECT d."ICDID", d."ICDCode", d."ICDName" FROM "tblICDCodes" AS d WHERE d."ICDID" IN $ints(?)`, keys); err != nil {
			return nil, fmt.Errorf("read the diagnoses of %d claims: %w", len(rows), err)
		}
		at := make(map[int]*fhirDiagnosis, len(found))
		for i := range found {
			at[found[i].ID] = &found[i]
		}
		return at, nil
	})
	if err != nil {
		return none, nil, err
	}
	for i := range rows {
		for place, id := range rows[i].diagnosisIDs() {
			if id != nil {
				rows[i].diagnoses[place] = known[*id]
			}
		}
	}
	return none, nil, nil
}

func (c *fhirClaim) diagnosisIDs() [rules.DiagnosisCount]*int {
	return [...]*int{c.ICDID, c.ICDID1, c.ICDID2, c.ICDID3, c.ICDID4}
}

// coversOf finds the policy that a claim is for: of those that cover the patient, the latest that was in force when the
// treatment began, else the latest.
func coversOf(_ context.Context, q db.Query, rows []fhirClaim) (db.Read, func(), error) {
	var patients set
	for i := range rows {
		patients.add(rows[i].InsureeID)
	}
	uuid := ""
	if policy.Policies.HasUUID(q) {
		uuid = `, p."` + policy.Policies.UUID + `" AS "UUID"`
	}
	var covers []struct {
		Insuree int        `db:"InsureeId"`
		From    *time.Time `db:"EffectiveDate"`
		To      *time.Time `db:"ExpiryDate"`
		fhirsql.Ref
	}
	src := `SELECT c."InsureeId", c."EffectiveDate", c."ExpiryDate", p."PolicyID" AS "Key"` + uuid + `
		FROM "tblInsureePolicy" AS c JOIN "tblPolicy" AS p ON p."PolicyID" = c."PolicyId"
		WHERE c."InsureeId" IN $ints(?) AND c."ValidityTo" IS NULL AND p."ValidityTo" IS NULL ORDER BY p."PolicyID"`
	return db.Read{Dest: &covers, Src: src, Args: []any{patients.list()}}, func() {
		for i := range rows {
			inForce := false
			for _, c := range covers {
				if c.Insuree != rows[i].InsureeID {
					continue
				}
				holds := c.From != nil && !c.From.After(rows[i].From) && (c.To == nil || !c.To.Before(rows[i].From))
				if holds || !inForce {
					rows[i].cover, inForce = c.Ref, holds
				}
			}
		}
	}, nil
}
