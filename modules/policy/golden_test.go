package policy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/golden"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/product"
)

// The scenarios run in memory: each procedure has a player that fills the input structs of the rule from the rows of
// the scenario, as a store would, and writes back what the rule answers.

// record is one step played: RETURN value with OUT parameters, and result sets.
type record struct {
	ret  golden.Record
	sets [][]golden.Record
}

type player func(w *golden.World, params golden.Row) (record, error)

var players = map[string]player{
	"uspGetPolicyPeriod":      playPeriod,
	"uspPolicyValue":          playValue,
	"uspLastDateForPayment":   playLastDate,
	"uspAddInsureePolicy":     playCover,
	"uspPolicyStatusUpdate":   playStatus,
	"uspPolicyRenewalInserts": playRenewals,
	"uspPolicyInquiry":        playInquiry,
	"uspServiceItemEnquiry":   playEligibility,
}

func TestGoldenPolicyValue(t *testing.T)   { golden.Each(t, "policy-value", play) }
func TestGoldenPolicyPeriod(t *testing.T)  { golden.Each(t, "policy-period", play) }
func TestGoldenInsureePolicy(t *testing.T) { golden.Each(t, "insuree-policy", play) }
func TestGoldenLastPayment(t *testing.T)   { golden.Each(t, "last-payment", play) }
func TestGoldenPolicyStatus(t *testing.T)  { golden.Each(t, "policy-status", play) }
func TestGoldenRenewal(t *testing.T)       { golden.Each(t, "renewal", play) }
func TestGoldenInquiry(t *testing.T)       { golden.Each(t, "inquiry", play) }
func TestGoldenEligibility(t *testing.T)   { golden.Each(t, "eligibility", play) }

func play(t *testing.T, w *golden.World) {
	for i, step := range w.Steps {
		if step.Update != "" {
			w.Apply(step)
			continue
		}
		p, ok := players[step.Proc]
		if !ok {
			t.Fatalf("no player for %s", step.Proc)
		}
		got, err := p(w, step.Params)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range w.DiffReturn(i, got.ret) {
			t.Error(d)
		}
		if want := len(w.Expected.ResultSets[i]); want != len(got.sets) {
			t.Errorf("step %d %s: want %d result sets, got %d", i, step.Proc, want, len(got.sets))
			continue
		}
		for n, set := range got.sets {
			for _, d := range w.DiffResult(i, n, set, false) {
				t.Error(d)
			}
		}
	}
	for _, d := range w.Diff() {
		t.Error(d)
	}
}

// Parameters of the procedures.
type (
	periodParams struct {
		ProdId      int
		EnrolDate   time.Time
		PolicyStage string
	}
	valueParams struct {
		FamilyId, ProdId, PolicyId, PreviousPolicyId int
		PolicyStage                                  string
		EnrollDate                                   *time.Time
	}
	lastDateParams struct{ PolicyId int }
	coverParams    struct {
		InsureeId int
		Activate  bool
	}
	renewalParams struct {
		RemindingInterval, RegionId, DistrictId, WardId, VillageId, OfficerId *int
		DateFrom, DateTo                                                      *time.Time
	}
	inquiryParams struct {
		CHFID      string
		LocationId int
	}
	eligibilityParams struct{ CHFID, ServiceCode, ItemCode string }
)

func decode[T any](w *golden.World, params golden.Row) (in T) {
	w.Decode(params, &in)
	return in
}

func (in renewalParams) filter() RenewalFilter {
	return RenewalFilter{Interval: in.RemindingInterval, Region: in.RegionId, District: in.DistrictId, Ward: in.WardId,
		Village: in.VillageId, Officer: in.OfficerId, From: in.DateFrom, To: in.DateTo}
}

// standardInterval is tblIMISDefaults.PolicyRenewalInterval of the database that the scenarios were recorded with.
const standardInterval = 14

func playPeriod(w *golden.World, params golden.Row) (record, error) {
	in := decode[periodParams](w, params)
	p, err := PeriodOf(find(products(w), in.ProdId), in.EnrolDate, in.PolicyStage)
	return periodRecord(p), err
}

func periodRecord(p Period) record {
	return record{
		ret:  golden.Record{"return": 0, "HasCycles": p.HasCycles},
		sets: one(golden.Record{"StartDate": p.Start, "ExpiryDate": p.Expiry, "HasCycle": p.HasCycles}),
	}
}

