package rules_test

import (
	"testing"

	"github.com/shopspring/decimal"

	. "github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

func d(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func TestCapitate(t *testing.T) {
	weights := Weights{Share: d("80")}
	weights.By[Population], weights.By[Visits], weights.By[AdjustedAmount] = d("50"), d("30"), d("20")
	a, b := Figures{}, Figures{}
	a[Population], b[Population] = d("1000"), d("2000")
	a[Visits], b[Visits] = d("3"), d("0")
	a[Families] = d("7") // which has no weight
	got := Capitate(d("1000"), weights, []Figures{a, b})
	for _, c := range []struct {
		what string
		got  decimal.Decimal
		want string
	}{
		{"population of the first", got[0][Population], "133.33"}, // 1000 · 80 % · 50 % · 1/3
		{"population of the second", got[1][Population], "266.67"},
		{"visits of the first, who has all", got[0][Visits], "240"},
		{"visits of the second", got[1][Visits], "0"},
		{"amounts, which nobody has", got[0][AdjustedAmount], "0"},
		{"families, without weight", got[0][Families], "0"},
		{"payment of the first", got[0].Sum(), "373.33"},
	} {
		if !c.got.Equal(d(c.want)) {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
}

func TestCatches(t *testing.T) {
	levels := [4]Level{{"D", ""}, {"C", "R"}}
	for _, c := range []struct {
		level, sublevel string
		want            bool
	}{{"D", "", true}, {"D", "R", true}, {"C", "R", true}, {"C", "", false}, {"C", "I", false}, {"H", "", false}, {"", "", false}} {
		if got := Catches(levels, c.level, c.sublevel); got != c.want {
			t.Errorf("level %q sublevel %q: %t", c.level, c.sublevel, got)
		}
	}
	if Catches([4]Level{}, "D", "") {
		t.Error("a product without levels pays by capitation")
	}
}
