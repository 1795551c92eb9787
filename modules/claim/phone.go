package claim

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// CodedClaim is a claim as phones and FHIR clients send it: everything by code. It is the document of
// uspUpdateClaimFromPhone (§8.8).
type CodedClaim struct {
	ClaimDate   time.Time
	StartDate   time.Time
	EndDate     *time.Time
	HFCode      string
	AdminCode   string
	ClaimCode   string
	GuaranteeID *string
	CHFID       string
	// ICDCodes are the main and up to four additional diagnoses; empty additional ones are none.
	ICDCodes  [diagnosisCount]string
	Comment   *string
	VisitType string
	Lines     [rules.KindCount][]CodedLine
}

// CodedLine is an item or service of a CodedClaim.
type CodedLine struct {
	Code     string
	Price    rules.Amount // nil and 0: the price list's
	Quantity decimal.Decimal
}

// Lengths of the procedure's variables; longer codes are cut without a word (§13 #29). Since database 1.7
// all of them have 50 characters.
const (
	claimCodeLength = 8
	chfIDLength     = 12
)

const diagnosisCount = 5

// Cut shortens the codes as the procedure does, to a claim code of the length that the database has (see
// codeLength). Rows are looked up with the codes of the result.
func (c CodedClaim) Cut(codeLength int) CodedClaim {
	c.ClaimCode = cut(c.ClaimCode, codeLength)
	c.CHFID = cut(c.CHFID, max(chfIDLength, codeLength))
	return c
}

func cut(s string, length int) string {
	n := 0
	for i, r := range s {
		if n += schema.Length(string(r)); n > length {
			return s[:i]
		}
	}
	return s
}

// CodedRows is what Enter needs, looked up with the codes of a cut CodedClaim. Codes are compared as the
// database does, without case.
type CodedRows struct {
	// tblHF: HfID of the current facility with HFCode; nil: none.
	HFID *int
	// tblClaim: whether a current claim of that facility has the ClaimCode.
	CodeUsed bool
	// tblInsuree: InsureeID of the current insuree with the CHFID; nil: none.
	InsureeID *int
	// tblICDCodes: the current ones among ICDCodes.
	Diagnoses []CodedRow
	// tblItems, tblServices: the current ones among the lines' codes, each once, with PriceOverule of the
	// current detail in the facility's current price list or without one.
	Entries [rules.KindCount][]CodedRow
	// tblClaimAdmin: the current one with AdminCode; nil: none.
	AdminID *int
	// tblControls: whether FieldName ClaimAdministrator has the Adjustibility M, mandatory.
	AdminRequired bool
}

// CodedRow is a row found by its code.
type CodedRow struct {
	ID           int          `db:"ID"`
	Code         string       `db:"Code"`
	Price        rules.Amount `db:"Price"`        // items and services only
	PriceOverule rules.Amount `db:"PriceOverule"` // items and services only
}

// Return values of uspUpdateClaimFromPhone. Value 6 (no total) is never returned; the procedure's -1 is an error here.
const (
	EnterOK        = 0
	EnterFacility  = 1
	EnterCodeUsed  = 2
	EnterInsuree   = 3
	EnterPeriod    = 4
	EnterDiagnosis = 5
	EnterItem      = 7
	EnterService   = 8
	EnterAdmin     = 9
)

var enterTexts = map[int]string{
	EnterOK:        "the claim is entered",
	EnterFacility:  "there is no health facility with this code",
	EnterCodeUsed:  "the health facility has a claim with this code already",
	EnterInsuree:   "there is no insuree with this number",
	EnterPeriod:    "the claim ends before it starts",
	EnterDiagnosis: "a diagnosis is unknown",
	EnterItem:      "an item is unknown",
	EnterService:   "a service is unknown",
	EnterAdmin:     "the code of the claim administrator is missing",
}

// EnterText says in a sentence what a return value of Enter means.
func EnterText(code int) string { return enterTexts[code] }

// EnteredClaim is a new row of tblClaim with its lines. It has status StatusEntered and the defaults of the
// table else, and waits for submission.
type EnteredClaim struct {
	InsureeID    int             `db:"InsureeID"`
	HFID         int             `db:"HFID"`
	ClaimAdminID *int            `db:"ClaimAdminId"`
	ClaimCode    string          `db:"ClaimCode"`
	DateClaimed  time.Time       `db:"DateClaimed"`
	DateFrom     time.Time       `db:"DateFrom"`
	DateTo       *time.Time      `db:"DateTo"`
	ICDID        int             `db:"ICDID"`
	ICDID1       *int            `db:"ICDID1"`
	ICDID2       *int            `db:"ICDID2"`
	ICDID3       *int            `db:"ICDID3"`
	ICDID4       *int            `db:"ICDID4"`
	VisitType    *string         `db:"VisitType"`
	GuaranteeID  *string         `db:"GuaranteeId"`
	Explanation  *string         `db:"Explanation"`
	Claimed      decimal.Decimal `db:"Claimed"`
	ClaimStatus  int             `db:"ClaimStatus"`
	AuditUserID  int             `db:"AuditUserID"`

	Lines [rules.KindCount][]EnteredLine `db:"-"`
}

