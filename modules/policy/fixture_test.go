package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

// village is a village of the test country, which has a region with three districts of two wards with a village each.
type village struct{ id, district int }

// country is what all families of a test share.
type country struct {
	d          *db.DB
	region     int
	districts  []int
	villages   []village
	facilities map[int]int // district → health facility
	product    int
}

var (
	now     = time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)
	epoch   = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	yearEnd = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
)

func (c *country) service() Service { return Service{DB: c.d, Clock: clock.Fixed(now)} }

func found(t testing.TB, d *db.DB) *country {
	c := &country{d: d, facilities: map[int]int{}}
	c.region = c.insert(t, "tblLocations", "LocationName LocationType ParentLocationId AuditUserId", []any{"R", "R", nil, 1})[0]
	for range 3 {
		district := c.insert(t, "tblLocations", "LocationName LocationType ParentLocationId AuditUserId", []any{"D", "D", c.region, 1})[0]
		c.districts = append(c.districts, district)
		c.facilities[district] = c.insert(t, "tblHF", "HFCode HFName LegalForm HFLevel HFCareType LocationId OffLine AuditUserID status",
			[]any{fmt.Sprint("HF", district), "HF", "G", "D", "B", district, false, 1, "AC"})[0]
		for range 2 {
			ward := c.insert(t, "tblLocations", "LocationName LocationType ParentLocationId AuditUserId", []any{"W", "W", district, 1})[0]
			v := c.insert(t, "tblLocations", "LocationName LocationType ParentLocationId AuditUserId", []any{"V", "V", ward, 1})[0]
			c.villages = append(c.villages, village{v, district})
		}
	}
	c.product = c.insert(t, "tblProduct", "ProductCode ProductName InsurancePeriod DateFrom DateTo LumpSum MemberCount GracePeriod Threshold MaxPolicy AuditUserID",
		[]any{"BASIC", "Basic cover", 12, epoch, yearEnd, 100, 20, 0, 4, 1000, 1})[0]
	return c
}

// insert adds rows that are valid from the epoch and answers their ids.
func (c *country) insert(t testing.TB, table, columns string, rows ...[]any) (ids []int) {
	t.Helper()
	for i := range rows {
		rows[i] = append(rows[i], epoch)
	}
	write(t, c.d, func(ctx context.Context, tx *db.Tx) (err error) {
		ids, err = tx.BulkInsert(ctx, table, strings.Fields(columns+" ValidityFrom"), rows)
		return err
	})
	return ids
}

// family settles a family; members have their numbers, the first is the head.
func (c *country) family(t testing.TB, village *int, numbers ...string) (family int, members []int) {
	t.Helper()
	family = c.insert(t, "tblFamilies", "InsureeID LocationId AuditUserID", []any{0, village, 1})[0]
	members = c.insurees(t, family, nil, numbers...)
	if len(members) > 0 {
		write(t, c.d, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Update(ctx, "tblFamilies", family, db.Values{"InsureeID": members[0]})
			return err
		})
	}
	return family, members
}

func (c *country) insurees(t testing.TB, family int, currentVillage *int, numbers ...string) []int {
	t.Helper()
	var rows [][]any
	for _, n := range numbers {
		rows = append(rows, []any{family, n, "Doe", "Jane", epoch, "F", false, false, false, currentVillage, 1})
	}
	return c.insert(t, "tblInsuree", "FamilyID CHFID LastName OtherNames DOB Gender IsHead CardIssued isOffline CurrentVillage AuditUserID", rows...)
}

// policies gives a family policies of this year that cover members.
func (c *country) policies(t testing.TB, n, family int, members []int) []int {
	t.Helper()
	var rows [][]any
	for range n {
		rows = append(rows, []any{family, c.product, newYear, newYear, newYear, yearEnd, rules.StatusActive, 100, rules.StageNew, false, 1})
	}
	ids := c.insert(t, "tblPolicy", "FamilyID ProdID EnrollDate StartDate EffectiveDate ExpiryDate PolicyStatus PolicyValue PolicyStage isOffline AuditUserID", rows...)
	rows = nil
	for _, p := range ids {
		for _, i := range members {
			rows = append(rows, []any{i, p, newYear, newYear, newYear, yearEnd, false, 1})
		}
	}
	c.insert(t, "tblInsureePolicy", "InsureeId PolicyId EnrollmentDate StartDate EffectiveDate ExpiryDate isOffline AuditUserId", rows...)
	return ids
}

func (c *country) premium(t testing.TB, policy int, amount string, photoFee bool, validityTo *time.Time) int {
	t.Helper()
	return c.insert(t, "tblPremium", "PolicyID Amount Receipt PayDate PayType isPhotoFee isOffline ValidityTo AuditUserID CreatedDate",
		[]any{policy, decimal.RequireFromString(amount), "R", newYear, "C", photoFee, false, validityTo, 1, newYear})[0]
}

// empty removes all families with what belongs to them.
func (c *country) empty(t testing.TB) {
	t.Helper()
	write(t, c.d, func(ctx context.Context, tx *db.Tx) error {
		for _, table := range []string{"tblPolicyRenewalDetails", "tblPolicyRenewals", "tblClaimDedRem", "tblPremium", "tblInsureePolicy", "tblPolicy", "tblInsuree", "tblFamilies"} {
			if _, err := tx.Exec(ctx, `DELETE FROM "`+table+`"`); err != nil {
				return err
			}
		}
		return nil
	})
}
