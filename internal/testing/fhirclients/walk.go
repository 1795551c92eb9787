package fhirclients

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// mostPages ends a walk that does not.
const mostPages = 500

// follow goes through the pages of a list as the client does, and wants every resource once.
func (p *player) follow(t *testing.T, r Request, d dialogue, first answer) {
	seen := map[string]bool{}
	last := first
	take := func(a answer) {
		last = a
		entries, _ := value(a.v, "entry").([]any)
		for _, e := range entries {
			id := text(value(e, "resource.id"))
			if seen[id] {
				p.complain("%s comes twice in the walk", id)
			}
			seen[id] = true
		}
	}
	total, _ := strconv.Atoi(text(value(first.v, "total")))
	address := p.fill(r.Path)
	switch d.walk {
	case onePage:
		return
	case pairs:
		p.pairs(t, r, address, take)
	default:
		p.pages(t, r, d, address, first, take, func() bool { return len(seen) < total })
	}
	// The total of a last page is never an old one.
	if at := text(value(last.v, "total")); len(p.problems) == 0 && strconv.Itoa(len(seen)) != at {
		p.complain("the walk finds %d resources, total is %s", len(seen), at)
	}
}

func (p *player) pages(t *testing.T, r Request, d dialogue, address string, a answer, take func(answer), more func() bool) {
	for n := 1; ; n++ {
		take(a)
		next := text(value(a.v, "link[relation=next].url"))
		if d.walk == countUp && more() {
			if n == 1 && text(value(a.v, "link[1].url")) != next {
				p.complain("the second link is not next: %v", value(a.v, "link"))
			}
			next = numbered(t, address, n+1)
		} else if d.walk == countUp {
			next = ""
		}
		if next == "" || len(p.problems) > 0 {
			return
		}
		if n == mostPages {
			p.complain("the walk does not end")
			return
		}
		switch d.walk {
		case byNumber:
			next = numbered(t, address, n+1)
		case decodedNext:
			decoded, err := url.PathUnescape(next)
			if err != nil {
				p.complain("next cannot be decoded: %v", err)
				return
			}
			_, path, absolute := strings.Cut(decoded, "/api/")
			if !absolute {
				p.complain("next leads elsewhere: %s", next)
				return
			}
			next = p.URL + "/api/" + path
		case plainNext:
			if !strings.HasPrefix(next, p.URL+"/") {
				p.complain("next is at another address: %s", next)
				return
			}
		}
		a = p.ask(t, r, next, nil)
		p.judge(r, d, a)
	}
}

// numbered is an address with another page-offset.
func numbered(t *testing.T, address string, page int) string {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("page-offset", strconv.Itoa(page))
	u.RawQuery = q.Encode()
	return u.String()
}

// pairs reads ClaimResponse and Claim page by page: those of a number must hold the same claims in the same
// order. The client does not stop at the end, so that it must come to answers there too.
func (p *player) pairs(t *testing.T, r Request, claims string, take func(answer)) {
	responses := strings.Replace(claims, "/Claim/", "/ClaimResponse/", 1)
	for n := 1; n <= mostPages; n++ {
		second := p.ask(t, r, numbered(t, responses, n), nil)
		first := p.ask(t, r, numbered(t, claims, n), nil)
		if first.status != second.status {
			p.complain("page %d: Claim answers %d, ClaimResponse %d", n, first.status, second.status)
			return
		}
		if first.status == http.StatusNotFound && n > 1 {
			for _, past := range []int{n + 1, 13999} {
				if a := p.ask(t, r, numbered(t, claims, past), nil); a.status != http.StatusNotFound || read(a.v, "issue[0].details.text=Invalid page.") != "" {
					p.complain("page %d, past the end: %d %.300s", past, a.status, a.raw)
				}
			}
			return
		}
		if first.status != http.StatusOK {
			p.complain("page %d: %d %.300s", n, first.status, first.raw)
			return
		}
		if a, b := ids(first), ids(second); a != b {
			p.complain("page %d: Claim has %s, ClaimResponse %s", n, a, b)
			return
		}
		take(first)
	}
	p.complain("the pages do not end")
}

func ids(a answer) string {
	var list []string
	entries, _ := value(a.v, "entry").([]any)
	for _, e := range entries {
		list = append(list, text(value(e, "resource.id")))
	}
	return fmt.Sprint(list)
}
