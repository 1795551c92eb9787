package server_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// get fetches a path of the server as a user; the path goes over the wire as it is.
func (r *running) get(user, path string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.URL, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.URL.Opaque = path
	if user != "" {
		req.Header.Set("Remote-User", user)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

func TestPhotosAreServedToWhoMaySeeTheInsuree(t *testing.T) {
	d := dbtest.SQLite(t)
	w := fill(t, d, 2)
	top := t.TempDir()
	root := filepath.Join(top, "photos")
	for file, text := range map[string]string{"photos/Images/Updated/1.jpg": "photo one", "secret.jpg": "secret", "photos/Images/2.jpg": "nobody's"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(top, "secret.jpg"), filepath.Join(root, "link.jpg")); err != nil {
		t.Fatal(err)
	}
	err := d.Write(t.Context(), "photos", func(tx *db.Tx) error {
		for folder, file := range map[string]string{`Images\Updated\`: "1.jpg", "..": "secret.jpg", "": "link.jpg", `Images\gone\`: "3.jpg"} {
			if _, err := tx.Insert(context.Background(), "tblPhotos", db.Values{"InsureeID": w.Insurees[0], "CHFID": "000000", "PhotoFolder": folder, "PhotoFileName": file, "OfficerID": 1, "PhotoDate": now, "ValidityFrom": now, "AuditUserID": 1}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, d, map[string]string{"PHOTO_ROOT": root})
	for _, c := range []struct {
		name, user, path string
		status           int
	}{
		{"of an insuree in the user's district", "u0", "/api/insuree/photo/Images/Updated/1.jpg", 200},
		{"with the slashes of the legacy folders", "u0", "/api/insuree/photo/Images%5CUpdated%5C1.jpg", 200},
		{"to an administrator", "admin", "/api/insuree/photo/Images/Updated/1.jpg", 200},
		{"of an insuree elsewhere", "u1", "/api/insuree/photo/Images/Updated/1.jpg", 404},
		{"to nobody", "", "/api/insuree/photo/Images/Updated/1.jpg", 401},
		{"a file that no insuree has", "admin", "/api/insuree/photo/Images/2.jpg", 404},
		{"a file that is gone", "admin", "/api/insuree/photo/Images/gone/3.jpg", 404},
		{"out of the folder", "admin", "/api/insuree/photo/../secret.jpg", 404},
		{"a name that no database has", "admin", "/api/insuree/photo/%00.jpg", 404},
		{"a name that is not a text", "admin", "/api/insuree/photo/%ff.jpg", 404},
		{"out of the folder, escaped", "admin", "/api/insuree/photo/..%2Fsecret.jpg", 404},
		{"out of the folder, backslash", "admin", "/api/insuree/photo/..%5Csecret.jpg", 404},
		{"through a link", "admin", "/api/insuree/photo/link.jpg", 404},
		{"the folder itself", "admin", "/api/insuree/photo/Images/Updated/", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := r.get(c.user, c.path)
			if status != c.status || (status == 200) != (body == "photo one") {
				t.Errorf("%d %q, want %d", status, body, c.status)
			}
		})
	}
}
