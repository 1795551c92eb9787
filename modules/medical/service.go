package medical

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/medical/rules"
)

// The rights of the operations (legacy right numbers). The registers are those of the whole country.
var (
	MayAddItems       = auth.Needs(122102)
	MayEditItems      = auth.Needs(122103)
	MayDeleteItems    = auth.Needs(122104)
	MayAddServices    = auth.Needs(121402)
	MayEditServices   = auth.Needs(121403)
	MayDeleteServices = auth.Needs(121404)
)

// Registers enters, changes and ends items and services. Each method is one operation within the caller's transaction: it
// checks the author's right, keeps what there was as history, and does all of it or answers an error of package fault
// whose field has the name that GraphQL gives it. A change to what is there already writes nothing.
type Registers struct{}

// EnterItem adds an item and answers its key. The code must be that of no other.
func (Registers) EnterItem(ctx context.Context, tx *db.Tx, author auth.Author, i rules.Item) (int, error) {
	if err := MayAddItems.Check(author.Principal, "the entry of medical items"); err != nil {
		return 0, err
	}
	i = i.Tidied()
	if err := checkItem(ctx, tx, i, 0); err != nil {
		return 0, err
	}
	return table.Enter(ctx, tx, author, Items.Name, itemValues(i))
}

// UpdateItem replaces what is known of an item. Claims that were entered keep their prices.
func (Registers) UpdateItem(ctx context.Context, tx *db.Tx, author auth.Author, key int, i rules.Item) error {
	if err := MayEditItems.Check(author.Principal, "the change of medical items"); err != nil {
		return err
	}
	i = i.Tidied()
	if err := checkItem(ctx, tx, i, key); err != nil {
		return err
	}
	was, err := lockItem(ctx, tx, key)
	if err != nil || was.Equal(i) {
		return err
	}
	return table.Change(ctx, tx, author, Items.Name, key, itemValues(i))
}

// DeleteItem ends an item, and takes it off all price lists.
func (Registers) DeleteItem(ctx context.Context, tx *db.Tx, author auth.Author, key int) error {
	if err := MayDeleteItems.Check(author.Principal, "the removal of medical items"); err != nil {
		return err
	}
	if _, err := lockItem(ctx, tx, key); err != nil {
		return err
	}
	return remove(ctx, tx, author, Items, "tblPLItemsDetail", "PLItemDetailID", key)
}

// EnterService adds a service and answers its key. The code must be that of no other.
func (Registers) EnterService(ctx context.Context, tx *db.Tx, author auth.Author, s rules.Service) (int, error) {
	if err := MayAddServices.Check(author.Principal, "the entry of medical services"); err != nil {
		return 0, err
	}
	s = s.Tidied()
	if err := checkService(ctx, tx, s, 0); err != nil {
		return 0, err
	}
	return table.Enter(ctx, tx, author, Services.Name, serviceValues(s))
}

// UpdateService replaces what is known of a service. Claims that were entered keep their prices.
func (Registers) UpdateService(ctx context.Context, tx *db.Tx, author auth.Author, key int, s rules.Service) error {
	if err := MayEditServices.Check(author.Principal, "the change of medical services"); err != nil {
		return err
	}
	s = s.Tidied()
	if err := checkService(ctx, tx, s, key); err != nil {
		return err
	}
	was, err := lockService(ctx, tx, key)
	if err != nil || was.Equal(s) {
		return err
	}
	return table.Change(ctx, tx, author, Services.Name, key, serviceValues(s))
}

// DeleteService ends a service, and takes it off all price lists.
func (Registers) DeleteService(ctx context.Context, tx *db.Tx, author auth.Author, key int) error {
	if err := MayDeleteServices.Check(author.Principal, "the removal of medical services"); err != nil {
		return err
	}
	if _, err := lockService(ctx, tx, key); err != nil {
		return err
	}
	return remove(ctx, tx, author, Services, "tblPLServicesDetail", "PLServiceDetailID", key)
}

// checkItem finds what is wrong with an item by itself and among the others. self is its key, 0 for a new one.
func checkItem(ctx context.Context, tx *db.Tx, i rules.Item, self int) error {
	if err := i.Check(); err != nil {
		return err
	}
	if err := table.Fit(tx, Items.Name, [][3]string{{"code", "ItemCode", i.Code}, {"name", "ItemName", i.Name}, {"package", "ItemPackage", i.Package}}); err != nil {
		return err
	}
	return free(ctx, tx, Items, "item", i.Code, self)
}

func checkService(ctx context.Context, tx *db.Tx, s rules.Service, self int) error {
	if err := s.Check(); err != nil {
		return err
	}
	if err := table.Fit(tx, Services.Name, [][3]string{{"code", "ServCode", s.Code}, {"name", "ServName", s.Name}}); err != nil {
		return err
	}
	return free(ctx, tx, Services, "service", s.Code, self)
}

// free says that no other entry has a code, and keeps it so until the transaction ends.
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