// EnteredLine is a new claim line, passed until submission says otherwise.
type EnteredLine struct {
	EntryID         int             `db:"EntryID"`
	QtyProvided     decimal.Decimal `db:"QtyProvided"`
	PriceAsked      decimal.Decimal `db:"PriceAsked"`
	Status          int             `db:"Status"`
	RejectionReason int             `db:"RejectionReason"`
	AuditUserID     int             `db:"AuditUserID"`
	Explanation     *string         `db:"Explanation"`
	Justification   *string         `db:"Justification"`
}

// systemUser is the author of what the procedure writes.
const systemUser = -1

// Enter checks a claim in the order of the procedure and makes the rows to insert. The claim must be cut
// (Cut). Another code than EnterOK comes without rows.
//
// A wrong claim administrator passes, only a missing code does not; quantities lose their fraction (both
// §13 #29). An item that the price list lacks gets the price of the register and fails at submission.
func (r *CodedRows) Enter(c CodedClaim) (*EnteredClaim, int) {
	diagnoses, diagnosed := r.diagnoses(c)
	var entries [rules.KindCount][]*CodedRow
	known := [rules.KindCount]bool{}
	for k := range rules.KindCount {
		entries[k], known[k] = find(r.Entries[k], c.Lines[k])
	}
	for _, check := range [...]struct {
		fails bool
		code  int
	}{
		{r.HFID == nil, EnterFacility},
		{r.CodeUsed, EnterCodeUsed},
		{r.InsureeID == nil, EnterInsuree},
		{c.EndDate != nil && c.EndDate.Before(c.StartDate), EnterPeriod},
		{!diagnosed, EnterDiagnosis},
		{!known[rules.Items], EnterItem},
		{!known[rules.Services], EnterService},
		{r.AdminRequired && strings.TrimSpace(c.AdminCode) == "", EnterAdmin},
	} {
		if check.fails {
			return nil, check.code
		}
	}
	claim := &EnteredClaim{
		InsureeID: *r.InsureeID, HFID: *r.HFID, ClaimAdminID: r.AdminID, ClaimCode: c.ClaimCode,
		DateClaimed: c.ClaimDate, DateFrom: c.StartDate, DateTo: c.EndDate,
		ICDID: *diagnoses[0], ICDID1: diagnoses[1], ICDID2: diagnoses[2], ICDID3: diagnoses[3], ICDID4: diagnoses[4],
		GuaranteeID: c.GuaranteeID, Explanation: c.Comment, ClaimStatus: rules.StatusEntered, AuditUserID: systemUser,
	}
	if visit := cut(strings.TrimSpace(c.VisitType), 1); visit != "" {
		claim.VisitType = &visit
	}
	for k := range rules.KindCount {
		for i, sent := range c.Lines[k] {
			line := EnteredLine{EntryID: entries[k][i].ID, QtyProvided: sent.Quantity.Truncate(0),
				PriceAsked: enteredPrice(sent.Price, entries[k][i]), Status: rules.LinePassed, AuditUserID: systemUser}
			claim.Lines[k] = append(claim.Lines[k], line)
			claim.Claimed = claim.Claimed.Add(line.PriceAsked.Mul(line.QtyProvided))
		}
	}
	claim.Claimed = claim.Claimed.Round(2)
	return claim, EnterOK
}

// diagnoses by id. The main one must be known, the others when they are given.
func (r *CodedRows) diagnoses(c CodedClaim) (ids [diagnosisCount]*int, ok bool) {
	for i, code := range c.ICDCodes {
		if i > 0 && strings.TrimSpace(code) == "" {
			continue
		}
		row := byCode(r.Diagnoses, code)
		if row == nil {
			return ids, false
		}
		ids[i] = &row.ID
	}
	return ids, true
}

func find(rows []CodedRow, lines []CodedLine) (found []*CodedRow, ok bool) {
	for _, l := range lines {
		row := byCode(rows, l.Code)
		if row == nil {
			return nil, false
		}
		found = append(found, row)
	}
	return found, true
}

func byCode(rows []CodedRow, code string) *CodedRow {
	for i := range rows {
		if strings.EqualFold(strings.TrimRight(rows[i].Code, " "), strings.TrimRight(code, " ")) {
			return &rows[i]
		}
	}
	return nil
}

// enteredPrice is the price sent, else that of the price list, else that of the register.
func enteredPrice(sent rules.Amount, entry *CodedRow) decimal.Decimal {
	if rules.Given(sent) {
		return sent.Round(2)
	}
	return rules.Value(rules.FirstOf(entry.PriceOverule, entry.Price))
}
