package graphqlhttp

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
)

// packedPage is the GraphiQL page with its script and style (assets/README.md).
//
//go:embed assets/graphiql.html.gz
var packedPage []byte

// page is the GraphiQL page as it is sent. It is unpacked when the first browser asks for it.
type page struct {
	html   []byte
	etag   string
	policy string
}

var graphiql = sync.OnceValues(func() (*page, error) {
	r, err := gzip.NewReader(bytes.NewReader(packedPage))
	if err != nil {
		return nil, err
	}
	html, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(html)
	_, rest, _ := bytes.Cut(html, []byte("<script>"))
	script, _, _ := bytes.Cut(rest, []byte("</script>"))
	return &page{
		html: html,
		// weak, for the server may compress the page on its way
		etag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		// Only the page's own script runs, and it talks to its own server only. CodeMirror makes its styles
		// while it runs.
		policy: "default-src 'none'; script-src '" + hash(script) + "'; style-src 'unsafe-inline'; img-src data:; " +
			"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
	}, nil
})

func hash(script []byte) string {
	sum := sha256.Sum256(script)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// servePage answers a browser with the GraphiQL page.
func (h *Handler) servePage(w http.ResponseWriter, r *http.Request) {
	p, err := graphiql()
	if err != nil {
		h.log.ErrorContext(r.Context(), "graphiql: the page cannot be unpacked", "error", err)
		refuse(w, http.StatusInternalServerError, "The GraphiQL page is damaged.")
		return
	}
	head := w.Header()
	head.Set("Content-Security-Policy", p.policy)
	head.Set("ETag", p.etag)
	head.Set("Cache-Control", "no-cache")
	head.Add("Vary", "Accept")
	if strings.Contains(r.Header.Get("If-None-Match"), p.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(p.html)
}
