package location

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/location/rules"
)

// Occupation is one of the kinds of people who work for the scheme, with the table that has them.
type Occupation struct {
	table     *table.Table
	place     string // column of where they work
	named     bool   // the table wants given names
	noun      string
	add, edit auth.Access
	end       auth.Access
}

// The occupations. A claim administrator works at a health facility, an enrolment officer in a district.
var (
	ClaimAdministrator = &Occupation{table: ClaimAdmins, place: "HFId", noun: "claim administrator", add: MayAddAdmins, edit: MayEditAdmins, end: MayDeleteAdmins}
	EnrolmentOfficer   = &Occupation{table: Officers, place: "LocationId", named: true, noun: "enrolment officer", add: MayAddOfficers, edit: MayEditOfficers, end: MayDeleteOfficers}
)

// EnterWorker adds somebody and answers the key. Without a post they work nowhere yet.
func (Service) EnterWorker(ctx context.Context, tx *db.Tx, author auth.Author, o *Occupation, w rules.Worker, p rules.Post) (int, error) {
	if err := o.add.Check(author.Principal, "the entry of "+o.noun+"s"); err != nil {
		return 0, err
	}
	w = w.Trimmed()
	if err := o.check(ctx, tx, author, w, 0); err != nil {
		return 0, err
	}
	if err := o.checkPost(ctx, tx, author, p, rules.Post{}, 0); err != nil {
		return 0, err
	}
	return table.Enter(ctx, tx, author, o.table.Name, o.values(w, p))
}

// UpdateWorker replaces what is known of somebody whom the author sees, apart from the post. Who signs in by the code keeps
// it.
func (Service) UpdateWorker(ctx context.Context, tx *db.Tx, author auth.Author, o *Occupation, key int, w rules.Worker) error {
	if err := o.edit.Check(author.Principal, "the change of "+o.noun+"s"); err != nil {
		return err
	}
	was, err := o.find(ctx, tx, author.Scope, key)
	if err != nil {
		return err
	}
	w = w.Trimmed()
	if err := o.check(ctx, tx, author, w, key); err != nil {
		return err
	}
	known := was.worker()
	if known.Code != w.Code {
		if user, err := o.user(ctx, tx, was); err != nil {
			return err
		} else if user {
			return fault.Input("code", "code is %s, the name by which a user signs in; it is changed with that of the user, in the application.", known.Code)
		}
	}
	if known.Born.Equal(w.Born) {
		known.Born = w.Born
	}
	if known == w {
		return nil
	}
	return table.Change(ctx, tx, author, o.table.Name, key, o.personValues(w))
}

// Appoint says where somebody works who works nowhere yet; everybody who may enter such people finds them. Who has a post
// already is moved, for which the right to change is needed too.
func (s Service) Appoint(ctx context.Context, tx *db.Tx, author auth.Author, o *Occupation, key int, p rules.Post) error {
	if err := o.add.Check(author.Principal, "the assignment of "+o.noun+"s"); err != nil {
		return err
	}
	was, err := o.find(ctx, tx, author.Scope, key)
	if err != nil {
		return err
	}
	if was.post().PlaceID != 0 {
		return s.Assign(ctx, tx, author, o, key, p)
	}
	return o.assign(ctx, tx, author, key, p, was.post())
}

// Assign says where somebody works from now on.
func (Service) Assign(ctx context.Context, tx *db.Tx, author auth.Author, o *Occupation, key int, p rules.Post) error {
	if err := o.edit.Check(author.Principal, "the assignment of "+o.noun+"s"); err != nil {
		return err
	}
	was, err := o.find(ctx, tx, author.Scope, key)
	if err != nil {
		return err
	}
	return o.assign(ctx, tx, author, key, p, was.post())
}

func (o *Occupation) assign(ctx context.Context, tx *db.Tx, author auth.Author, key int, p, was rules.Post) error {
	if err := o.checkPost(ctx, tx, author, p, was, key); err != nil || was == p {
		return err
	}
	return table.Change(ctx, tx, author, o.table.Name, key, o.postValues(p))
}

// Relieve ends that somebody works somewhere; who they are stays. Somebody who signs in stays where they are, for it is
// what they may see.
func (Service) Relieve(ctx context.Context, tx *db.Tx, author auth.Author, o *Occupation, key int) error {
	if err := o.mayEnd(ctx, tx, author, key); err != nil {
		return err
	}
	return table.Change(ctx, tx, author, o.table.Name, key, o.postValues(rules.Post{}))
}

// DeleteWorker ends somebody who signs in no longer, and the villages of an officer.
func (Service) DeleteWorker(ctx context.Context, tx *db.Tx, author auth.Author, o *Occupation, key int) error {
	if err := o.mayEnd(ctx, tx, author, key); err != nil {
		return err
	}
	if o == EnrolmentOfficer {
		villages, err := villagesOf.rows(ctx, tx, key)
		if err != nil {
			return err
		}
		if err := table.End(ctx, tx, author, villagesOf.table, villages...); err != nil {
			return err
		}
	}
	return table.End(ctx, tx, author, o.table.Name, key)
}

// mayEnd says why a caller may not end what somebody is or does.
func (o *Occupation) mayEnd(ctx context.Context, tx *db.Tx, author auth.Author, key int) error {
	if err := o.end.Check(author.Principal, "the removal of "+o.noun+"s"); err != nil {
		return err
	}
	was, err := o.find(ctx, tx, author.Scope, key)
	if err != nil {
		return err
	}
	return o.signsInNot(ctx, tx, was)
}

// check finds what is wrong with somebody by themselves and among the others.
func (o *Occupation) check(ctx context.Context, tx *db.Tx, author auth.Author, w rules.Worker, self int) error {
	if err := w.Check(o.named, author.Today()); err != nil {
		return err
	}
	if err := table.Fit(tx, o.table.Name, [][3]string{{"code", o.table.Code, w.Code}, {"lastName", "LastName", w.LastName}, {"otherNames", "OtherNames", w.OtherNames},
		{"phone", "Phone", w.Phone}, {"email", "EmailId", w.Email}}); err != nil {
		return err
	}
	return free(ctx, tx, o.table, o.noun, w.Code, self)
}

// checkPost finds what is wrong with where somebody works; was is what there is.
func (o *Occupation) checkPost(ctx context.Context, tx *db.Tx, author auth.Author, p, was rules.Post, self int) error {
	if p.SubstituteID != 0 && p.SubstituteID == self {
		return fault.Input("substitutionOfficer", "substitutionOfficer is the officer; nobody stands in for themselves.")
	}
	if p.PlaceID == 0 || p.PlaceID == was.PlaceID {
		return nil
	}
	if o == EnrolmentOfficer {
		return ownDistrict(ctx, tx, author, p.PlaceID)
	}
	if _, err := lockFacility(ctx, tx, author.Scope, p.PlaceID); fault.Code(err) == fault.NotFound {
		return fault.Input("healthFacility", "healthFacility is %d; there is no such health facility in your districts.", p.PlaceID)
	} else if err != nil {
		return err
	}
	return nil
}

// signsInNot says that somebody is not a user.
func (o *Occupation) signsInNot(ctx context.Context, tx *db.Tx, w *workerRow) error {
	user, err := o.user(ctx, tx, w)
	if err == nil && user {
		return fault.New(fault.Conflict, "The %v %s signs in as a user. Remove the user in the application first.", o.noun, w.worker().Code)
	}
	return err
}