func playValue(w *golden.World, params golden.Row) (record, error) {
	in := decode[valueParams](w, params)
	if in.EnrollDate == nil {
		in.EnrollDate = &w.Today
	}
	policies := golden.Scan[Policy](w, "tblPolicy")
	req := ValueRequest{ProductID: in.ProdId, Stage: in.PolicyStage, Enrol: *in.EnrollDate}
	if in.PolicyId > 0 {
		p := find(policies, in.PolicyId)
		req, in.FamilyId = RequestFor(p), p.FamilyID
	}
	if in.PreviousPolicyId > 0 {
		req.Previous = pointer(find(policies, in.PreviousPolicyId))
	}
	v, err := Value(req, product.NewCatalogue(products(w)), members(w, in.FamilyId), w.Today)
	return valueRecord(v), err
}

func valueRecord(v Valuation) record {
	return record{
		ret:  golden.Record{"return": v.Truncated(), "ErrorCode": v.ErrorCode},
		sets: one(golden.Record{"PolicyValue": v.Value}),
	}
}

func playLastDate(w *golden.World, params golden.Row) (record, error) {
	in := decode[lastDateParams](w, params)
	p := find(golden.Scan[Policy](w, "tblPolicy"), in.PolicyId)
	return lastDateRecord(LastDateForPayment(p, find(products(w), p.ProductID))), nil
}

func lastDateRecord(last *time.Time) record {
	return record{ret: golden.Record{"return": 0}, sets: one(golden.Record{"LastDate": nullable(last)})}
}

func playCover(w *golden.World, params golden.Row) (record, error) {
	in := decode[coverParams](w, params)
	i := find(golden.Scan[insuree.Insuree](w, "tblInsuree"), in.InsureeId)
	rows, err := Cover(CoverageData{
		Insuree:  i,
		Members:  members(w, *i.FamilyID),
		Policies: ofFamily(w, *i.FamilyID),
		Products: product.NewCatalogue(products(w)),
		Offline:  pointer(false), // as in the database that the scenarios were recorded with
	}, in.Activate, w.Today)
	for _, r := range rows {
		golden.Store(w, "tblInsureePolicy", r.InsureePolicy)
	}
	return coverRecord(rows), err
}

func coverRecord(rows []Coverage) record {
	rec := record{ret: golden.Record{"return": 0}}
	for _, r := range rows {
		rec.sets = append(rec.sets, one(golden.Record{"PolicyValue": r.Value.Value})...)
	}
	return rec
}

func playStatus(w *golden.World, _ golden.Row) (record, error) {
	policies := golden.Scan[Policy](w, "tblPolicy")
	for _, id := range Expire(policies, w.Today) {
		p := find(policies, id)
		p.Status = pointer(StatusExpired)
		golden.Store(w, "tblPolicy", p)
	}
	return record{ret: golden.Record{"return": 0}}, nil
}

func playRenewals(w *golden.World, params golden.Row) (record, error) {
	filter := decode[renewalParams](w, params).filter()
	standard := standardInterval
	data := RenewalData{Standard: &standard, Policies: golden.Scan[Policy](w, "tblPolicy"), Prompted: map[int]bool{},
		Products: product.NewCatalogue(products(w)), Officers: map[int]Officer{}, Members: map[int][]insuree.Insuree{}}
	for _, f := range golden.Scan[insuree.Family](w, "tblFamilies") {
		data.Members[f.ID] = members(w, f.ID)
		f.ValidityTo = nil // not asked for here
		if home := residence(w, f); home != nil {
			for _, p := range ofFamily(w, f.ID) {
				data.Candidates = append(data.Candidates, RenewalCandidate{Policy: p, Residence: *home, HeadID: f.HeadID})
			}
		}
	}
	slices.SortFunc(data.Candidates, func(a, b RenewalCandidate) int { return a.ID - b.ID })
	for _, o := range golden.Scan[Officer](w, "tblOfficer") {
		data.Officers[o.ID] = o
	}
	for _, r := range golden.Scan[struct {
		PolicyID   int        `db:"PolicyID"`
		ValidityTo *time.Time `db:"ValidityTo"`
	}](w, "tblPolicyRenewals") {
		if r.ValidityTo == nil {
			data.Prompted[r.PolicyID] = true
		}
	}
	type stored struct {
		Renewal
		AuditUser int `db:"AuditCreateUser"`
	}
	type detail struct {
		ID        int `db:"RenewalDetailID"`
		RenewalID int `db:"RenewalID"`
		InsureeID int `db:"InsureeID"`
		AuditUser int `db:"AuditCreateUser"`
	}
	for _, r := range Renewals(filter, data, w.Today) {
		ids := golden.Store(w, "tblPolicyRenewals", stored{Renewal: r})
		for _, i := range r.Photos {
			golden.Store(w, "tblPolicyRenewalDetails", detail{RenewalID: ids[0], InsureeID: i})
		}
	}
	return record{ret: golden.Record{"return": 0}}, nil
}

