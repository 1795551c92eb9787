package policy

import (
	"context"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/product"
)

// policyRow is a row of tblPolicy with the family, its head, the product and the officer.
type policyRow struct {
	fhirsql.Row
	Enrolled  *time.Time       `db:"EnrollDate"`
	Start     *time.Time       `db:"StartDate"`
	Effective *time.Time       `db:"EffectiveDate"`
	Expiry    *time.Time       `db:"ExpiryDate"`
	Status    *int             `db:"PolicyStatus"`
	Value     *decimal.Decimal `db:"PolicyValue"`
	Stage     *string          `db:"PolicyStage"`
	Family    fhirsql.Ref      `db:"family"`
	Head      fhirsql.Ref      `db:"head"`
	Officer   fhirsql.Ref      `db:"officer"`
	Product   struct {
		fhirsql.Ref
		Name *string `db:"ProductName"`
	} `db:"product"`

	covered  []coveredPerson
	premiums []premium
}

// coveredPerson is an insuree whom a policy covers.
type coveredPerson struct {
	fhirsql.Ref
	Policy int        `db:"PolicyId"`
	From   *time.Time `db:"ValidityFrom"`
	To     *time.Time `db:"ValidityTo"`
	Gone   *time.Time `db:"Gone"` // when the insuree was deleted
}

// premium is a row of tblPremium, or was one at some time.
type premium struct {
	From     *time.Time      `db:"ValidityFrom"`
	To       *time.Time      `db:"ValidityTo"`
	Policy   int             `db:"PolicyID"`
	Payer    *int            `db:"PayerID"`
	Amount   decimal.Decimal `db:"Amount"`
	Receipt  *string         `db:"Receipt"`
	Paid     time.Time       `db:"PayDate"`
	PayType  *string         `db:"PayType"`
	PhotoFee *bool           `db:"isPhotoFee"`
}

var policyLinks = []fhirsql.Link{
	{Alias: "family", Table: insuree.Families, Via: "FamilyID"},
	{Alias: "head", Table: insuree.Insurees, Via: "family.InsureeID"},
	{Alias: "product", Table: product.Products, Via: "ProdID", Columns: []string{"ProductName"}},
	{Alias: "officer", Table: location.Officers, Via: "OfficerID"},
}

var policyColumns = []string{"EnrollDate", "StartDate", "EffectiveDate", "ExpiryDate", "PolicyStatus", "PolicyValue", "PolicyStage"}

// covers is the condition that a policy covers one of some insurees, or belongs to their family as their head's.
func covers(alias, keys string) string {
	return alias + `."PolicyID" IN (SELECT ip."PolicyId" FROM "tblInsureePolicy" AS ip WHERE ip."ValidityTo" IS NULL AND ip."InsureeId" IN (` + keys + `)` +
		` UNION ALL SELECT hp."PolicyID" FROM "tblPolicy" AS hp JOIN "tblFamilies" AS hf ON hf."FamilyID" = hp."FamilyID" WHERE hf."ValidityTo" IS NULL AND hf."InsureeID" IN (` + keys + `))`
}

// heldBy is the condition that a policy belongs to a family with one of some insurees as its head.
func heldBy(alias, keys string) string {
	return alias + `."FamilyID" IN (SELECT hf."FamilyID" FROM "tblFamilies" AS hf WHERE hf."ValidityTo" IS NULL AND hf."InsureeID" IN (` + keys + `))`
}

// byIdentifier finds a policy by its UUID or number, and by the insurance number of whom it covers, as the application
// of Nepal asks. A plain number is that of an insuree, unless there is no such insuree.
var byIdentifier = fhirsql.Custom(apifhir.Param{Name: apifhir.ByIdentifier.Name, Type: apifhir.Identifier,
	Doc: "UUID of the policy, ACSN|its number, or the insurance number of somebody it covers"},
	func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		uuid, isUUID := db.ParseUUID(v.ID)
		isUUID = isUUID && Policies.HasUUID(at.Query)
		key, err := strconv.ParseInt(v.ID, 10, 32)
		isKey := err == nil && key > 0
		var people table.Where
		people.Visible(insuree.Insurees, at.Scope, "named").And(insuree.Insurees.CodeIs("named"), v.ID)
		insurees := `SELECT named."InsureeID" FROM "tblInsuree" AS named` + people.SQL()
		byNumber, args := covers(at.Alias, insurees), append(people.Args(), people.Args()...)
		switch {
		case isUUID && v.Kind != apifhir.KindCode:
			return table.Col(at.Alias, Policies.UUID) + " = ?", []any{uuid}
		case v.Kind == apifhir.KindUUID, v.Kind == apifhir.KindID && !isKey:
			return table.None, nil
		case v.Kind == apifhir.KindID:
			return table.Col(at.Alias, Policies.Key) + " = ?", []any{int(key)}
		case v.Kind == "" && isKey:
			return "(" + byNumber + " OR " + table.Col(at.Alias, Policies.Key) + " = ? AND NOT EXISTS (" + insurees + "))", append(append(args, int(key)), people.Args()...)
		}
		return byNumber, args
	})

