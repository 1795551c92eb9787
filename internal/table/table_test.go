package table_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/table"
)

func TestADescriptionIsCompletedFromTheCatalogue(t *testing.T) {
	hf := table.New(table.Table{Name: "tblHF", Code: "HFCode"})
	if hf.Key != "HfID" || hf.UUID != "HfUUID" || hf.From != "ValidityFrom" || hf.To != "ValidityTo" || hf.Live != "LegacyID" || hf.TextKey {
		t.Errorf("%+v", hf)
	}
	if g := table.New(table.Table{Name: "tblGender"}); g.Key != "Code" || !g.TextKey || g.To != "" || g.Current("t") != "" {
		t.Errorf("%+v", g)
	}
}

func TestAWrongDescriptionDoesNotStart(t *testing.T) {
	for _, c := range []struct {
		name string
		of   table.Table
		want string
	}{
		{"table", table.Table{Name: "tblClinics"}, "table tblClinics: the catalogue has no such table"},
		{"code", table.Table{Name: "tblHF", Code: "ClinicCode"}, `table tblHF: the catalogue has no column "ClinicCode"`},
		{"column", table.Table{Name: "tblHF", Columns: []string{"HFName", "Beds"}}, `table tblHF: the catalogue has no column "Beds"`},
		{"optional column", table.Table{Name: "tblHF", Optional: []string{"Beds"}}, `table tblHF: the catalogue has no column "Beds"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
			}()
			table.New(c.of)
		})
	}
}

func TestForeignKeysAreThoseOfTheCatalogue(t *testing.T) {
	hf, place, insuree := table.New(table.Table{Name: "tblHF"}), table.New(table.Table{Name: "tblLocations"}), table.New(table.Table{Name: "tblInsuree"})
	if err := hf.Refers("LocationId", place); err != nil {
		t.Error(err)
	}
	if err := insuree.Refers("HFID", place); err == nil || !strings.Contains(err.Error(), "refers to tblHF, not to tblLocations") {
		t.Error(err)
	}
	if err := hf.Refers("Place", place); err == nil {
		t.Error("a column that there is not")
	}
}

func TestConditionsKeepTheirArgumentsInOrder(t *testing.T) {
	scoped := table.New(table.Table{Name: "tblHF", Scope: func(s auth.Scope, alias string) (string, []any) {
		if s.All {
			return "", nil
		}
		return table.Col(alias, "LocationId") + " = ?", []any{7}
	}})
	var w table.Where
	if w.SQL() != "" || w.Condition() != table.All || !w.Empty() {
		t.Error("the zero value holds for every row")
	}
	w.And("").Visible(scoped, auth.Scope{}, "h").And(`h."HFCode" = ?`, "X")
	if got := fmt.Sprint(w.SQL(), w.Args(1)); got != ` WHERE h."ValidityTo" IS NULL AND h."LocationId" = ? AND h."HFCode" = ?[7 X 1]` {
		t.Error(got)
	}
	if more := w.Clone(); more.And("1 = 0").SQL() == w.SQL() {
		t.Error("a copy is its own")
	}
	var all table.Where
	if got := all.Within(scoped, auth.Scope{All: true}, "h").SQL(); got != "" {
		t.Error(got)
	}
}

func TestNeeds(t *testing.T) {
	got := fmt.Sprint(table.Needs(table.New(table.Table{Name: "tblHF", Code: "HFCode", Why: "hospitals", Columns: []string{"HFName"}, Optional: []string{"JsonExt"}, WhyOptional: "extras"})))
	if want := "[{tblHF [HfID HFCode HFName ValidityTo] false hospitals} {tblHF [HfUUID] true without it FHIR ids are numbers} {tblHF [JsonExt] true extras}]"; got != want {
		t.Error(got)
	}
}

func TestRowsMayBeKnownByTheCodeOfOthers(t *testing.T) {
	people := table.New(table.Table{Name: "tblInsuree", Code: "CHFID"})
	families := table.New(table.Table{Name: "tblFamilies", CodeOf: people, CodeVia: "InsureeID"})
	if got, want := families.CodeIs("f"), `f."InsureeID" IN (SELECT coded."InsureeID" FROM "tblInsuree" AS coded WHERE coded."ValidityTo" IS NULL AND $eq(coded."CHFID", ?))`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := families.CodeColumn("f"), `(SELECT coded."CHFID" FROM "tblInsuree" AS coded WHERE coded."InsureeID" = f."InsureeID")`; got != want || !families.HasCode() {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := people.CodeColumn("p") + people.CodeIs("p"); got != `p."CHFID"$eq(p."CHFID", ?)` {
		t.Error(got)
	}
	if photos := table.New(table.Table{Name: "tblPhotos"}); photos.HasCode() || photos.CodeColumn("p") != "" {
		t.Error("photos have no code")
	}
}

func TestConditionsKeepTheirArguments(t *testing.T) {
	w := new(table.Where).And(`a = ?`, 1).And("").And(`(b = ? OR c = ?)`, 2, 3)
	front := w.Clone().Before(`z IN (?, ?)`, 8, 9)
	if got := w.SQL(); got != " WHERE a = ? AND (b = ? OR c = ?)" || !slices.Equal(w.Args(), []any{1, 2, 3}) {
		t.Errorf("%s %v", got, w.Args())
	}
	if got := front.Condition(); got != "z IN (?, ?) AND a = ? AND (b = ? OR c = ?)" || !slices.Equal(front.Args(4), []any{8, 9, 1, 2, 3, 4}) {
		t.Errorf("%s %v", got, front.Args(4))
	}
	if got := new(table.Where); got.SQL() != "" || got.Condition() != table.All || !got.Empty() {
		t.Errorf("%q %q", got.SQL(), got.Condition())
	}
}
