package entity_test

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/sdl"
)

func TestADescriptionThatDoesNotFitTheSchemaStopsTheStart(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(w *types)
		argument string // input: an argument that it has besides
		want     string
	}{
		{"a field of nothing", func(w *types) { delete(w.hospital.Columns, "phone") }, "", "Hospital.phone: no column, relation or computation is described"},
		{"a column that the table lacks", func(w *types) { w.hospital.Columns["phone"] = "Telephone" }, "", "Hospital: table tblHF has no column Telephone"},
		{"a computed field's column", func(w *types) { w.patient.Computed["age"] = entity.Computed{Column: "Age"} }, "", "Patient: table tblInsuree has no column Age"},
		{"a foreign key that the table lacks", func(w *types) { w.hospital.One["place"] = entity.One{To: w.place, Column: "Place"} }, "", "Hospital: table tblHF has no column Place"},
		{"no table", func(w *types) { w.hospital.Table = nil }, "", "entity Hospital has no table"},
		{"a relation to another table than the column's", func(w *types) { w.patient.One["gender"] = entity.One{To: w.hospital, Column: "Gender"} }, "",
			"Patient.gender: tblInsuree.Gender refers to tblGender, not to tblHF"},
		{"a type that is not in the schema", func(w *types) { w.hospital.Name = "Clinic" }, "", "Clinic: the schema has no such type"},
		{"a column whose field is an object", func(w *types) { w.hospital.Columns["place"] = "LocationId" }, "", "Hospital.place: a column cannot have the type Place"},
		{"an argument that leads nowhere", func(*types) {}, "HospitalFilter: colour", "Query.hospitals(colour:): Hospital has no field colour"},
		{"an argument through a column", func(*types) {}, "HospitalFilter: name_Code", "Query.hospitals(name_Code:): Hospital.name is not a relation"},
		{"an argument through a list", func(*types) {}, "HospitalFilter: patients_Number", "Query.hospitals(patients_Number:): Hospital.patients is not a relation"},
		{"an argument of a nested list", func(*types) {}, "PatientFilter: colour", "Hospital.patients(colour:): Patient has no field colour"},
		{"an extension of a type that nobody has", func(w *types) { w.models = w.models[1:] }, "", "Hospital is extended, but its module is not enabled"},
		{"all that is wrong at once", func(w *types) {
			delete(w.hospital.Columns, "phone")
			delete(w.drug.Columns, "price")
		}, "", "Drug.price: no column, relation or computation is described\n  Hospital.phone: no column"},
	} {
		t.Run(c.name, func(t *testing.T) {
			input, argument, _ := strings.Cut(c.argument, ": ")
			add := strings.NewReplacer("input "+input+" {", "input "+input+" { "+argument+": String ")
			schema, err := sdl.Assemble([]sdl.Source{{Module: "hospitals", Text: add.Replace(hospitals)}, {Module: "patients", Text: add.Replace(patients)}})
			if err != nil {
				t.Fatal(err)
			}
			w := newTypes()
			c.change(w)
			if _, err := entity.NewRegistry(schema, w.models...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestAModuleServesWithoutTheOneThatExtendsIt(t *testing.T) {
	schema, err := sdl.Assemble([]sdl.Source{{Module: "hospitals", Text: hospitals}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entity.NewRegistry(schema, newTypes().models[0]); err != nil {
		t.Error(err)
	}
}