// productCode finds policies by the code of their product.
func productCode(name, doc string) fhirsql.Param {
	return fhirsql.Custom(apifhir.Param{Name: name, Type: apifhir.Token, Doc: doc},
		func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
			if v.System != nil && *v.System != "" {
				return table.None, nil
			}
			return at.Alias + `."ProdID" IN (SELECT sold."ProdID" FROM "tblProduct" AS sold WHERE ` + product.Products.CodeIs("sold") + `)`, []any{v.Code}
		})
}

// coverages are the policies as Coverage; entry makes the resource of a release. In one whose references have ids,
// references are included.
func coverages(entry func(policyRow) apifhir.Entry, included bool) *fhirsql.Source[policyRow] {
	person := func(name, path, doc string, rows fhirsql.Through) fhirsql.Param {
		if !included {
			path = ""
		}
		return fhirsql.ReferenceThrough(name, doc, path, insuree.Insurees, rows, "Patient")
	}
	return &fhirsql.Source[policyRow]{
		Table: Policies, Columns: policyColumns, Links: policyLinks,
		Params: []fhirsql.Param{
			byIdentifier,
			person("beneficiary", "beneficiary", "Somebody whom the policy covers, or the head of the family", covers),
			person("patient", "beneficiary", "The same as beneficiary", covers),
			person("policyHolder", "policyHolder", "The head of the family", heldBy),
			person("policy-holder", "policyHolder", "The same as policyHolder", heldBy),
			fhirsql.Codes("status", "draft, active or cancelled (suspended or expired)", "PolicyStatus", coverageStatuses),
			productCode("class-value", "Code of the product"),
		},
		Map: entry,
	}
}

// contracts are the policies as Contract.
func contracts(currency string) *fhirsql.Source[policyRow] {
	return &fhirsql.Source[policyRow]{
		Table: Policies, Columns: policyColumns, Links: policyLinks,
		Params: []fhirsql.Param{
			byIdentifier,
			fhirsql.Reference("subject", "The family", "subject", insuree.Families, "FamilyID", "Group"),
			fhirsql.ReferenceThrough("patient", "Somebody whom the policy covers, or the head of the family", "", insuree.Insurees, covers, "Patient"),
			fhirsql.Codes("status", "offered (idle), policy (active), disputed (suspended) or terminated (expired)", "PolicyStatus", contractStatuses),
		},
		Load: func(ctx context.Context, q db.Query, rows []policyRow) error {
			if err := loadCovered(ctx, q, rows); err != nil {
				return err
			}
			return loadPremiums(ctx, q, rows)
		},
		Map: func(p policyRow) apifhir.Entry { return p.contract(currency) },
	}
}

// loadCovered reads whom several policies cover, and covered in their versions.
func loadCovered(ctx context.Context, q db.Query, rows []policyRow) error {
	keys, at := fhirsql.ByKey(rows)
	uuid := ""
	if insuree.Insurees.HasUUID(q) {
		uuid = `i."InsureeUUID" AS "UUID", `
	}
	kept := fhirsql.Kept(rows, "ip")
	person := ""
	if kept != table.All {
		person = ` AND i."ValidityTo" IS NULL`
	}
	var list []coveredPerson
	err := q.Select(ctx, &list, `SELECT i."InsureeID" AS "Key", `+uuid+`i."CHFID" AS "Code", ip."PolicyId", ip."ValidityFrom", ip."ValidityTo", i."ValidityTo" AS "Gone" FROM "tblInsureePolicy" AS ip `+
		`JOIN "tblInsuree" AS i ON i."InsureeID" = ip."InsureeId"`+person+` WHERE ip."PolicyId" IN $ints(?) AND `+kept+
		` ORDER BY ip."PolicyId", i."IsHead" DESC, ip."InsureePolicyId"`, keys)
	for _, c := range list {
		for _, p := range at[c.Policy] {
			if p.Held(c.From, c.To) && (p.Ended != nil || c.Gone == nil) {
				p.covered = append(p.covered, c)
			}
		}
	}
	return err
}

// loadPremiums reads what was paid for several policies, photo fees too, and what was in their versions.
func loadPremiums(ctx context.Context, q db.Query, rows []policyRow) error {
	keys, at := fhirsql.ByKey(rows)
	var list []premium
	err := q.Select(ctx, &list, `SELECT p."PolicyID", p."PayerID", p."Amount", p."Receipt", p."PayDate", p."PayType", p."isPhotoFee", p."ValidityFrom", p."ValidityTo" FROM "tblPremium" AS p `+
		`WHERE p."PolicyID" IN $ints(?) AND `+fhirsql.Kept(rows, "p")+` ORDER BY p."PolicyID", COALESCE(p."LegacyID", p."PremiumId"), p."PremiumId"`, keys)
	for _, x := range list {
		for _, p := range at[x.Policy] {
			if p.Held(x.From, x.To) {
				p.premiums = append(p.premiums, x)
			}
		}
	}
	return err
}
