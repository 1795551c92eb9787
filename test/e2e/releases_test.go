package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An earlier release: the first commit whose instances register themselves, before the step of `server migrate`
// that made the table of subscriptions.
const (
	earlier       = "2026-11-30-0938"
	earlierCommit = "e5657ffa1e0f33ad6cdd2235f351b58755a56ecd"
)

// buildEarlier builds the server of the earlier release from the history of the repository.
func buildEarlier(t *testing.T) string {
	t.Helper()
	if err := exec.Command("git", "-C", repository, "cat-file", "-e", earlierCommit+"^{commit}").Run(); err != nil {
		if out, _ := exec.Command("git", "-C", repository, "rev-parse", "--is-shallow-repository").Output(); strings.TrimSpace(string(out)) == "true" {
			t.Skipf("a shallow clone has no commit %s, from which an earlier release is built; git fetch --unshallow gets it", earlierCommit)
		}
		t.Fatalf("the history of the repository has no commit %s, from which an earlier release is built", earlierCommit)
	}
	source := t.TempDir()
	archive, err := exec.Command("git", "-C", repository, "archive", "--format=tar", earlierCommit).Output()
	if err != nil {
		t.Fatal(err)
	}
	unpack := exec.Command("tar", "-x", "-C", source)
	unpack.Stdin = bytes.NewReader(archive)
	if text, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, text)
	}
	return build(t, source, earlier)
}

// Two releases, built from different commits, run on one database as backend and ibackend. One of them is restarted, upgraded
// and rolled back under load, while the other one answers without an error; and then the other way round.
func TestTwoReleasesOnOneDatabase(t *testing.T) {
	old, now := buildEarlier(t), build(t, repository, current)
	d := newDeployment(t, old)
	d.front([]string{d.launch("ibackend", old, "iapi")}, []string{d.launch("backend", old, "api")}, 1)
	d.launch("worker", old, "worker")
	gateway := d.gateways[0]
	asks := d.signIn(gateway, "Admin", "admin123")
	l := d.work("V", d.signIn(gateway, "Admin", "admin123"), d.signIn(gateway, "Admin", "admin123"))

	runs := func(want ...string) {
		t.Helper()
		said := ""
		await(t, fmt.Sprintf("instances %v", want), time.Minute, func() bool {
			said = output(t, d.common, filepath.Join(now, "server"), "instances")
			return strings.Contains(said, fmt.Sprintf("%d running on", len(want))) && contains(said, want)
		})
	}
	runs(earlier+" serve iapi", earlier+" serve api", earlier+" worker iapi")

	// The new release adds what it needs beside the running earlier ones.
	output(t, d.common, filepath.Join(now, "server"), "migrate")

	// subscriptions is the status of what only the new release has.
	subscriptions := func() int { t.Helper(); status, _ := asks.fhir(t.Context(), "Subscription"); return status }
	if got := subscriptions(); got != http.StatusNotFound {
		t.Errorf("the earlier release has subscriptions: %d", got)
	}
	// becomes replaces a server by one of the programs in bin.
	becomes := func(name, bin string) {
		t.Helper()
		p := d.services[name]
		p.stop()
		p.command[0] = filepath.Join(bin, "server")
		p.start()
		if at := d.address[name]; at != "" && name != "worker" {
			await(t, name, time.Minute, func() bool { return d.get(at+"/readyz") == http.StatusOK })
			await(t, "the gateway", time.Minute, d.ready)
		}
		time.Sleep(2 * time.Second) // under load
	}
	// steady fails the test when something went wrong that is not of the server that was replaced.
	steady := func(since time.Time, replaced string) {
		t.Helper()
		failed, requests := l.since(since)
		other := 0
		for _, f := range failed {
			if (f.what == "FHIR") != (replaced == "backend") {
				if other++; other < 10 {
					t.Errorf("while %s was replaced: %s: %v", replaced, f.what, f.err)
				}
			}
		}
		t.Logf("while %s was replaced %d of %d requests failed, %d of them at the server that stayed", replaced, len(failed), requests, other)
	}

	began := time.Now()
	becomes("backend", now) // upgraded
	runs(earlier+" serve iapi", current+" serve api", earlier+" worker iapi")
	if got := subscriptions(); got != http.StatusOK {
		t.Errorf("the new release has no subscriptions: %d", got)
	}
	becomes("backend", now) // restarted
	becomes("backend", old) // rolled back
	runs(earlier+" serve iapi", earlier+" serve api", earlier+" worker iapi")
	if got := subscriptions(); got != http.StatusNotFound {
		t.Errorf("rolled back: %d", got)
	}
	output(t, d.common, filepath.Join(old, "server"), "migrate") // what an operator may well do; it has nothing to do
	becomes("backend", now)
	steady(began, "backend")

	began = time.Now()
	becomes("ibackend", now)
	runs(current+" serve iapi", current+" serve api", earlier+" worker iapi")
	becomes("ibackend", now)
	becomes("ibackend", old)
	runs(earlier+" serve iapi", current+" serve api", earlier+" worker iapi")
	becomes("worker", now)
	runs(earlier+" serve iapi", current+" serve api", current+" worker iapi")
	steady(began, "ibackend")
	d.verify(asks, l.end())
}

// contains says whether said has a line for each of want, whose words are the first of the line.
func contains(said string, want []string) bool {
	lines := map[string]int{}
	for _, line := range strings.Split(said, "\n") {
		lines[strings.Join(strings.Fields(line)[:min(3, len(strings.Fields(line)))], " ")]++
	}
	for _, w := range want {
		if lines[w]--; lines[w] < 0 {
			return false
		}
	}
	return true
}
