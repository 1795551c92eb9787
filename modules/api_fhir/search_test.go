package apifhir

import (
	"fmt"
	"net/url"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func parseQuery(s string) (url.Values, error) { return url.ParseQuery(s) }

// one parses a single value of one parameter.
func one(t testing.TB, p Param, query string) (Value, error) {
	t.Helper()
	params, err := parseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	conf := Config{Clock: func() time.Time { return time2024 }}
	conf.defaults()
	of := parser{res: &Resource{Type: "Location", Params: []Param{p}}, conf: &conf, strict: true}
	req, errs := of.parse(params)
	if len(errs) > 0 {
		return Value{}, errs[0]
	}
	return req.Params[p.Name][0].Any[0], nil
}

func TestValues(t *testing.T) {
	show := func(v Value) string {
		system := "any"
		if v.System != nil {
			system = fmt.Sprintf("%q", *v.System)
		}
		return fmt.Sprintf("text=%s system=%s code=%s kind=%s id=%s type=%s %s %s", v.Text, system, v.Code, v.Kind, v.ID, v.Type, v.Prefix, v.Number)
	}
	for _, c := range []struct {
		typ         ParamType
		query, want string
	}{
		{Token, `x=a`, `text=a system=any code=a kind= id= type=  0`},
		{Token, `x=s|a`, `text=s|a system="s" code=a kind= id= type=  0`},
		{Token, `x=|a`, `text=|a system="" code=a kind= id= type=  0`},
		{Token, `x=s|`, `text=s| system="s" code= kind= id= type=  0`},
		{Token, `x=a\|b\,c`, `text=a|b,c system=any code=a|b,c kind= id= type=  0`},
		{String, `x=a\\b\c\$`, `text=a\b\c$ system=any code= kind= id= type=  0`},
		{Identifier, `x=FILL|V01`, `text=FILL|V01 system=any code= kind=Code id=V01 type=  0`},
		{Identifier, `x=|V01`, `text=|V01 system=any code= kind= id=V01 type=  0`},
		{Identifier, `x=ACSN|7`, `text=ACSN|7 system=any code= kind=ACSN id=7 type=  0`},
		{Reference, `x=Patient/7`, `text=Patient/7 system=any code= kind= id=7 type=Patient  0`},
		{Number, `x=ge-1.50`, `text=ge-1.50 system=any code= kind= id= type= ge -1.5`},
		{Quantity, `x=5.4|http://u|mg`, `text=5.4|http://u|mg system="http://u" code=mg kind= id= type= eq 5.4`},
		{Quantity, `x=lt5||mg`, `text=lt5||mg system=any code=mg kind= id= type= lt 5`},
	} {
		v, err := one(t, Param{Name: "x", Type: c.typ}, c.query)
		if got := show(v); err != nil || got != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", c.query, err, got, c.want)
		}
	}
}

