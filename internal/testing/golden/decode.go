package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Ref stands for the identity of the row with that symbolic name.
type Ref string

// Day stands for the day of the run plus so many days.
type Day int

// YearDay stands for a month and day ("MM-DD") in the year of the run plus Year.
type YearDay struct {
	Year     int
	MonthDay string
}

// Stamp stands for the moment of the run.
type Stamp struct{}

// UnmarshalJSON decodes one line. Objects are read in their order, because tables, rows and identities follow it.
func (s *Scenario) UnmarshalJSON(data []byte) error {
	var raw struct {
		ID, Family, Title, Clock, Risk, Today string
		Rules                                 []string
		Seed                                  int
		Input                                 json.RawMessage
		Steps                                 []struct {
			Proc   string
			Params json.RawMessage
			Claims []json.RawMessage
			Update string
			Row    struct{ Ref Ref }
			Set    json.RawMessage
		}
		Expected struct {
			Returns    []json.RawMessage
			ResultSets [][][]json.RawMessage
			Rows       json.RawMessage
		}
	}
	err := json.Unmarshal(data, &raw)
	if err != nil {
		return err
	}
	*s = Scenario{ID: raw.ID, Family: raw.Family, Title: raw.Title, Rules: raw.Rules, Clock: raw.Clock, Seed: raw.Seed, Risk: raw.Risk}
	if s.Today, err = time.Parse(time.DateOnly, raw.Today); err != nil {
		return fmt.Errorf("today: %w", err)
	}
	if s.Input, err = decodeTables(raw.Input); err != nil {
		return fmt.Errorf("input: %w", err)
	}
	if s.Expected.Tables, err = decodeTables(raw.Expected.Rows); err != nil {
		return fmt.Errorf("expected.rows: %w", err)
	}
	for i, r := range raw.Steps {
		step := Step{Proc: r.Proc, Update: r.Update, Row: r.Row.Ref}
		if step.Params, err = decodeRow(r.Params); err != nil {
			return fmt.Errorf("step %d params: %w", i, err)
		}
		if step.Set, err = decodeRow(r.Set); err != nil {
			return fmt.Errorf("step %d set: %w", i, err)
		}
		if step.Claims, err = decodeRows(r.Claims); err != nil {
			return fmt.Errorf("step %d claims: %w", i, err)
		}
		s.Steps = append(s.Steps, step)
	}
	if s.Expected.Returns, err = decodeRows(raw.Expected.Returns); err != nil {
		return fmt.Errorf("expected.returns: %w", err)
	}
	for i, sets := range raw.Expected.ResultSets {
		var decoded [][]Row
		for _, set := range sets {
			rows, err := decodeRows(set)
			if err != nil {
				return fmt.Errorf("expected.resultsets %d: %w", i, err)
			}
			decoded = append(decoded, rows)
		}
		s.Expected.ResultSets = append(s.Expected.ResultSets, decoded)
	}
	return nil
}

func decodeTables(raw json.RawMessage) ([]Table, error) {
	var tables []Table
	err := members(raw, func(name string, dec *json.Decoder) error {
		var rows []json.RawMessage
		if err := dec.Decode(&rows); err != nil {
			return err
		}
		decoded, err := decodeRows(rows)
		tables = append(tables, Table{Name: name, Rows: decoded})
		return err
	})
	return tables, err
}

func decodeRows(raw []json.RawMessage) ([]Row, error) {
	var rows []Row
	for _, r := range raw {
		row, err := decodeRow(r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func decodeRow(raw json.RawMessage) (Row, error) {
	var row Row
	err := members(raw, func(name string, dec *json.Decoder) error {
		var v any
		if err := dec.Decode(&v); err != nil {
			return err
		}
		v, err := decodeValue(v)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name == "_id" {
			row.Name = v.(string)
			return nil
		}
		row.Columns = append(row.Columns, Column{Name: name, Value: v})
		return nil
	})
	return row, err
}

// decodeValue recognises the objects that stand for identities and relative dates.
func decodeValue(v any) (any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return v, nil
	}
	number := func(key string) (int, error) {
		n, ok := m[key].(json.Number)
		if !ok {
			return 0, fmt.Errorf("%q is %v, not a whole number", key, m[key])
		}
		i, err := n.Int64()
		return int(i), err
	}
	if ref, ok := m["ref"].(string); ok {
		return Ref(ref), nil
	}
	if _, ok := m["today"]; ok {
		n, err := number("today")
		return Day(n), err
	}
	if md, ok := m["md"].(string); ok {
		n, err := number("year")
		return YearDay{Year: n, MonthDay: md}, err
	}
	if m["now"] == true {
		return Stamp{}, nil
	}
	return nil, fmt.Errorf("%v is neither ref, today, year with md nor now", m)
}

// members calls f for each member of a JSON object in its order; a null or absent object has none.
func members(raw json.RawMessage, f func(name string, dec *json.Decoder) error) error {
	if len(raw) == 0 || slices.Equal(raw, []byte("null")) {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("want an object, got %.40s", raw)
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		if err := f(t.(string), dec); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	return nil
}
