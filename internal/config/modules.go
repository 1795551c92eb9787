package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Module is an entry of the module list.
type Module struct {
	Name    string
	Version string // selects the contract that the module speaks; empty: none was pinned
	Where   string // "openimis.json, line 3" or the variable, for errors
}

// String is the entry in the short form.
func (m Module) String() string {
	if m.Version == "" {
		return m.Name
	}
	return m.Name + "@" + m.Version
}

var (
	moduleName    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	moduleVersion = regexp.MustCompile(`^[0-9]+(\.[0-9A-Za-z]+)*([-+][0-9A-Za-z.-]+)?$`)
	// pinned is a requirement of pip with a version; paths, git URLs and bare names have none.
	pinned = regexp.MustCompile(`^\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*(?:===?|~=|>=)\s*v?([0-9][0-9A-Za-z.+-]*)`)
)

const (
	allowedNames    = "lower-case letters, digits and _, such as claim_batch"
	allowedVersions = "a version such as 0.0.16"
)

// ParseModuleList reads the short form: core,location,claim@0.0.16. from is the name of the variable,
// for errors.
func ParseModuleList(from, text string) ([]Module, error) {
	var list []Module
	for _, item := range splitList(text) {
		name, version, at := strings.Cut(item, "@")
		m := Module{Name: strings.TrimSpace(name), Version: strings.TrimSpace(version), Where: from}
		if at && m.Version == "" {
			return nil, fmt.Errorf("%s: module %q has no version after @; allowed: %s", from, m.Name, allowedVersions)
		}
		if err := m.check(list); err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		list = append(list, m)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s=%q names no module; allowed: modules separated by commas, each with @version or without", from, text)
	}
	return list, nil
}

// check refuses a module that has a bad name or version, or is in the list already.
func (m Module) check(list []Module) error {
	if !moduleName.MatchString(m.Name) {
		return fmt.Errorf("the name of a module cannot be %q; allowed: %s", m.Name, allowedNames)
	}
	if m.Version != "" && !moduleVersion.MatchString(m.Version) {
		return fmt.Errorf("module %s has the version %q; allowed: %s", m.Name, m.Version, allowedVersions)
	}
	for _, other := range list {
		if other.Name == m.Name {
			return fmt.Errorf("module %s is named twice", m.Name)
		}
	}
	return nil
}

// ParseModulesFile reads the openimis.json of the Python distribution:
//
//	{"modules": [{"name": "claim", "pip": "openimis-be-claim==0.0.16"}, …]}
//
// pip may be absent, a path or a git URL, which pin no version; a key "version" pins one too. Other
// keys have no meaning here. Errors name the file, the line and the module.
func ParseModulesFile(file string, data []byte) ([]Module, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	p := &fileParser{file: file, data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	if err := p.object(); err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, p.fail(p.dec.InputOffset(), "nothing may follow the object, but something does")
	}
	if !p.found {
		return nil, p.fail(0, `"modules" is missing; %s is expected`, aFile)
	}
	if len(p.list) == 0 {
		return nil, p.fail(0, `"modules" is empty; at least one module is expected, such as %s`, anEntry)
	}
	return p.list, nil
}

type fileParser struct {
	file  string
	data  []byte
	dec   *json.Decoder
	list  []Module
	found bool
}

// fail is an error about a place.
func (p *fileParser) fail(offset int64, format string, args ...any) error {
	return fmt.Errorf("%s: %s", p.place(offset), fmt.Sprintf(format, args...))
}

// place names file and line.
func (p *fileParser) place(offset int64) string {
	offset = min(max(offset, 0), int64(len(p.data)))
	return fmt.Sprintf("%s, line %d", p.file, 1+bytes.Count(p.data[:offset], []byte("\n")))
}

// broken describes an error of the JSON decoder.
func (p *fileParser) broken(err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &typ) && typ.Field == "":
		return p.fail(p.dec.InputOffset(), "a module is expected, such as %s; here is %s", anEntry, kinds[typ.Value])
	case errors.As(err, &typ):
		return p.fail(p.dec.InputOffset(), "%q of a module must be a text in quotes, such as %s; here is %s", typ.Field, anEntry, kinds[typ.Value])
	case errors.As(err, &syntax) && syntax.Offset < int64(len(p.data)):
		return p.fail(syntax.Offset, "this is not JSON: %s; look for a comma, a quote or a bracket that is missing or too many here", strings.TrimPrefix(syntax.Error(), "json: "))
	}
	return p.fail(int64(len(p.data)), "the file ends too early: a bracket or a brace is not closed")
}

// aFile is how the file looks.
const aFile = `{"modules": [{"name": "claim"}, …]}`

// anEntry is how an entry of the list looks.
const anEntry = `{"name": "claim", "pip": "openimis-be-claim==0.0.16"}`

// kinds are the kinds of JSON values in words.
var kinds = map[string]string{"number": "a number", "string": "a text", "bool": "true or false", "array": "a list", "object": "an object"}

// found describes a token that is not what is expected.
func found(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "an object", '[': "a list"}[t]
	case string:
		return "a text"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	}
	return "null"
}

func (p *fileParser) object() error {
	start, err := p.dec.Token()
	if err != nil {
		return p.broken(err)
	}
	if start != json.Delim('{') {
		return p.fail(p.dec.InputOffset(), "an object is expected, %s; here is %s", aFile, found(start))
	}
	for p.dec.More() {
		key, err := p.dec.Token()
		if err != nil {
			return p.broken(err)
		}
		if key != "modules" {
			var skip json.RawMessage
			if err := p.dec.Decode(&skip); err != nil {
				return p.broken(err)
			}
			continue
		}
		if p.found {
			return p.fail(p.dec.InputOffset(), `"modules" is there twice; one list is expected`)
		}
		p.found = true
		if err := p.modules(); err != nil {
			return err
		}
	}
	if _, err := p.dec.Token(); err != nil {
		return p.broken(err)
	}
	return nil
}

func (p *fileParser) modules() error {
	start, err := p.dec.Token()
	if err != nil {
		return p.broken(err)
	}
	if start != json.Delim('[') {
		return p.fail(p.dec.InputOffset(), `"modules" must be a list, %s; here is %s`, aFile, found(start))
	}
	for p.dec.More() {
		var raw struct {
			Name    string `json:"name"`
			Pip     string `json:"pip"`
			Version string `json:"version"`
		}
		if err := p.dec.Decode(&raw); err != nil {
			return p.broken(err)
		}
		at := p.dec.InputOffset()
		m := Module{Name: raw.Name, Version: strings.TrimPrefix(raw.Version, "v"), Where: p.place(at)}
		if pin := pinned.FindStringSubmatch(raw.Pip); pin != nil {
			if m.Version != "" && m.Version != pin[1] {
				return p.fail(at, "module %s has the version %q and pip %q; allowed: one of them, or the same", raw.Name, raw.Version, raw.Pip)
			}
			m.Version = pin[1]
		}
		if err := m.check(p.list); err != nil {
			return p.fail(at, "%v", err)
		}
		p.list = append(p.list, m)
	}
	if _, err := p.dec.Token(); err != nil {
		return p.broken(err)
	}
	return nil
}
