package fhirclients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Server is the server that the clients talk to.
type Server struct {
	URL string // without a path
	// Values are the placeholders of a client, from the data that the server has.
	Values func(client string) map[string]string
	// Dump keeps a body for the validators.
	Dump func(path, name string, body []byte)
	// NotYet are requests, as client/request, that fail, and why. One that succeeds is a failure as well:
	// the table must shrink.
	NotYet map[string]string
}

// stu3Too is the client that has a branch for either release.
const stu3Too = "dhis2-adapter"

// Replay sends every request of the clients, each in a test of its own, and gives their number.
func Replay(t *testing.T, s Server, clients []Client) (requests int) {
	left := maps.Clone(s.NotYet)
	known := maps.Clone(dialogues)
	for _, c := range clients {
		play := func(name, base string) {
			p := &player{Server: s, client: c, name: name, values: s.Values(c.Name)}
			p.values["base"] = base
			t.Run(name, func(t *testing.T) {
				for _, r := range c.Requests {
					key := name + "/" + r.ID
					d, ok := dialogues[key]
					if !ok {
						d, ok = dialogues[c.Name+"/"+r.ID]
					}
					delete(known, key)
					why, failing := s.NotYet[key]
					delete(left, key)
					requests++
					t.Run(r.ID, func(t *testing.T) {
						if !ok || len(r.Expect.Reads) > 0 && len(d.reads) == 0 && d.fork == "" {
							t.Fatalf("what the client reads is not known: %q", r.Expect.Reads)
						}
						problems := p.play(t, r, d)
						switch {
						case failing && len(problems) == 0:
							t.Errorf("succeeds: take it out of the table of what does not yet (%s)", why)
						case failing:
							t.Logf("not yet (%s): %s", why, strings.Join(problems, "; "))
						default:
							for _, x := range problems {
								t.Error(x)
							}
						}
					})
				}
			})
		}
		play(c.Name, c.Base)
		if c.Name == stu3Too {
			play(c.Name+"-stu3", "/api/api_fhir")
		}
	}
	for key := range left {
		t.Errorf("%s is in the table of what does not succeed yet, but no request", key)
	}
	for key := range known {
		t.Errorf("%s is a dialogue, but no request of a client", key)
	}
	return requests
}

// player is a client at work.
type player struct {
	Server
	client   Client
	name     string
	values   map[string]string
	problems []string
}

// answer is what came back; v is its JSON, with numbers as they are written.
type answer struct {
	status int
	kind   string // content type
	raw    []byte
	v      any
}

func (p *player) complain(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// play sends r, goes on as the client does, and says what is wrong.
func (p *player) play(t *testing.T, r Request, d dialogue) []string {
	p.problems = nil
	a := p.send(t, r)
	if len(p.problems) == 0 {
		p.judge(r, d, a)
	}
	if len(p.problems) > 0 {
		return p.problems
	}
	for name, path := range r.Save {
		p.values[name] = text(value(a.v, strings.TrimPrefix(path, "$.")))
	}
	for name, path := range d.keeps {
		p.values[name] = text(value(a.v, path))
	}
	// The next request of a client may be about what this one answered.
	for name, path := range map[string]string{"id": "id", "entry.fullUrl": "entry[0].fullUrl"} {
		if v := value(a.v, path); v != nil {
			p.values[name] = text(v)
		}
	}
	if d.fork == "" {
		p.follow(t, r, d, a)
	}
	return p.problems
}

// judge holds an answer against what the client expects of it.
func (p *player) judge(r Request, d dialogue, a answer) {
	statuses := r.Expect.Status
	switch {
	case d.fork != "":
		statuses, d.reads = Statuses{http.StatusNotFound}, []string{"resourceType=OperationOutcome", "issue[0].severity=error", "issue[0].details.text"}
	case d.status != 0:
		statuses = Statuses{d.status}
	}
	if !slices.Contains(statuses, a.status) {
		p.complain("status %d instead of %v: %.300s", a.status, statuses, a.raw)
		return
	}
	if a.v == nil && len(d.reads) > 0 {
		p.complain("no JSON: %.300s", a.raw)
		return
	}
	// Some of the clients decode nothing else.
	if a.v != nil && !strings.HasPrefix(a.kind, "application/json") {
		p.complain("the content type is %s", a.kind)
	}
	for _, path := range d.reads {
		if missing := read(a.v, path); missing != "" {
			p.complain("%s in %.1000s", missing, a.raw)
		}
	}
	// Clients forward or store every entry as what they asked for.
	if kind := typeOf(r.Path); value(a.v, "resourceType") == "Bundle" {
		entries, _ := value(a.v, "entry").([]any)
		for i, e := range entries {
			if got := text(value(e, "resource.resourceType")); got != kind {
				p.complain("entry[%d] is a %s in a list of %s", i, got, kind)
			}
		}
	}
}

// typeOf is the resource type in the path of a request.
func typeOf(path string) string {
	path, _, _ = strings.Cut(strings.TrimPrefix(path, "${base}/"), "?")
	path, _, _ = strings.Cut(path, "/")
	return path
}

func (p *player) send(t *testing.T, r Request) answer {
	var body []byte
	switch content := p.body(t, r); {
	case content != nil:
		var err error
		if body, err = json.Marshal(p.filled(content)); err != nil {
			t.Fatal(err)
		}
	case r.Form != nil:
		form := url.Values{}
		for name, v := range r.Form {
			form.Set(name, p.fill(v))
		}
		body = []byte(form.Encode())
	}
	address := p.fill(r.Path)
	if len(p.problems) > 0 {
		return answer{}
	}
	return p.ask(t, r, address, body)
}

// body is the JSON of a request, its own or another one's with changes.
func (p *player) body(t *testing.T, r Request) any {
	if r.BodyFrom == "" {
		return r.Body
	}
	from, ok := p.client.request(r.BodyFrom)
	if !ok {
		t.Fatalf("body_from: there is no request %s", r.BodyFrom)
	}
	raw, err := json.Marshal(from.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body any
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	for path, to := range r.BodyChange {
		if err := set(body, path, to); err != nil {
			t.Fatal(err)
		}
	}
	return body
}

// ask sends body with the method and headers of r to an address, or a path of the server.
func (p *player) ask(t *testing.T, r Request, address string, body []byte) answer {
	if strings.HasPrefix(address, "/") {
		address = p.URL + address
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range r.Headers {
		req.Header.Set(name, p.fill(v))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, kind: res.Header.Get("Content-Type")}
	if a.raw, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	decode := json.NewDecoder(bytes.NewReader(a.raw))
	decode.UseNumber()
	if decode.Decode(&a.v) != nil {
		a.v = nil
	}
	if value(a.v, "resourceType") != nil {
		p.Dump(req.URL.Path, p.name+"-"+r.ID, a.raw)
	}
	return a
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// fill puts values where a text has placeholders.
func (p *player) fill(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(found string) string {
		v, ok := p.values[found[2:len(found)-1]]
		if !ok {
			p.complain("no earlier answer has %s", found)
		}
		return v
	})
}

// filled is fill for every text in JSON.
func (p *player) filled(v any) any {
	switch v := v.(type) {
	case string:
		return p.fill(v)
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = p.filled(x)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, x := range v {
			object[name] = p.filled(x)
		}
		return object
	}
	return v
}
