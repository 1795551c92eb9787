package location

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/location/rules"
)

// workerRow is what the tables of both occupations have.
type workerRow struct {
	Code       *string    `db:"Code"`
	LastName   *string    `db:"LastName"`
	OtherNames *string    `db:"OtherNames"`
	Born       *time.Time `db:"DOB"`
	Phone      *string    `db:"Phone"`
	Email      *string    `db:"EmailId"`
	HasLogin   *bool      `db:"HasLogin"`
	Place      *int       `db:"Place"`
	Substitute *int       `db:"Substitute"`
}

func (r *workerRow) worker() rules.Worker {
	w := rules.Worker{Code: trimmed(r.Code), LastName: trimmed(r.LastName), OtherNames: trimmed(r.OtherNames), Phone: trimmed(r.Phone), Email: trimmed(r.Email)}
	if r.Born != nil {
		w.Born = *r.Born
	}
	return w
}

func (r *workerRow) post() rules.Post {
	return rules.Post{PlaceID: number(r.Place), SubstituteID: number(r.Substitute)}
}

// find locks somebody current whom a scope sees, or who works nowhere.
func (o *Occupation) find(ctx context.Context, tx *db.Tx, s auth.Scope, key int) (*workerRow, error) {
	w := new(table.Where).Visible(o.assignable(), s, "w").And(table.Col("w", o.table.Key)+" = ?", key)
	substitute := ""
	if o == EnrolmentOfficer {
		substitute = `, w."OfficerIDSubst" AS "Substitute"`
	}
	var r workerRow
	err := tx.Get(ctx, &r, `SELECT `+table.Col("w", o.table.Code)+` AS "Code", w."LastName", w."OtherNames", w."DOB", w."Phone", w."EmailId", w."HasLogin", `+
		table.Col("w", o.place)+` AS "Place"`+substitute+` FROM "`+o.table.Name+`" w $updlock`+w.SQL()+` $forupdate`, w.Args()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "There is no %v %d.", o.noun, key)
	}
	return &r, err
}

// assignable describes those whom a scope sees, and those who work nowhere yet.
func (o *Occupation) assignable() *table.Table {
	t := *o.table
	t.Scope = func(s auth.Scope, alias string) (string, []any) {
		where, args := o.table.Scope(s, alias)
		if where == "" {
			return "", nil
		}
		return "(" + where + " OR " + table.Col(alias, o.place) + " IS NULL)", args
	}
	return &t
}

// user says whether somebody signs in by their code.
func (o *Occupation) user(ctx context.Context, q db.Query, w *workerRow) (bool, error) {
	if w.HasLogin == nil || !*w.HasLogin {
		return false, nil
	}
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblUsers" AS u WHERE $eq(u."LoginName", ?) AND u."ValidityTo" IS NULL`, trimmed(w.Code))
	return n > 0, err
}

func (o *Occupation) values(w rules.Worker, p rules.Post) db.Values {
	v := o.personValues(w)
	for column, x := range o.postValues(p) {
		v[column] = x
	}
	v["HasLogin"] = false
	return v
}

func (o *Occupation) personValues(w rules.Worker) db.Values {
	v := db.Values{o.table.Code: w.Code, "LastName": w.LastName, "OtherNames": text(w.OtherNames), "DOB": nil, "Phone": text(w.Phone), "EmailId": text(w.Email)}
	if !w.Born.IsZero() {
		v["DOB"] = w.Born
	}
	return v
}

func (o *Occupation) postValues(p rules.Post) db.Values {
	v := db.Values{o.place: key(p.PlaceID)}
	if o == EnrolmentOfficer {
		v["OfficerIDSubst"] = key(p.SubstituteID)
	}
	return v
}