func TestDateValues(t *testing.T) {
	day := func(s string) time.Time {
		x, err := time.Parse("2006-01-02 15:04:05.000", s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ value, in, out string }{
		{"2024", "2024-12-31 23:59:59.999", "2025-01-01 00:00:00.000"},
		{"2024-02", "2024-02-29 23:59:59.999", "2024-03-01 00:00:00.000"},
		{"2024-02-29", "2024-02-29 00:00:00.000", "2024-02-28 23:59:59.999"},
		{"2024-02-29T10:30", "2024-02-29 10:30:59.999", "2024-02-29 10:31:00.000"},
		{"2024-02-29T10:30:05Z", "2024-02-29 10:30:05.999", "2024-02-29 10:30:06.000"},
		{"2024-02-29T10:30:05.250Z", "2024-02-29 10:30:05.250", "2024-02-29 10:30:05.251"},
		{"2024-02-29T10:30:00-02:00", "2024-02-29 12:30:00.000", "2024-02-29 10:30:00.000"},
		{"ne2024-02-29", "2024-03-01 00:00:00.000", "2024-02-29 12:00:00.000"},
		{"gt2024-02-29", "2024-03-01 00:00:00.000", "2024-02-29 23:59:59.999"},
		{"sa2024-02-29", "2024-03-01 00:00:00.000", "2024-02-29 23:59:59.999"},
		{"ge2024-02-29", "2024-02-29 00:00:00.000", "2024-02-28 23:59:59.999"},
		{"lt2024-02-29", "2024-02-28 23:59:59.999", "2024-02-29 00:00:00.000"},
		{"eb2024-02-29", "2024-02-28 23:59:59.999", "2024-02-29 00:00:00.000"},
		{"le2024-02-29", "2024-02-29 23:59:59.999", "2024-03-01 00:00:00.000"},
		{"ap2024-01-04", "2024-01-07 00:00:00.000", "2024-01-09 00:00:00.000"}, // now is 30 days later
		{"ap2024-01-04", "2024-01-01 00:00:00.000", "2023-12-31 00:00:00.000"},
		// no engine compares with the year 10,000, and SQL Server's datetime begins in 1753
		{"le9999-12-31", "9999-12-31 23:59:59.998", "9999-12-31 23:59:59.999"},
		{"ge0001", "1753-01-01 00:00:00.000", "1752-12-31 23:59:59.999"},
		{"gt1500", "1753-01-01 00:00:00.000", "1752-12-31 23:59:59.999"},
	} {
		v, err := one(t, Param{Name: "x", Type: Date}, "x="+url.QueryEscape(c.value))
		if err != nil || !v.Range.Contains(day(c.in)) || v.Range.Contains(day(c.out)) {
			t.Errorf("%s: %v, %s is in: %v, %s is in: %v", c.value, err, c.in, v.Range.Contains(day(c.in)), c.out, v.Range.Contains(day(c.out)))
		}
	}
}

// TestDatePrefixLaws: whatever the precision, ne is the opposite of eq, gt of le, lt of ge, and eq is ge and le.
func TestDatePrefixLaws(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(r, "at")).UTC()
		layout := rapid.SampledFrom([]string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05.000Z07:00"}).Draw(r, "layout")
		x := at.Add(time.Duration(rapid.Int64Range(-4e10, 4e10).Draw(r, "by")) * time.Millisecond)
		in := map[Prefix]bool{}
		for _, p := range []Prefix{Eq, Ne, Gt, Lt, Ge, Le, Sa, Eb} {
			v, err := one(t, Param{Name: "x", Type: Date}, "x="+url.QueryEscape(string(p)+at.Format(layout)))
			if err != nil {
				r.Fatal(err)
			}
			in[p] = v.Range.Contains(x)
		}
		if in[Eq] == in[Ne] || in[Gt] == in[Le] || in[Lt] == in[Ge] || in[Eq] != (in[Ge] && in[Le]) || in[Sa] != in[Gt] || in[Eb] != in[Lt] {
			r.Fatalf("%s with %s: %v", x, at.Format(layout), in)
		}
	})
}

// TestSplitEscaped: escaping, joining, splitting and unescaping gives the values back.
func TestSplitEscaped(t *testing.T) {
	escape := func(s string) string {
		out := ""
		for i := range len(s) {
			if s[i] == ',' || s[i] == '|' || s[i] == '$' || s[i] == '\\' {
				out += `\`
			}
			out += s[i : i+1]
		}
		return out
	}
	rapid.Check(t, func(r *rapid.T) {
		values := rapid.SliceOfN(rapid.StringMatching(`[a,|$\\ ]{0,6}`), 1, 4).Draw(r, "values")
		joined := ""
		for i, v := range values {
			if i > 0 {
				joined += ","
			}
			joined += escape(v)
		}
		parts := splitEscaped(joined, ',')
		for i := range parts {
			parts[i] = unescape(parts[i])
		}
		if !reflect.DeepEqual(parts, values) {
			r.Fatalf("%q became %q", values, parts)
		}
	})
}