func playInquiry(w *golden.World, params golden.Row) (record, error) {
	in := decode[inquiryParams](w, params)
	rec := record{ret: golden.Record{"return": 0}, sets: [][]golden.Record{{}}}
	i := byCHFID(w, in.CHFID)
	if i == nil {
		return rec, nil
	}
	data := InquiryData{
		Insuree:     *i,
		Residence:   residence(w, find(golden.Scan[insuree.Family](w, "tblFamilies"), *i.FamilyID)),
		Members:     members(w, *i.FamilyID),
		Policies:    ofFamily(w, *i.FamilyID),
		Products:    product.NewCatalogue(products(w)),
		Cover:       golden.Scan[InsureePolicy](w, "tblInsureePolicy"),
		Consumption: golden.Scan[Consumption](w, "tblClaimDedRem"),
	}
	rec.sets[0] = inquiryRecords(*i, Inquire(data, in.LocationId, w.Today))
	return rec, nil
}

func inquiryRecords(i insuree.Insuree, rows []InquiryRow) []golden.Record {
	records := []golden.Record{}
	gender := map[bool]string{true: "Male", false: "Female"}[value(i.Gender) == "M"]
	for _, r := range rows {
		row := golden.Record{"CHFID": *i.CHFID, "PhotoPath": nil, "InsureeName": i.LastName + " " + i.OtherNames,
			"DOB": i.DOB.Format("02/01/2006"), "Gender": gender, "ProductCode": nil, "ProductName": nil,
			"ExpiryDate": nil, "Status": string(r.Status), "DedType": nullable(r.DedType), "Ded1": nullable(r.Ded1),
			"Ded2": nullable(r.Ded2), "Ceiling1": nullable(r.Ceiling1), "Ceiling2": nullable(r.Ceiling2)}
		if r.Product != nil {
			row["ProductCode"], row["ProductName"] = r.Product.Code, r.Product.Name
		}
		if r.Expiry != nil {
			row["ExpiryDate"] = r.Expiry.Format("02/01/2006")
		}
		records = append(records, row)
	}
	return records
}

func playEligibility(w *golden.World, params golden.Row) (record, error) {
	in := decode[eligibilityParams](w, params)
	data := EligibilityData{Insuree: byCHFID(w, in.CHFID), Products: product.NewCatalogue(products(w))}
	if data.Insuree != nil {
		policies := golden.Scan[Policy](w, "tblPolicy")
		for _, ip := range golden.Scan[InsureePolicy](w, "tblInsureePolicy") {
			if p := find(policies, ip.PolicyID); ip.InsureeID == data.Insuree.ID && ip.Current() {
				data.Covers = append(data.Covers, ProductCover{InsureePolicy: ip, ProductID: p.ProductID, Status: p.Status, PolicyClosed: p.ValidityTo})
			}
		}
	}
	open := map[int]bool{}
	for _, c := range golden.Scan[struct {
		PastClaim
		InsureeID int `db:"InsureeID"`
	}](w, "tblClaim") {
		if data.Insuree != nil && c.InsureeID == data.Insuree.ID {
			data.Claims = append(data.Claims, c.PastClaim)
			open[c.ID] = c.ValidityTo == nil
		}
	}
	type closing struct {
		ValidityTo *time.Time `db:"ValidityTo"`
	}
	for _, s := range golden.Scan[struct {
		closing
		ID       int     `db:"ServiceID"`
		Code     string  `db:"ServCode"`
		Category *string `db:"ServCategory"`
	}](w, "tblServices") {
		if in.ServiceCode != "" && s.Code == in.ServiceCode && s.ValidityTo == nil {
			data.Service = &Wanted{Category: s.Category}
			for _, l := range golden.Scan[struct {
				closing
				ID int `db:"ServiceID"`
				product.Limit
			}](w, "tblProductServices") {
				if l.ID == s.ID && l.ValidityTo == nil {
					data.Service.Limits = append(data.Service.Limits, l.Limit)
				}
			}
		}
	}
	for _, i := range golden.Scan[struct {
		closing
		ID   int    `db:"ItemID"`
		Code string `db:"ItemCode"`
	}](w, "tblItems") {
		if in.ItemCode != "" && i.Code == in.ItemCode && i.ValidityTo == nil {
			data.Item = &Wanted{}
			for _, l := range golden.Scan[struct {
				closing
				ID int `db:"ItemID"`
				product.Limit
			}](w, "tblProductItems") {
				if l.ID == i.ID && l.ValidityTo == nil {
					data.Item.Limits = append(data.Item.Limits, l.Limit)
				}
			}
		}
	}
	type line struct {
		closing
		ClaimID         int  `db:"ClaimID"`
		ProductID       *int `db:"ProdID"`
		RejectionReason *int `db:"RejectionReason"`
	}
	for _, l := range golden.Scan[struct {
		line
		Status int `db:"ClaimServiceStatus"`
	}](w, "tblClaimServices") {
		if open[l.ClaimID] {
			data.Services = append(data.Services, PastLine{l.ClaimID, l.ProductID, l.Status, l.RejectionReason, l.ValidityTo})
		}
	}
	for _, l := range golden.Scan[struct {
		line
		Status int `db:"ClaimItemStatus"`
	}](w, "tblClaimItems") {
		if open[l.ClaimID] {
			data.Items = append(data.Items, PastLine{l.ClaimID, l.ProductID, l.Status, l.RejectionReason, l.ValidityTo})
		}
	}

	return eligibilityRecord(Enquire(data, w.Today)), nil
}

