package rules_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/testing/golden"
	"github.com/openimis/openimis-be-go/internal/testing/policyplay"
	insuree "github.com/openimis/openimis-be-go/modules/insuree/rules"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// The scenarios run in memory: each procedure has a player that fills the input structs of the rule from the rows of
// the scenario, as a store would, and writes back what the rule answers.

type player func(w *golden.World, params golden.Row) (policyplay.Record, error)

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
		for _, d := range w.DiffReturn(i, got.Return) {
			t.Error(d)
		}
		if want := len(w.Expected.ResultSets[i]); want != len(got.Sets) {
			t.Errorf("step %d %s: want %d result sets, got %d", i, step.Proc, want, len(got.Sets))
			continue
		}
		for n, set := range got.Sets {
			for _, d := range w.DiffResult(i, n, set, false) {
				t.Error(d)
			}
		}
	}
	for _, d := range w.Diff() {
		t.Error(d)
	}
}

func playPeriod(w *golden.World, params golden.Row) (policyplay.Record, error) {
	in := policyplay.Decode[policyplay.PeriodParams](w, params)
	p, err := rules.PeriodOf(find(products(w), in.ProdId), in.EnrolDate, in.PolicyStage)
	return policyplay.PeriodRecord(p), err
}

func playValue(w *golden.World, params golden.Row) (policyplay.Record, error) {
	in := policyplay.Decode[policyplay.ValueParams](w, params)
	if in.EnrollDate == nil {
		in.EnrollDate = &w.Today
	}
	policies := golden.Scan[rules.Policy](w, "tblPolicy")
	req := rules.ValueRequest{ProductID: in.ProdId, Stage: in.PolicyStage, Enrol: *in.EnrollDate}
	if in.PolicyId > 0 {
		p := find(policies, in.PolicyId)
		req, in.FamilyId = rules.RequestFor(p), p.FamilyID
	}
	if in.PreviousPolicyId > 0 {
		req.Previous = new(find(policies, in.PreviousPolicyId))
	}
	v, err := rules.Value(req, product.NewCatalogue(products(w)), members(w, in.FamilyId), w.Today)
	return policyplay.ValueRecord(v), err
}

func playLastDate(w *golden.World, params golden.Row) (policyplay.Record, error) {
	in := policyplay.Decode[policyplay.LastDateParams](w, params)
	p := find(golden.Scan[rules.Policy](w, "tblPolicy"), in.PolicyId)
	return policyplay.LastDateRecord(rules.LastDateForPayment(p, find(products(w), p.ProductID))), nil
}

func playCover(w *golden.World, params golden.Row) (policyplay.Record, error) {
	in := policyplay.Decode[policyplay.CoverParams](w, params)
	i := find(golden.Scan[insuree.Insuree](w, "tblInsuree"), in.InsureeId)
	rows, err := rules.Cover(rules.CoverageData{
		Insuree:  i,
		Members:  members(w, *i.FamilyID),
		Policies: ofFamily(w, *i.FamilyID),
		Products: product.NewCatalogue(products(w)),
		Offline:  new(false), // as in the database that the scenarios were recorded with
	}, in.Activate, w.Today)
	for _, r := range rows {
		golden.Store(w, "tblInsureePolicy", r.InsureePolicy)
	}
	return policyplay.CoverRecord(rows), err
}

func playStatus(w *golden.World, _ golden.Row) (policyplay.Record, error) {
	policies := golden.Scan[rules.Policy](w, "tblPolicy")
	for _, id := range rules.Expire(policies, w.Today) {
		p := find(policies, id)
		p.Status = new(rules.StatusExpired)
		golden.Store(w, "tblPolicy", p)
	}
	return policyplay.Record{Return: golden.Record{"return": 0}}, nil
}

