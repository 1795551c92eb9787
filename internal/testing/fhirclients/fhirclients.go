// Package fhirclients sends what real FHIR clients of openIMIS send, and reads of the answers what they read.
//
// The requests are facts about those clients, in files that are not part of this repository
// (contract/fhir-clients below IMIS_TEST_SHARED); [Load] reads them. What a file says in words about the
// members that a client reads, and about the way it goes through pages, dialogues.go has as paths and walks.
// Start with [Replay].
package fhirclients

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Client is a program and the requests that it sends, in its order.
type Client struct {
	Name     string // of the file, such as claims-app
	Base     string // the path of the mount that it talks to
	Requests []Request
}

// Request is one request of a client, with placeholders such as ${chfid} in path, headers and body.
type Request struct {
	ID      string
	Method  string
	Path    string
	Headers map[string]string
	// One of: JSON, a form, or the body of another request of the client, by its ID, with changes by path.
	Body       any
	Form       map[string]string
	BodyFrom   string         `json:"body_from"`
	BodyChange map[string]any `json:"body_change"`

	Save   map[string]string // variable → "$.member" of the answer
	Expect struct {
		Status Statuses
		Reads  []string // in words
	}
}

// Statuses is one status or a list of them.
type Statuses []int

func (s *Statuses) UnmarshalJSON(raw []byte) error {
	var one int
	if json.Unmarshal(raw, &one) == nil {
		*s = Statuses{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]int)(s))
}

// Load reads the clients of a folder, by name.
func Load(dir string) ([]Client, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var clients []Client
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c := Client{Name: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(c.Requests) > 0 { // there are files of other facts beside
			clients = append(clients, c)
		}
	}
	if len(clients) == 0 {
		return nil, fmt.Errorf("no client in %s", dir)
	}
	return clients, nil
}

// request finds a request of the client.
func (c Client) request(id string) (Request, bool) {
	i := slices.IndexFunc(c.Requests, func(r Request) bool { return r.ID == id })
	if i < 0 {
		return Request{}, false
	}
	return c.Requests[i], true
}
