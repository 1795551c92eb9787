// Package policyplay is what two ways to play the golden scenarios of policies share: by the pure rules, and through service
// and store on a database. It reads the parameters of the legacy procedures and writes answers as the procedures do.
package policyplay

import (
	"time"

	"github.com/openimis/openimis-be-go/internal/testing/golden"
	insuree "github.com/openimis/openimis-be-go/modules/insuree/rules"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

// Record is one step played: RETURN value with OUT parameters, and result sets.
type Record struct {
	Return golden.Record
	Sets   [][]golden.Record
}

// Parameters of the procedures.
type (
	PeriodParams struct {
		ProdId      int
		EnrolDate   time.Time
		PolicyStage string
	}
	ValueParams struct {
		FamilyId, ProdId, PolicyId, PreviousPolicyId int
		PolicyStage                                  string
		EnrollDate                                   *time.Time
	}
	LastDateParams struct{ PolicyId int }
	CoverParams    struct {
		InsureeId int
		Activate  bool
	}
	RenewalParams struct {
		RemindingInterval, RegionId, DistrictId, WardId, VillageId, OfficerId *int
		DateFrom, DateTo                                                      *time.Time
	}
	InquiryParams struct {
		CHFID      string
		LocationId int
	}
	EligibilityParams struct{ CHFID, ServiceCode, ItemCode string }
)

// Decode reads the parameters of a step.
func Decode[T any](w *golden.World, params golden.Row) (in T) {
	w.Decode(params, &in)
	return in
}

// Filter is what the parameters ask for.
func (in RenewalParams) Filter() rules.RenewalFilter {
	return rules.RenewalFilter{Interval: in.RemindingInterval, Region: in.RegionId, District: in.DistrictId, Ward: in.WardId,
		Village: in.VillageId, Officer: in.OfficerId, From: in.DateFrom, To: in.DateTo}
}

// StandardInterval is tblIMISDefaults.PolicyRenewalInterval of the database that the scenarios were recorded with.
const StandardInterval = 14

// PeriodRecord is what uspGetPolicyPeriod answers.
func PeriodRecord(p rules.Period) Record {
	return Record{
		Return: golden.Record{"return": 0, "HasCycles": p.HasCycles},
		Sets:   one(golden.Record{"StartDate": p.Start, "ExpiryDate": p.Expiry, "HasCycle": p.HasCycles}),
	}
}

// ValueRecord is what uspPolicyValue answers.
func ValueRecord(v rules.Valuation) Record {
	return Record{
		Return: golden.Record{"return": v.Truncated(), "ErrorCode": v.ErrorCode},
		Sets:   one(golden.Record{"PolicyValue": v.Value}),
	}
}

// LastDateRecord is what uspLastDateForPayment answers.
func LastDateRecord(last *time.Time) Record {
	return Record{Return: golden.Record{"return": 0}, Sets: one(golden.Record{"LastDate": nullable(last)})}
}

// CoverRecord is what uspAddInsureePolicy answers: the value of each policy.
func CoverRecord(rows []rules.Coverage) Record {
	rec := Record{Return: golden.Record{"return": 0}}
	for _, r := range rows {
		rec.Sets = append(rec.Sets, one(golden.Record{"PolicyValue": r.Value.Value})...)
	}
	return rec
}

// InquiryRecords are the rows that uspPolicyInquiry answers about an insuree.
func InquiryRecords(i insuree.Insuree, rows []rules.InquiryRow) []golden.Record {
	records := []golden.Record{}
	gender := map[bool]string{true: "Male", false: "Female"}[i.Gender != nil && *i.Gender == "M"]
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

// EligibilityRecord is what uspServiceItemEnquiry answers.
func EligibilityRecord(e rules.Eligibility) Record {
	rec := Record{
		Return: golden.Record{"return": 0, "MinDateService": nullable(e.MinDateService), "MinDateItem": nullable(e.MinDateItem),
			"ServiceLeft": nullable(e.ServiceLeft), "ItemLeft": nullable(e.ItemLeft), "isServiceOK": e.ServiceOK, "isItemOK": e.ItemOK},
		Sets: [][]golden.Record{{}},
	}
	if t := e.Totals; t != nil {
		rec.Sets = one(golden.Record{"ProdId": t.ProductID, "TotalAdmissionsLeft": nullable(t.Admissions),
			"TotalVisitsLeft": nullable(t.Visits), "TotalConsultationsLeft": nullable(t.Consultations),
			"TotalSurgeriesLeft": nullable(t.Surgeries), "TotalDelivieriesLeft": nullable(t.Deliveries),
			"TotalAntenatalLeft": nullable(t.Antenatal), "ConsultationAmountLeft": nullable(t.ConsultationAmount),
			"SurgeryAmountLeft": nullable(t.SurgeryAmount), "DeliveryAmountLeft": nullable(t.DeliveryAmount),
			"HospitalizationAmountLeft": nullable(t.HospitalizationAmount), "AntenatalAmountLeft": nullable(t.AntenatalAmount)})
	}
	return rec
}

func one(r golden.Record) [][]golden.Record { return [][]golden.Record{{r}} }

func nullable[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}
