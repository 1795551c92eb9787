package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// Serve listens until ctx ends. Then it says at /readyz for DRAIN_DELAY that it stops, and still answers, so that whoever
// spreads requests over several gateways goes around it; after that running requests may finish. listening is told the addresses.
func (g *Gateway) Serve(ctx context.Context, listening func(addresses map[string]string)) error {
	main, err := g.listen("LISTEN", string(g.c.Listen))
	if err != nil {
		return err
	}
	addresses := map[string]string{"gateway": main.Addr().String()}
	servers := []struct {
		*http.Server
		net.Listener
	}{{g.server(g.handler), main}}
	challenge, conf, err := g.tls()
	if err != nil {
		_ = main.Close()
		return err
	}
	servers[0].TLSConfig = conf
	for _, extra := range []struct {
		variable, address, name string
		handler                 http.Handler
	}{
		{"LISTEN_HTTP", string(g.c.ListenHTTP), "http", challenge(http.HandlerFunc(g.toHTTPS))},
		{"LISTEN_METRICS", string(g.c.ListenMetrics), "metrics", g.registry},
	} {
		if extra.address == "" {
			continue
		}
		l, err := g.listen(extra.variable, extra.address)
		if err != nil {
			for _, s := range servers {
				_ = s.Listener.Close()
			}
			return err
		}
		addresses[extra.name] = l.Addr().String()
		servers = append(servers, struct {
			*http.Server
			net.Listener
		}{g.server(extra.handler), l})
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g.Watch(watching)
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() {
			if s.TLSConfig != nil {
				failed <- s.ServeTLS(s.Listener, "", "")
			} else {
				failed <- s.Serve(s.Listener)
			}
		}()
	}
	listening(addresses)
	select {
	case err = <-failed:
	case <-ctx.Done():
		if delay := time.Duration(g.c.DrainDelay); delay > 0 {
			g.draining.Store(true)
			g.log.Info("stopping: /readyz tells it, requests are still answered", "for", delay.String())
			select {
			case err = <-failed:
			case <-time.After(delay):
			}
		}
		g.log.Info("stopping: running requests may finish", "within", time.Duration(g.c.ShutdownTimeout).String())
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(g.c.ShutdownTimeout))
	defer cancel()
	var closing sync.WaitGroup
	for _, s := range servers {
		closing.Go(func() { _ = s.Shutdown(limit) })
	}
	closing.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// Watch asks the servers behind the gateway whether they are ready, until ctx ends. Serve does it.
func (g *Gateway) Watch(ctx context.Context) {
	for name, p := range g.pools {
		go p.watch(ctx, time.Duration(g.c.HealthInterval), healthPath(name))
	}
}

func (g *Gateway) listen(variable, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s=%q: %w", variable, address, err)
	}
	return l, nil
}

func (g *Gateway) server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: time.Duration(g.c.ReadHeaderTimeout), IdleTimeout: time.Duration(g.c.IdleTimeout), MaxHeaderBytes: 64 << 10}
}

// tls is the certificate of the gateway: its own, or one by ACME, whose challenge comes over plain HTTP.
func (g *Gateway) tls() (challenge func(http.Handler) http.Handler, conf *tls.Config, err error) {
	plain := func(h http.Handler) http.Handler { return h }
	switch {
	case g.c.TLSCert != "":
		if _, err := tls.LoadX509KeyPair(g.c.TLSCert, g.c.TLSKey); err != nil {
			return nil, nil, fmt.Errorf("TLS_CERT=%q and TLS_KEY=%q: %w", g.c.TLSCert, g.c.TLSKey, err)
		}
		var mu sync.Mutex
		var loaded time.Time
		var last *tls.Certificate
		return plain, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			mu.Lock() // a renewed certificate is taken without a restart
			defer mu.Unlock()
			if last == nil || time.Since(loaded) > time.Minute {
				pair, err := tls.LoadX509KeyPair(g.c.TLSCert, g.c.TLSKey)
				if err == nil {
					last = &pair
				} else if last == nil {
					return nil, err
				} else {
					g.log.Error("the certificate cannot be read again: going on with the last one", "error", err)
				}
				loaded = time.Now()
			}
			return last, nil
		}}, nil
	case len(g.c.ACMEHosts) > 0:
		m := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(g.c.ACMEHosts...), Email: g.c.ACMEEmail, Cache: autocert.DirCache(filepath.Join(g.c.DataDir, "acme"))}
		if g.c.ACMEURL.URL != nil {
			m.Client = &acme.Client{DirectoryURL: g.c.ACMEURL.String()}
		}
		conf := m.TLSConfig()
		conf.MinVersion = tls.VersionTLS12
		return m.HTTPHandler, conf, nil
	}
	return plain, nil, nil
}

// toHTTPS leads plain HTTP to HTTPS.
func (g *Gateway) toHTTPS(w http.ResponseWriter, r *http.Request) {
	if !g.c.AllowedHosts.Allow(r.Host) || !plainPath(r.URL) {
		http.Error(w, "Bad request", http.StatusBadRequest)
		return
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if _, port, err := net.SplitHostPort(string(g.c.Listen)); err == nil && port != "443" {
		host = net.JoinHostPort(host, port)
	}
	http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusPermanentRedirect)
}
