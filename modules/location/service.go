package location

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
)

// The rights of the operations (legacy right numbers).
var (
	MayAddPlaces        = auth.Needs(121902)
	MayEditPlaces       = auth.Needs(121903)
	MayDeletePlaces     = auth.Needs(121904)
	MayMovePlaces       = auth.Needs(121905)
	MayAddFacilities    = auth.Needs(121102)
	MayEditFacilities   = auth.Needs(121103)
	MayDeleteFacilities = auth.Needs(121104)
	MayAddAdmins        = auth.Needs(121602)
	MayEditAdmins       = auth.Needs(121603)
	MayDeleteAdmins     = auth.Needs(121604)
	MayAddOfficers      = auth.Needs(121502)
	MayEditOfficers     = auth.Needs(121503)
	MayDeleteOfficers   = auth.Needs(121504)
)

// Service enters, changes and ends places, health facilities, and the people who work there. Each method is one operation
// within the caller's transaction: it checks the author's right and that they work where it happens, keeps what there was
// as history, and does all of it or answers an error of package fault whose field has the name that GraphQL gives it. A
// change to what is there already writes nothing.
//
// Places are in service_place.go, facilities in service_facility.go, people in service_worker.go.
type Service struct{}

// free says that no other current row has a code, and keeps it so until the transaction ends. noun is what it would be.
func free(ctx context.Context, tx *db.Tx, t *table.Table, noun, code string, self int) error {
	if err := table.Turn(ctx, tx, t.Name); err != nil {
		return err
	}
	taken, err := t.Taken(ctx, tx, code, self)
	if err == nil && taken {
		err = fault.Input("code", "There is another "+noun+" with the code %s.", code)
	}
	return err
}

// use is what still needs a row, as users call it.
type use struct {
	What string `db:"What"`
	N    int    `db:"N"`
}

// unused says that nothing needs what is going to be ended.
func unused(what string, uses []use) error {
	for _, u := range uses {
		if u.N > 0 {
			return fault.New(fault.Conflict, "%s cannot be deleted: %d %s.", what, u.N, u.What)
		}
	}
	return nil
}
