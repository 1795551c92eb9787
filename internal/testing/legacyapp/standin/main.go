// Command standin serves a stand-in for the legacy application (package legacyapp): standin ADDRESS USER=PASSWORD…
package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/testing/legacyapp"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: standin ADDRESS USER=PASSWORD…")
		os.Exit(2)
	}
	logins := map[string]string{}
	for _, l := range os.Args[2:] {
		user, password, _ := strings.Cut(l, "=")
		logins[strings.ToLower(user)] = password
	}
	app := &legacyapp.App{Right: func(user, password string) bool {
		known, ok := logins[strings.ToLower(strings.TrimSpace(user))]
		return ok && known == password
	}}
	s := &http.Server{Addr: os.Args[1], Handler: app, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, s.ListenAndServe())
	os.Exit(1)
}
