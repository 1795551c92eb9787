package insuree

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
)

// text is NULL for an empty text.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// whole binds a nullable number; nil is NULL.
func whole(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

// personValues are the columns of tblInsuree that a person fills.
func personValues(p rules.Person) db.Values {
	return db.Values{"CHFID": p.Number, "LastName": p.LastName, "OtherNames": p.OtherNames, "DOB": p.Born, "Gender": text(p.Gender), "Marital": text(p.Marital),
		"passport": text(p.Passport), "TypeOfId": text(p.IdentificationType), "Phone": text(p.Phone), "Email": text(p.Email),
		"Relationship": whole(p.Relationship), "Education": whole(p.Education), "Profession": whole(p.Profession), "HFID": whole(p.HealthFacilityID),
		"CurrentVillage": whole(p.CurrentVillageID), "CurrentAddress": text(p.CurrentAddress), "GeoLocation": text(p.Geolocation), "CardIssued": p.CardIssued}
}

// householdValues are the columns of tblFamilies that a household fills.
func householdValues(h rules.Household) db.Values {
	return db.Values{"LocationId": h.VillageID, "Poverty": h.Poverty, "FamilyType": text(h.Type), "FamilyAddress": text(h.Address),
		"Ethnicity": text(h.Ethnicity), "ConfirmationNo": text(h.ConfirmationNo), "ConfirmationType": text(h.ConfirmationType)}
}

// registered says which of a person's and a household's codes the tables have.
type registered struct {
	Gender         int `db:"gender"`
	Identification int `db:"identification"`
	Relation       int `db:"relation"`
	Education      int `db:"education"`
	Profession     int `db:"profession"`
	FamilyType     int `db:"family_type"`
	Confirmation   int `db:"confirmation"`
	HealthFacility int `db:"facility"`
	CurrentVillage int `db:"current_village"`
	Village        int `db:"village"`
	Taken          int `db:"taken"` // other current insurees of that number
}

const selectRegistered = `SELECT (SELECT COUNT(*) FROM "tblGender" g WHERE g."Code" = ?) AS "gender", ` +
	`(SELECT COUNT(*) FROM "tblIdentificationTypes" k WHERE k."IdentificationCode" = ?) AS "identification", ` +
	`(SELECT COUNT(*) FROM "tblRelations" r WHERE r."RelationId" = ?) AS "relation", ` +
	`(SELECT COUNT(*) FROM "tblEducations" e WHERE e."EducationId" = ?) AS "education", ` +
	`(SELECT COUNT(*) FROM "tblProfessions" p WHERE p."ProfessionId" = ?) AS "profession", ` +
	`(SELECT COUNT(*) FROM "tblFamilyTypes" t WHERE t."FamilyTypeCode" = ?) AS "family_type", ` +
	`(SELECT COUNT(*) FROM "tblConfirmationTypes" c WHERE c."ConfirmationTypeCode" = ?) AS "confirmation", ` +
	`(SELECT COUNT(*) FROM "tblHF" h WHERE h."HfID" = ? AND h."ValidityTo" IS NULL) AS "facility", `

// register looks up what a person and a household refer to, in one statement. Of villages, it counts those that the
// scope sees; where an insuree lives for now may be anywhere. A number is looked for everywhere, whoever asks.
func register(ctx context.Context, tx *db.Tx, s auth.Scope, p rules.Person, h rules.Household, self int) (registered, error) {
	const village = `v."LocationId" = ? AND v."LocationType" = 'V' AND v."ValidityTo" IS NULL`
	count := func(w *table.Where) string {
		return `(SELECT COUNT(*) FROM "tblLocations" v WHERE ` + w.Condition() + `)`
	}
	seen, more := villageWhere(s, "v")
	current := new(table.Where).And(village, id(p.CurrentVillageID))
	home := new(table.Where).And(village, h.VillageID).And(seen, more...)
	src := selectRegistered + count(current) + ` AS "current_village", ` + count(home) + ` AS "village", ` +
		`(SELECT COUNT(*) FROM "tblInsuree" i WHERE $eq(i."CHFID", ?) AND i."ValidityTo" IS NULL AND i."InsureeID" <> ?) AS "taken"`
	args := []any{p.Gender, p.IdentificationType, id(p.Relationship), id(p.Education), id(p.Profession), h.Type, h.ConfirmationType, id(p.HealthFacilityID)}
	args = append(append(args, current.Args()...), home.Args(p.Number, self)...)
	var r registered
	err := tx.Get(ctx, &r, src, args...)
	return r, err
}

// id is a number that no row has for nil.
func id(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

// villageWhere is the condition on rows of tblLocations, as alias, that they are villages of a scope.
func villageWhere(s auth.Scope, alias string) (where string, args []any) {
	in, arg := villages(s)
	if arg == nil {
		return in, nil
	}
	return alias + `."LocationId" IN ` + in, []any{arg}
}

// lockNumbers lets one transaction at a time give or change insuree numbers. It locks the first location, which every
// country has and which is seldom written.
func lockNumbers(ctx context.Context, tx *db.Tx) error { return table.Turn(ctx, tx, "tblLocations") }

// lockInsuree reads a current insuree and keeps others from changing it until the transaction ends; nil when there is
// none that the scope sees.
func lockInsuree(ctx context.Context, tx *db.Tx, s auth.Scope, insureeID int) (*Insuree, error) {
	seen, args := ScopeWhere(s, "i")
	w := new(table.Where).And(`i."InsureeID" = ? AND i."ValidityTo" IS NULL`, insureeID).And(seen, args...)
	var i Insuree
	err := tx.Get(ctx, &i, `SELECT `+db.Columns[Insuree]("i")+` FROM "tblInsuree" i $updlock WHERE `+w.Condition()+` $forupdate`, w.Args()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &i, err
}

// LockFamily reads a current family and keeps others from changing it until the transaction ends; nil when there is none
// that the scope sees.
func LockFamily(ctx context.Context, tx *db.Tx, s auth.Scope, familyID int) (*Family, error) {
	seen, args := FamilyScopeWhere(s, "f")
	w := new(table.Where).And(`f."FamilyID" = ? AND f."ValidityTo" IS NULL`, familyID).And(seen, args...)
	var f Family
	err := tx.Get(ctx, &f, `SELECT `+db.Columns[Family]("f")+` FROM "tblFamilies" f $updlock WHERE `+w.Condition()+` $forupdate`, w.Args()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &f, err
}

// insertInsuree adds a row and answers its id.
func insertInsuree(ctx context.Context, tx *db.Tx, author auth.Author, familyID int, head bool, p rules.Person) (int, error) {
	v := personValues(p)
	v["FamilyID"], v["IsHead"], v["isOffline"] = familyID, head, false
	v["AuditUserID"], v["ValidityFrom"] = author.AuditUserID(), author.At
	return tx.Insert(ctx, "tblInsuree", v)
}

// setHeads writes who is the head of a family: the rows of those who were and who becomes it.
func setHeads(ctx context.Context, tx *db.Tx, author auth.Author, was []int, head int) error {
	if err := tx.Archive(ctx, "tblInsuree", author.At, append(was, head)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE "tblInsuree" SET "IsHead" = CASE WHEN "InsureeID" = ? THEN $true ELSE $false END, "AuditUserID" = ? WHERE "InsureeID" IN $ints(?)`,
		head, author.AuditUserID(), db.Ints(append(was, head)))
	return err
}

// insertPhoto adds a photo of an insuree and answers its id.
func insertPhoto(ctx context.Context, tx *db.Tx, author auth.Author, i Insuree, p Photograph) (int, error) {
	return tx.Insert(ctx, "tblPhotos", db.Values{"InsureeID": i.ID, "CHFID": i.CHFID, "PhotoFolder": p.Folder, "PhotoFileName": p.FileName,
		"OfficerID": p.OfficerID, "PhotoDate": p.Taken, "AuditUserID": author.AuditUserID(), "ValidityFrom": author.At})
}

// closePhotos ends the current photos of an insuree; tblPhotos keeps no copies.
func closePhotos(ctx context.Context, tx *db.Tx, author auth.Author, insureeID int) error {
	_, err := tx.Exec(ctx, `UPDATE "tblPhotos" SET "ValidityTo" = ?, "AuditUserID" = ? WHERE "InsureeID" = ? AND "ValidityTo" IS NULL`,
		author.At, author.AuditUserID(), insureeID)
	return err
}

// officerKnown says whether there is a current enrolment officer.
func officerKnown(ctx context.Context, q db.Query, officerID int) (bool, error) {
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblOfficer" o WHERE o."OfficerID" = ? AND o."ValidityTo" IS NULL`, officerID)
	return n > 0, err
}

// openPolicies counts the current policies of a family that have not expired on a day.
func openPolicies(ctx context.Context, q db.Query, familyID int, today time.Time) (int, error) {
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblPolicy" p WHERE p."FamilyID" = ? AND p."ValidityTo" IS NULL AND (p."ExpiryDate" IS NULL OR p."ExpiryDate" >= ?)`,
		familyID, db.Date(today))
	return n, err
}