func playRenewals(w *golden.World, params golden.Row) (policyplay.Record, error) {
	filter := policyplay.Decode[policyplay.RenewalParams](w, params).Filter()
	standard := policyplay.StandardInterval
	data := rules.RenewalData{Standard: &standard, Policies: golden.Scan[rules.Policy](w, "tblPolicy"), Prompted: map[int]bool{},
		Products: product.NewCatalogue(products(w)), Officers: map[int]rules.Officer{}, Members: map[int][]insuree.Insuree{}}
	for _, f := range golden.Scan[insuree.Family](w, "tblFamilies") {
		data.Members[f.ID] = members(w, f.ID)
		f.ValidityTo = nil // not asked for here
		if home := residence(w, f); home != nil {
			for _, p := range ofFamily(w, f.ID) {
				data.Candidates = append(data.Candidates, rules.RenewalCandidate{Policy: p, Residence: *home, HeadID: f.HeadID})
			}
		}
	}
	slices.SortFunc(data.Candidates, func(a, b rules.RenewalCandidate) int { return a.ID - b.ID })
	for _, o := range golden.Scan[rules.Officer](w, "tblOfficer") {
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
		rules.Renewal
		AuditUser int `db:"AuditCreateUser"`
	}
	type detail struct {
		ID        int `db:"RenewalDetailID"`
		RenewalID int `db:"RenewalID"`
		InsureeID int `db:"InsureeID"`
		AuditUser int `db:"AuditCreateUser"`
	}
	for _, r := range rules.Renewals(filter, data, w.Today) {
		ids := golden.Store(w, "tblPolicyRenewals", stored{Renewal: r})
		for _, i := range r.Photos {
			golden.Store(w, "tblPolicyRenewalDetails", detail{RenewalID: ids[0], InsureeID: i})
		}
	}
	return policyplay.Record{Return: golden.Record{"return": 0}}, nil
}

func playInquiry(w *golden.World, params golden.Row) (policyplay.Record, error) {
	in := policyplay.Decode[policyplay.InquiryParams](w, params)
	rec := policyplay.Record{Return: golden.Record{"return": 0}, Sets: [][]golden.Record{{}}}
	i := byCHFID(w, in.CHFID)
	if i == nil {
		return rec, nil
	}
	data := rules.InquiryData{
		Insuree:     *i,
		Residence:   residence(w, find(golden.Scan[insuree.Family](w, "tblFamilies"), *i.FamilyID)),
		Members:     members(w, *i.FamilyID),
		Policies:    ofFamily(w, *i.FamilyID),
		Products:    product.NewCatalogue(products(w)),
		Cover:       golden.Scan[rules.InsureePolicy](w, "tblInsureePolicy"),
		Consumption: golden.Scan[rules.Consumption](w, "tblClaimDedRem"),
	}
	rec.Sets[0] = policyplay.InquiryRecords(*i, rules.Inquire(data, in.LocationId, w.Today))
	return rec, nil
}

func playEligibility(w *golden.World, params golden.Row) (policyplay.Record, error) {
	in := policyplay.Decode[policyplay.EligibilityParams](w, params)
	data := rules.EligibilityData{Insuree: byCHFID(w, in.CHFID), Products: product.NewCatalogue(products(w))}
	if data.Insuree != nil {
		policies := golden.Scan[rules.Policy](w, "tblPolicy")
		for _, ip := range golden.Scan[rules.InsureePolicy](w, "tblInsureePolicy") {
			if p := find(policies, ip.PolicyID); ip.InsureeID == data.Insuree.ID && ip.Current() {
				data.Covers = append(data.Covers, rules.ProductCover{InsureePolicy: ip, ProductID: p.ProductID, Status: p.Status, PolicyClosed: p.ValidityTo})
			}
		}
	}
	open := map[int]bool{}
	for _, c := range golden.Scan[struct {
		rules.PastClaim
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
			data.Service = &rules.Wanted{Category: s.Category}
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
			data.Item = &rules.Wanted{}
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
			data.Services = append(data.Services, rules.PastLine{l.ClaimID, l.ProductID, l.Status, l.RejectionReason, l.ValidityTo})
		}
	}
	for _, l := range golden.Scan[struct {
		line
		Status int `db:"ClaimItemStatus"`
	}](w, "tblClaimItems") {
		if open[l.ClaimID] {
			data.Items = append(data.Items, rules.PastLine{l.ClaimID, l.ProductID, l.Status, l.RejectionReason, l.ValidityTo})
		}
	}

	return policyplay.EligibilityRecord(rules.Enquire(data, w.Today)), nil
}

// Rows that several players read.

func products(w *golden.World) []product.Product {
	return golden.Scan[product.Product](w, "tblProduct")
}

func members(w *golden.World, familyID int) []insuree.Insuree {
	return slices.DeleteFunc(golden.Scan[insuree.Insuree](w, "tblInsuree"), func(i insuree.Insuree) bool { return !i.InFamily(familyID) })
}

func ofFamily(w *golden.World, familyID int) []rules.Policy {
	return slices.DeleteFunc(golden.Scan[rules.Policy](w, "tblPolicy"), func(p rules.Policy) bool { return p.FamilyID != familyID })
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
	case rules.Policy:
		return r.ID
	}
	panic(fmt.Sprintf("no id in %T", row))
}
