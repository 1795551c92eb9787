package location

import (
	"context"
	"slices"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/location/rules"
)

// placeElements are where the fields of a place stand in a Location.
var placeElements = map[string]string{"code": "Location.identifier", "name": "Location.name", "type": "Location.physicalType", "parent": "Location.partOf"}

func createPlace(ctx context.Context, in *apifhir.Input, l *fhir.Location, _ []apifhir.Contained) (apifhir.Entry, error) {
	p, err := placeOf(ctx, in, l, nil)
	if err != nil {
		return apifhir.Entry{}, err
	}
	key, err := Service{}.EnterPlace(ctx, in.Tx, fhirsql.AuthorOf(in), p)
	if err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, placeElements)
	}
	return places.Entry(ctx, in.Tx, key)
}

func updatePlace(ctx context.Context, in *apifhir.Input, l *fhir.Location, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := writtenPlace(ctx, in)
	if err != nil {
		return apifhir.Entry{}, err
	}
	p, err := placeOf(ctx, in, l, &was)
	if err != nil {
		return apifhir.Entry{}, err
	}
	if err := (Service{}).UpdatePlace(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key, p); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, placeElements)
	}
	return places.Entry(ctx, in.Tx, was.Key)
}

func deletePlace(ctx context.Context, in *apifhir.Input) error {
	was, err := writtenPlace(ctx, in)
	if err != nil {
		return err
	}
	return Service{}.DeletePlace(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key)
}

// writtenPlace reads the place that a write is about. A health facility as a site is written as Organization, as upstream
// has it.
func writtenPlace(ctx context.Context, in *apifhir.Input) (place, error) {
	p, err := places.Get(ctx, in.Tx, in.ID)
	if fault.Code(err) != fault.NotFound {
		return p, err
	}
	s, siteErr := sites.Get(ctx, in.Tx, in.ID)
	if siteErr != nil {
		return p, err
	}
	id := fhirsql.Row{Key: s.Key, UUID: s.UUID}.ID()
	return p, fault.New(fault.Conflict, "Location %s is a health facility; change or delete it as Organization/%s.", s.ID(), id)
}

// placeOf reads what a Location says about a place; was is what there is, nil for a new one. Who says nothing of what a
// place is part of leaves it where it is.
func placeOf(ctx context.Context, in *apifhir.Input, l *fhir.Location, was *place) (rules.Place, error) {
	i := fhirsql.NewBody(ctx, in)
	p := rules.Place{Code: apifhir.IdentifierValue(l.Identifier, apifhir.KindCode), Name: fhirsql.Trim(l.Name), Type: strings.ToUpper(apifhir.CodeOf(l.PhysicalType))}
	if p.Code == "" {
		i.Add(placeElements["code"], "Missing location code")
	}
	if p.Name == "" {
		i.Add(placeElements["name"], "Missing location `name` attribute")
	}
	switch {
	case p.Type == "":
		i.Add(placeElements["type"], "Missing location physical type")
	case p.Type == "SI":
		i.Add(placeElements["type"], "Location.physicalType is si; a site is a health facility, which is written as Organization.")
	case !slices.Contains(rules.PlaceTypes, p.Type):
		i.Add(placeElements["type"], "Invalid location physical type with code %s, allowed codes are: %s", fault.Quote(p.Type), strings.Join(rules.PlaceTypes, ", "))
	}
	if l.Status != nil && *l.Status != fhir.LocationStatusActive {
		i.Add("Location.status", "Location.status must be active; what is there no longer is deleted.")
	}
	if l.Mode != nil && *l.Mode != fhir.LocationModeInstance {
		i.Add("Location.mode", "Location.mode must be instance; kinds of places are not kept.")
	}
	switch {
	case l.PartOf != nil:
		p.ParentID, _ = i.Target(l.PartOf, placeElements["parent"], Locations)
	case was != nil && was.Parent.Key != nil:
		p.ParentID = *was.Parent.Key
	}
	return p, i.Done()
}
