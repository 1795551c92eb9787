package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// Warnings that repeat are counted; what differs in its texts, informations and errors are not.
func TestWarningsThatRepeatAreCounted(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelInfo, "text")
	memory := log.Handler().(requestHandler).Handler.(*counting).memory
	var minute []func()
	memory.after = func(_ time.Duration, fn func()) { minute = append(minute, fn) }
	for i := range 5 {
		log.Warn("the broker is away", "broker", "a", "try", i, "in", time.Duration(i))
	}
	log.Warn("the broker is away", "broker", "b")
	log.With("broker", "c").Warn("the broker is away")
	log.Info("hello")
	log.Info("hello")
	log.Error("broken", "error", errors.New("disk\nfull"))
	log.Error("broken", "error", errors.New("disk\nfull"))
	if n := strings.Count(out.String(), "\n"); n != 7 {
		t.Errorf("%d lines:\n%s", n, &out)
	}
	out.Reset()
	for _, fn := range minute {
		fn()
	}
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "broker=a") || !strings.Contains(got, "repeated=4") {
		t.Errorf("at the end of the minute:\n%s", got)
	}
	out.Reset()
	log.Warn("the broker is away", "broker", "a")
	if !strings.Contains(out.String(), "broker=a") {
		t.Error("a warning of the next minute is not logged")
	}
	for i := range 30 {
		log.Error(fmt.Sprint("error ", i))
	}
	errs := LastErrors(log)
	if len(errs) != keptErrors || errs[0].Message != "error 29" || errs[0].At.IsZero() {
		t.Errorf("last errors %+v", errs)
	}
}

// A slow request is logged with its slowest statements, a slow statement by itself, without any value.
func TestWhatIsSlowIsLoggedWithItsSQL(t *testing.T) {
	var out bytes.Buffer
	log, m := NewLogger(&out, slog.LevelInfo, "text"), NewMetrics()
	took := Statements(log, m, time.Second)
	e := echo.New()
	e.Use(Requests(Options{Log: log, Metrics: m, Slow: time.Nanosecond}))
	e.GET("/x", func(c echo.Context) error {
		for i, ms := range []int{3, 50, 7, 20, 1} {
			took(c.Request().Context(), fmt.Sprintf("SELECT %d\n  FROM x", i), time.Duration(ms)*time.Millisecond)
		}
		return c.NoContent(http.StatusOK)
	})
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x?secret=1", nil))
	if got := out.String(); !strings.Contains(got, "slow operation") || !strings.Contains(got, `sql="50.0 ms: SELECT 1 FROM x; 20.0 ms: SELECT 3 FROM x; 7.0 ms: SELECT 2 FROM x"`) || strings.Contains(got, "slow statement") {
		t.Errorf("log:\n%s", got)
	}
	out.Reset()
	took(t.Context(), "UPDATE x SET y = ?", 999*time.Millisecond)
	took(t.Context(), "UPDATE x SET y = ?", time.Second)
	if got := out.String(); strings.Count(got, "slow statement") != 1 || !strings.Contains(got, "UPDATE x SET y = ?") {
		t.Errorf("log:\n%s", got)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{`openimis_database_statement_duration_seconds_count{verb="select"} 5`, `openimis_database_statement_duration_seconds_count{verb="update"} 2`} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}
