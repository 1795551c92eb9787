package policy

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

// person is an insuree of a random population with where the insuree and the family live; nil for nowhere.
type person struct {
	number       string
	family       int
	policy       int
	home, abroad *village
}

// anyPopulation settles families with one policy each anywhere in the country.
func (c *country) anyPopulation(t *rapid.T, at testing.TB) []person {
	c.empty(at)
	somewhere := rapid.Ptr(rapid.SampledFrom(c.villages), true)
	idOf := func(v *village) *int {
		if v == nil {
			return nil
		}
		return &v.id
	}
	var people []person
	for i := range rapid.IntRange(1, 4).Draw(t, "families") {
		home := somewhere.Draw(t, "home")
		family, _ := c.family(at, idOf(home))
		policy := c.policies(at, 1, family, nil)[0]
		for j := range rapid.IntRange(1, 3).Draw(t, "members") {
			p := person{number: fmt.Sprintf("F%dM%d", i, j), family: family, policy: policy, home: home, abroad: somewhere.Draw(t, "current village")}
			c.insurees(at, family, idOf(p.abroad), p.number)
			people = append(people, p)
		}
	}
	return people
}

// anyUser draws a scope and answers the districts that it means.
func (c *country) anyUser(t *rapid.T) (s auth.Scope, districts []int) {
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(c.districts), 0, len(c.districts), rapid.ID[int])
	switch rapid.SampledFrom([]string{"administrator", "officer", "claim administrator", "nobody"}).Draw(t, "user") {
	case "administrator":
		return auth.Scope{All: true}, nil
	case "claim administrator":
		district := rapid.SampledFrom(c.districts).Draw(t, "district of the facility")
		facility := c.facilities[district]
		return auth.Scope{HealthFacility: &facility, Districts: some.Draw(t, "other districts")}, []int{district}
	case "officer":
		districts = some.Draw(t, "districts")
		return auth.Scope{Districts: districts}, districts
	}
	return auth.Scope{}, nil
}

// No question is answered about anybody outside the scope, and every one about those inside.
func TestAnswersStayWithinTheScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		s := c.service()
		ctx := t.Context()
		rapid.Check(t, func(rt *rapid.T) {
			people := c.anyPopulation(rt, t)
			scope, districts := c.anyUser(rt)
			in := func(v *village) bool { return v != nil && slices.Contains(districts, v.district) }
			var insurees, families int
			for _, p := range people {
				family := scope.All || in(p.home)
				person := family || in(p.abroad)
				if person {
					insurees++
				}
				check := func(what string, err error, allowed bool) {
					if allowed != (err == nil) || !allowed && fault.Code(err) != fault.NotFound {
						rt.Fatalf("%s of %+v for %+v: %v", what, p, scope, err)
					}
				}
				_, err := s.Inquiry(ctx, scope, p.number, 0)
				check("inquiry", err, person)
				_, err = s.Eligibility(ctx, scope, p.number, "S", "I")
				check("eligibility", err, person)
				_, err = s.Balance(ctx, scope, p.family, "BASIC", yearEnd)
				check("balance", err, family)
				_, err = s.Value(ctx, scope, ValueQuestion{PolicyID: p.policy})
				check("value of the policy", err, family)
				_, err = s.Value(ctx, scope, ValueQuestion{FamilyID: p.family, ProductID: c.product})
				check("value for the family", err, family)
				_, err = s.Value(ctx, auth.Scope{All: true}, ValueQuestion{FamilyID: p.family, ProductID: c.product, PreviousID: p.policy})
				check("value after a previous policy", err, true)
				_, err = s.LastDateForPayment(ctx, scope, p.policy)
				check("last date", err, family)
			}
			seen := map[int]bool{}
			for _, p := range people {
				if (scope.All || in(p.home)) && !seen[p.family] {
					seen[p.family] = true
					families++
				}
			}
			count := func(table string, where func(auth.Scope, string) (string, []any)) (n int) {
				cond, args := where(scope, "t")
				if cond == "" {
					cond = "1 = 1"
				}
				if err := d.Get(ctx, &n, `SELECT COUNT(*) FROM "`+table+`" t WHERE `+cond, args...); err != nil {
					rt.Fatal(err)
				}
				return n
			}
			for _, list := range []struct {
				table string
				where func(auth.Scope, string) (string, []any)
				want  int
			}{{"tblInsuree", insuree.ScopeWhere, insurees}, {"tblFamilies", insuree.FamilyScopeWhere, families}, {"tblPolicy", ScopeWhere, families}} {
				if got := count(list.table, list.where); got != list.want {
					rt.Fatalf("%s: sees %d of %+v, want %d", list.table, got, people, list.want)
				}
			}
		})
	})
}
