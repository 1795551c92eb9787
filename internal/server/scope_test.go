package server_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// sight is what a user may see, worked out by hand.
type sight struct {
	insurees, families, claims map[string]bool // ids
	numbers                    map[string]bool // CHFIDs of the insurees
}

// populate adds to a world what scopes are about: claims of insurees from elsewhere, an insuree who
// lives in another district than the family, policies, a claim administrator (hf<i>) in each district,
// a user of two districts (two) and one of none (none). It gives what each user may see.
func populate(t testing.TB, d *db.DB, w *world) map[string]*sight {
	t.Helper()
	n := len(w.Districts)
	users := map[string]*sight{}
	see := func(user string) *sight {
		if users[user] == nil {
			users[user] = &sight{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
		}
		return users[user]
	}
	of := func(i int) []string { // who works in district i
		list := []string{fmt.Sprintf("u%d", i), fmt.Sprintf("hf%d", i)}
		if i < 2 {
			list = append(list, "two")
		}
		return list
	}
	see("none")
	ctx := context.Background()
	err := d.Write(ctx, "test data", func(tx *db.Tx) error {
		var role int
		if err := tx.Get(ctx, &role, `SELECT "RoleID" FROM "tblRole" WHERE "IsSystem" = 8`); err != nil {
			return err
		}
		user := func(name string, hf *int, districts ...int) error {
			id, err := tx.Insert(ctx, "tblUsers", db.Values{"LanguageID": "en", "LastName": "L", "OtherNames": "O", "LoginName": name, "RoleID": 0, "HFID": hf, "ValidityFrom": now, "AuditUserID": 1})
			if err != nil {
				return err
			}
			if _, err := tx.Insert(ctx, "tblUserRole", db.Values{"UserID": id, "RoleID": role, "ValidityFrom": now}); err != nil {
				return err
			}
			for _, x := range districts {
				if _, err := tx.Insert(ctx, "tblUsersDistricts", db.Values{"UserID": id, "LocationId": x, "ValidityFrom": now, "AuditUserID": 1}); err != nil {
					return err
				}
			}
			return nil
		}
		if err := user("two", nil, w.Districts[0], w.Districts[1]); err != nil {
			return err
		}
		if err := user("none", nil); err != nil {
			return err
		}
		icd, err := tx.Insert(ctx, "tblICDCodes", db.Values{"ICDCode": "A00", "ICDName": "Cholera", "ValidityFrom": now, "AuditUserID": 1})
		if err != nil {
			return err
		}
		product, err := tx.Insert(ctx, "tblProduct", db.Values{"ProductCode": "P1", "ProductName": "Product", "InsurancePeriod": 12, "DateFrom": now.AddDate(-3, 0, 0), "DateTo": now.AddDate(3, 0, 0), "LumpSum": 10, "MemberCount": 9, "GracePeriod": 0, "ValidityFrom": now, "AuditUserID": 1})
		if err != nil {
			return err
		}
		for i := range n {
			if err := user(fmt.Sprintf("hf%d", i), &w.Facilities[i], w.Districts[i]); err != nil {
				return err
			}
			policy, err := tx.Insert(ctx, "tblPolicy", db.Values{"FamilyID": w.Families[i], "EnrollDate": now.AddDate(0, -2, 0), "StartDate": now.AddDate(0, -2, 0), "EffectiveDate": now.AddDate(0, -2, 0), "ExpiryDate": now.AddDate(0, 10, 0), "PolicyStatus": 2, "PolicyValue": 10, "ProdID": product, "PolicyStage": "N", "isOffline": false, "ValidityFrom": now, "AuditUserID": 1})
			if err != nil {
				return err
			}
			for k := range 3 {
				id := w.Insurees[3*i+k]
				if _, err := tx.Insert(ctx, "tblInsureePolicy", db.Values{"InsureeId": id, "PolicyId": policy, "EnrollmentDate": now, "StartDate": now.AddDate(0, -2, 0), "EffectiveDate": now.AddDate(0, -2, 0), "ExpiryDate": now.AddDate(0, 10, 0), "isOffline": false, "ValidityFrom": now, "AuditUserId": 1}); err != nil {
					return err
				}
				seers := of(i)
				if k == 2 { // lives in the next district
					next := (i + 1) % n
					if _, err := tx.Update(ctx, "tblInsuree", id, db.Values{"CurrentVillage": w.Villages[next]}); err != nil {
						return err
					}
					seers = append(seers, of(next)...)
				}
				for _, u := range seers {
					see(u).insurees[fmt.Sprint(id)] = true
					see(u).numbers[fmt.Sprintf("%05d%d", i, k)] = true
				}
			}
			for _, u := range of(i) {
				see(u).families[fmt.Sprint(w.Families[i])] = true
			}
			for k := range 2 { // a claim of the own family's head and one of the next district's
				patient := w.Insurees[3*((i+k)%n)]
				claim, err := tx.Insert(ctx, "tblClaim", db.Values{"InsureeID": patient, "ClaimCode": fmt.Sprintf("C%03d%d", i, k), "DateFrom": now, "DateTo": now, "ICDID": icd, "ClaimStatus": 2, "DateClaimed": now, "Feedback": false, "FeedbackStatus": 1, "ReviewStatus": 1, "ApprovalStatus": 1, "RejectionReason": 0, "HFID": w.Facilities[i], "VisitType": "O", "ValidityFrom": now, "AuditUserID": 1})
				if err != nil {
					return err
				}
				for _, u := range of(i) {
					see(u).claims[fmt.Sprint(claim)] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return users
}

// wanderer writes random queries over a schema. Every object is asked for its type and id, and an alias
// keeps the name of its field: <field>__<number>.
type wanderer struct {
	t      *rapid.T
	schema *ast.Schema
	n      int
	budget int
}

func (w *wanderer) alias(field string) string {
	w.n++
	return fmt.Sprintf("%s__%d: %s", field, w.n, field)
}

// object writes a selection on an object type.
func (w *wanderer) object(def *ast.Definition, depth int) string {
	var b strings.Builder
	b.WriteString("{ __typename")
	if def.Fields.ForName("id") != nil {
		b.WriteString(" id")
	}
	for _, f := range def.Fields {
		target := w.schema.Types[strings.TrimSuffix(f.Type.Name(), "Connection")]
		if target == nil || target.Kind != ast.Object || strings.HasPrefix(f.Name, "__") || depth == 0 || w.budget <= 0 || !rapid.Bool().Draw(w.t, f.Name) {
			continue
		}
		w.budget--
		b.WriteString(" " + w.field(f, target, depth-1))
	}
	return b.String() + " }"
}

// field writes a field that leads to objects.
func (w *wanderer) field(f *ast.FieldDefinition, target *ast.Definition, depth int) string {
	args := ""
	if strings.HasSuffix(f.Type.Name(), "Connection") {
		args = rapid.SampledFrom([]string{"", "(first: 2)", "(last: 1)", `(first: 3, after: "YXJyYXljb25uZWN0aW9uOjA=")`}).Draw(w.t, "page")
		return w.alias(f.Name) + args + " { edges { node " + w.object(target, depth) + " } }"
	}
	return w.alias(f.Name) + " " + w.object(target, depth)
}

// find visits every object of an answer that has a type and an id.
func find(v any, parent, field string, visit func(typ, id, parent, field string)) {
	switch x := v.(type) {
	case map[string]any:
		typ, _ := x["__typename"].(string)
		if id, ok := x["id"].(string); ok && typ != "" {
			if raw, err := base64.StdEncoding.DecodeString(id); err == nil && strings.HasPrefix(string(raw), typ+":") {
				id = strings.TrimPrefix(string(raw), typ+":")
			}
			visit(typ, id, parent, field)
		}
		for k, e := range x {
			name, _, _ := strings.Cut(k, "__")
			switch k {
			case "edges", "node":
				find(e, parent, field, visit)
			default:
				if typ == "" {
					typ = parent
				}
				find(e, typ, name, visit)
			}
		}
	case []any:
		for _, e := range x {
			find(e, parent, field, visit)
		}
	}
}

// No user sees an insuree, family, policy or claim outside of the user's scope by any query, argument, alias
// or nesting. The one way to an insuree from elsewhere is a claim that the user may see: its patient.
func TestNoQueryLeavesTheScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 4)
		users := populate(t, d, w)
		r := start(t, d, nil)
		schema := r.Main.Instances[0].Schema()
		var lists []*ast.FieldDefinition
		for _, f := range schema.Query.Fields {
			if strings.HasSuffix(f.Type.Name(), "Connection") {
				lists = append(lists, f)
			}
		}
		names := []string{"none", "two", "u0", "u1", "u2", "u3", "hf0", "hf1", "hf3"}
		seen := map[string]int{}
		property := func(rt *rapid.T) {
			user := rapid.SampledFrom(names).Draw(rt, "user")
			may := users[user]
			wander := &wanderer{t: rt, schema: schema, budget: 7}
			f := rapid.SampledFrom(lists).Draw(rt, "list")
			query := "{ " + wander.field(f, schema.Types[strings.TrimSuffix(f.Type.Name(), "Connection")], 5) + " "
			number := fmt.Sprintf("%05d%d", rapid.IntRange(0, 3).Draw(rt, "district"), rapid.IntRange(0, 2).Draw(rt, "member"))
			family := rapid.SampledFrom(w.Families).Draw(rt, "family")
			query += fmt.Sprintf(`i: insuree(chfId: %q) { __typename id } m: insureeFamilyMembers(chfId: %q) { __typename id } p: policiesByInsuree(chfId: %q) { items { productCode } } b: policyBalance(familyId: %d, productCode: "P1", referenceDate: "2099-01-01") { familyId } c: claims(insuree_ChfId: %q) { edges { node { __typename id } } } n: insurees(chfId_Istartswith: %q) { totalCount edges { node { __typename id family { __typename id } } } } }`, number, number, number, family, number, number[:5])
			a := r.query(user, query)
			if a.Status != 200 {
				rt.Fatalf("%d %v for %s", a.Status, a.Errors, query)
			}
			find(map[string]any(a.Data), "Query", "", func(typ, id, parent, field string) {
				seen[typ]++
				ok := true
				switch typ {
				case "InsureeGQLType":
					ok = may.insurees[id] || parent == "ClaimGQLType" && field == "insuree"
				case "FamilyGQLType":
					ok = may.families[id]
				case "ClaimGQLType":
					ok = may.claims[id]
				}
				if !ok {
					rt.Fatalf("%s sees %s %s through %s.%s in\n%s", user, typ, id, parent, field, query)
				}
			})
			if p, _ := a.Data["p"].(map[string]any); p != nil && len(p["items"].([]any)) > 0 != may.numbers[number] {
				rt.Fatalf("%s: policies of %s: %v", user, number, p)
			}
			if (a.Data["i"] != nil) != may.numbers[number] {
				rt.Fatalf("%s: insuree %s: %v", user, number, a.Data["i"])
			}
			if a.Data["b"] != nil && !may.families[fmt.Sprint(family)] {
				rt.Fatalf("%s: balance of family %d: %v", user, family, a.Data["b"])
			}
		}
		// Every query is a new statement, which costs SQL Server a plan each time.
		for range map[db.Dialect]int{db.SQLite: 6, db.Postgres: 2, db.SQLServer: 1}[d.Dialect()] {
			rapid.Check(t, property)
		}
		if d.Dialect() != db.SQLite {
			return
		}
		for _, typ := range []string{"InsureeGQLType", "FamilyGQLType", "ClaimGQLType"} {
			if seen[typ] < 50 {
				t.Errorf("only %d objects of %s were seen: the test proves little", seen[typ], typ)
			}
		}
	})
}
