// Package rules has what places, health facilities and the people who work there must be like (rules.md §2). It knows no
// database.
package rules

import (
	"slices"
	"strings"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// The types of places, each part of one of the type before it.
const (
	Region   = "R"
	District = "D"
	Ward     = "W"
	Village  = "V"
)

// PlaceTypes are the types of places, from the largest.
var PlaceTypes = []string{Region, District, Ward, Village}

// Place is all that is entered about a place.
type Place struct {
	Code     string
	Name     string
	Type     string // one of PlaceTypes
	ParentID int    // what it is part of; 0 for a region
}

// Above is the type of what a place of a type is part of; "" for a region.
func Above(placeType string) string {
	if i := slices.Index(PlaceTypes, placeType); i > 0 {
		return PlaceTypes[i-1]
	}
	return ""
}

// PlaceNoun is what a place of a type is called in sentences.
func PlaceNoun(placeType string) string {
	return map[string]string{Region: "region", District: "district", Ward: "ward", Village: "village"}[placeType]
}

// funding are the codes of the places where the legacy application keeps money that was given to a scheme.
var funding = []string{"FR", "FD", "FW", "FV"}

// Check finds the first thing that is wrong with a place by itself. The field of the error is that of GraphQL.
func (p Place) Check() error {
	switch {
	case p.Code == "":
		return fault.Input("code", "code is empty; give the code of the place.")
	case p.Name == "":
		return fault.Input("name", "name is empty; give the name of the place.")
	case p.Name == "Funding" && slices.Contains(funding, p.Code):
		return fault.Input("code", "code %s with the name Funding stands for money that was given to a scheme, not for a place.", p.Code)
	}
	if err := oneOf("type", p.Type, PlaceTypes); err != nil {
		return err
	}
	switch above := Above(p.Type); {
	case above == "" && p.ParentID != 0:
		return fault.Input("parent", "parent is given; a region is part of nothing.")
	case above != "" && p.ParentID == 0:
		return fault.Input("parent", "parent is missing; a %v is part of a %v.", PlaceNoun(p.Type), PlaceNoun(above))
	}
	return nil
}

// Trimmed leaves out blanks around texts.
func (p Place) Trimmed() Place {
	p.Code, p.Name, p.Type = strings.TrimSpace(p.Code), strings.TrimSpace(p.Name), strings.TrimSpace(p.Type)
	return p
}

func oneOf(field, code string, allowed []string) error {
	if slices.Contains(allowed, code) {
		return nil
	}
	return fault.Input(field, "%s is %q; allowed: %s.", field, code, strings.Join(allowed, ", "))
}
