package db

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// What goes over a network to the database is encrypted, unless the URL says otherwise: sslmode of PostgreSQL,
// encrypt of SQL Server. Without a word about it the server is asked for TLS, and its certificate is not checked:
// that keeps out who listens, and works with the certificate that the server has made itself. Who stands between
// is kept out by sslmode=verify-full, or encrypt=true with a certificate that is trusted here.

// local says whether a host is this machine.
func local(host string) bool {
	if host == "" || strings.HasPrefix(host, "/") || strings.EqualFold(host, "localhost") || host == "." {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// askForTLS sets what the parameters of a SQL Server URL leave open; the driver would encrypt the login alone.
func askForTLS(q url.Values, host string) {
	for name := range q {
		if strings.EqualFold(name, "encrypt") {
			return
		}
	}
	if local(host) {
		return
	}
	q.Set("encrypt", "true")
	for name := range q {
		if strings.EqualFold(name, "TrustServerCertificate") || strings.EqualFold(name, "certificate") || strings.EqualFold(name, "serverCertificate") {
			return
		}
	}
	q.Set("TrustServerCertificate", "true")
}

// noteTLS warns once of a connection to PostgreSQL that is not encrypted although nobody asked for that: the
// server has no TLS.
func (d *DB) noteTLS(ctx context.Context, dsn string, c *pgx.Conn) {
	if _, encrypted := c.PgConn().Conn().(*tls.Conn); encrypted || !exposed(dsn, c.Config().Host) {
		return
	}
	d.plain.Do(func() {
		d.log.WarnContext(ctx, "the database server has no TLS: what it is asked and answers goes over the network unencrypted (sslmode=disable says that this is meant, sslmode=require that it must not be)", "database", d.name)
	})
}

// exposed says whether a connection without TLS goes over a network unasked.
func exposed(dsn, host string) bool {
	u, err := url.Parse(dsn)
	return err == nil && !local(host) && u.Query().Get("sslmode") != "disable"
}