func eligibilityRecord(e Eligibility) record {
	rec := record{
		ret: golden.Record{"return": 0, "MinDateService": nullable(e.MinDateService), "MinDateItem": nullable(e.MinDateItem),
			"ServiceLeft": nullable(e.ServiceLeft), "ItemLeft": nullable(e.ItemLeft), "isServiceOK": e.ServiceOK, "isItemOK": e.ItemOK},
		sets: [][]golden.Record{{}},
	}
	if t := e.Totals; t != nil {
		rec.sets = one(golden.Record{"ProdId": t.ProductID, "TotalAdmissionsLeft": nullable(t.Admissions),
			"TotalVisitsLeft": nullable(t.Visits), "TotalConsultationsLeft": nullable(t.Consultations),
			"TotalSurgeriesLeft": nullable(t.Surgeries), "TotalDelivieriesLeft": nullable(t.Deliveries),
			"TotalAntenatalLeft": nullable(t.Antenatal), "ConsultationAmountLeft": nullable(t.ConsultationAmount),
			"SurgeryAmountLeft": nullable(t.SurgeryAmount), "DeliveryAmountLeft": nullable(t.DeliveryAmount),
			"HospitalizationAmountLeft": nullable(t.HospitalizationAmount), "AntenatalAmountLeft": nullable(t.AntenatalAmount)})
	}
	return rec
}

// Rows that several players read.

func products(w *golden.World) []product.Product {
	return golden.Scan[product.Product](w, "tblProduct")
}

func members(w *golden.World, familyID int) []insuree.Insuree {
	return filter(golden.Scan[insuree.Insuree](w, "tblInsuree"), func(i insuree.Insuree) bool { return i.InFamily(familyID) })
}

func ofFamily(w *golden.World, familyID int) []Policy {
	return filter(golden.Scan[Policy](w, "tblPolicy"), func(p Policy) bool { return p.FamilyID == familyID })
}

func byCHFID(w *golden.World, chfid string) *insuree.Insuree {
	for _, i := range golden.Scan[insuree.Insuree](w, "tblInsuree") {
		if i.Current() && i.CHFID != nil && *i.CHFID == chfid {
			return &i
		}
	}
	return nil
}

// residence climbs from the family's village; nil when any step is missing or closed.
func residence(w *golden.World, f insuree.Family) *insuree.Residence {
	if f.VillageID == nil || f.ValidityTo != nil {
		return nil
	}
	var r insuree.Residence
	id := *f.VillageID
	for _, level := range []*int{&r.VillageID, &r.WardID, &r.DistrictID} {
		i := slices.IndexFunc(w.Rows("tblLocations"), func(l golden.Record) bool { return l["LocationId"] == id && l["ValidityTo"] == nil })
		if i < 0 {
			return nil
		}
		*level = id
		id, _ = w.Rows("tblLocations")[i]["ParentLocationId"].(int)
	}
	r.RegionID = id
	return &r
}

func find[T any](rows []T, id int) T {
	for _, r := range rows {
		if got := idOf(r); got == id {
			return r
		}
	}
	panic(fmt.Sprintf("no %T %d", *new(T), id))
}

func idOf(row any) int {
	switch r := row.(type) {
	case product.Product:
		return r.ID
	case insuree.Insuree:
		return r.ID
	case insuree.Family:
		return r.ID
	case Policy:
		return r.ID
	}
	panic(fmt.Sprintf("no id in %T", row))
}

func one(r golden.Record) [][]golden.Record { return [][]golden.Record{{r}} }

func nullable[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}
