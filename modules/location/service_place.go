package location

import (
	"context"
	"slices"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/location/rules"
)

// EnterPlace adds a place and answers its key. Who works in districts enters wards and villages there, and districts in
// the regions of theirs; regions are for those who see the whole country. Who enters a district works there from then on.
func (Service) EnterPlace(ctx context.Context, tx *db.Tx, author auth.Author, p rules.Place) (int, error) {
	if err := MayAddPlaces.Check(author.Principal, "the entry of locations"); err != nil {
		return 0, err
	}
	p = p.Trimmed()
	if err := checkPlace(tx, p); err != nil {
		return 0, err
	}
	if err := free(ctx, tx, Locations, "location", p.Code, 0); err != nil {
		return 0, err
	}
	parent, err := inParent(ctx, tx, author, p)
	if err != nil {
		return 0, err
	}
	if p.Type == rules.Region && !author.Scope.All {
		return 0, outside()
	}
	if p.Type == rules.District && !author.Scope.All {
		if mine, err := worksInRegion(ctx, tx, author.Scope, parent.Key); err != nil {
			return 0, err
		} else if !mine {
			return 0, fault.Input("parent", "parent is %s, a region in which you have no district.", parent.Code)
		}
	}
	key, err := table.Enter(ctx, tx, author, Locations.Name, placeValues(p))
	if err != nil || p.Type != rules.District || author.Person == nil {
		return key, err
	}
	_, err = table.Enter(ctx, tx, author, "tblUsersDistricts", db.Values{"UserID": author.Person.ID, "LocationId": key})
	return key, err
}

// UpdatePlace replaces code and name of a place, and moves it to another parent of the same type, for which the right to
// move locations is needed too. Its type stays.
func (Service) UpdatePlace(ctx context.Context, tx *db.Tx, author auth.Author, key int, p rules.Place) error {
	if err := MayEditPlaces.Check(author.Principal, "the change of locations"); err != nil {
		return err
	}
	p = p.Trimmed()
	if err := checkPlace(tx, p); err != nil {
		return err
	}
	if err := free(ctx, tx, Locations, "location", p.Code, key); err != nil {
		return err
	}
	was, err := ownPlace(ctx, tx, author, key)
	if err != nil {
		return err
	}
	switch {
	case was.Type != p.Type:
		return fault.Input("type", "type is %s; the location is a %v and stays one.", p.Type, rules.PlaceNoun(was.Type))
	case was.place() == p:
		return nil
	case was.ParentID != p.ParentID:
		if err := MayMovePlaces.Check(author.Principal, "moving locations"); err != nil {
			return err
		}
		if _, err := inParent(ctx, tx, author, p); err != nil {
			return err
		}
	}
	return table.Change(ctx, tx, author, Locations.Name, key, placeValues(p))
}

// DeletePlace ends a place in which there is nothing any more: no other place, family, insuree, facility, officer, product
// or price list. Nobody works there then.
func (Service) DeletePlace(ctx context.Context, tx *db.Tx, author auth.Author, key int) error {
	if err := MayDeletePlaces.Check(author.Principal, "the removal of locations"); err != nil {
		return err
	}
	was, err := ownPlace(ctx, tx, author, key)
	if err != nil {
		return err
	}
	uses, err := usesOfPlace(ctx, tx, key)
	if err != nil {
		return err
	}
	if err := unused("Location "+was.Code, uses); err != nil {
		return err
	}
	for _, at := range placements {
		rows, err := at.rows(ctx, tx, key)
		if err != nil {
			return err
		}
		if err := table.End(ctx, tx, author, at.table, rows...); err != nil {
			return err
		}
	}
	return table.End(ctx, tx, author, Locations.Name, key)
}

func checkPlace(q db.Query, p rules.Place) error {
	if err := p.Check(); err != nil {
		return err
	}
	return table.Fit(q, Locations.Name, [][3]string{{"code", "LocationCode", p.Code}, {"name", "LocationName", p.Name}})
}

// inParent finds what a place is part of: a place of the type above, where the author works. nil for a region.
func inParent(ctx context.Context, tx *db.Tx, author auth.Author, p rules.Place) (*placeRow, error) {
	if p.ParentID == 0 {
		return nil, nil
	}
	parent, err := lockPlace(ctx, tx, p.ParentID)
	if err != nil {
		return nil, err
	}
	switch {
	case parent == nil:
		return nil, fault.Input("parent", "parent is %d; there is no such location.", p.ParentID)
	case parent.Type != rules.Above(p.Type):
		return nil, fault.Input("parent", "parent is the %v %s; a %v is part of a %v.", rules.PlaceNoun(parent.Type), parent.Code, rules.PlaceNoun(p.Type), rules.PlaceNoun(rules.Above(p.Type)))
	case parent.Type != rules.Region && !parent.seen(author.Scope):
		return nil, fault.Input("parent", "parent is %s, which does not lie in your districts.", parent.Code)
	}
	return parent, nil
}

// ownPlace locks a place where the author works.
func ownPlace(ctx context.Context, tx *db.Tx, author auth.Author, key int) (*placeRow, error) {
	p, err := lockPlace(ctx, tx, key)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, fault.New(fault.NotFound, "There is no location %d.", key)
	case !p.seen(author.Scope):
		return nil, outside()
	}
	return p, nil
}

func outside() error {
	return fault.New(fault.Forbidden, "You do not have the right to change locations outside of your districts.")
}

// seen says whether a scope reaches a place: a district of it, or what lies there. Regions are the whole country's.
func (p *placeRow) seen(s auth.Scope) bool {
	return s.All || p.DistrictID != nil && slices.Contains(s.Districts, *p.DistrictID)
}
