package db

import (
	"net/url"
	"testing"
)

func TestTLSIsAskedForOfSQLServer(t *testing.T) {
	for _, c := range []struct{ host, given, want string }{
		{"db.example.org", "", "TrustServerCertificate=true&encrypt=true"},
		{"10.0.0.7", "database=IMIS", "TrustServerCertificate=true&database=IMIS&encrypt=true"},
		{"db.example.org", "encrypt=disable", "encrypt=disable"},
		{"db.example.org", "Encrypt=true", "Encrypt=true"}, // the certificate is checked then
		{"db.example.org", "trustservercertificate=false", "encrypt=true&trustservercertificate=false"},
		{"db.example.org", "certificate=ca.pem", "certificate=ca.pem&encrypt=true"},
		{"127.0.0.1", "", ""}, {"[::1]", "", ""}, {"localhost", "", ""}, {".", "", ""},
	} {
		q, err := url.ParseQuery(c.given)
		if err != nil {
			t.Fatal(err)
		}
		if askForTLS(q, c.host); q.Encode() != c.want {
			t.Errorf("%s %q: %q, want %q", c.host, c.given, q.Encode(), c.want)
		}
	}
}

func TestPlainConnectionsToPostgreSQLAreWarnedOf(t *testing.T) {
	for _, c := range []struct {
		dsn, host string
		want      bool
	}{
		{"postgres://db.example.org/imis", "db.example.org", true},
		{"postgres://db.example.org/imis?sslmode=prefer", "db.example.org", true},
		{"postgres://db.example.org/imis?sslmode=disable", "db.example.org", false},
		{"postgres://127.0.0.1/imis", "127.0.0.1", false},
		{"postgres:///imis?host=/run/postgresql", "/run/postgresql", false},
	} {
		if got := exposed(c.dsn, c.host); got != c.want {
			t.Errorf("%s: %v", c.dsn, got)
		}
	}
}
