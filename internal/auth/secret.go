package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// Secret is what tokens are signed with: SECRET_KEY, or else one that the first start that needs it
// makes and keeps. Of an embedded database it is kept in a file beside it; of a shared one in the table
// imis_secret, so that all instances have the same.
type Secret struct {
	Configured string // SECRET_KEY; wins
	File       string // where to keep it, readable for its owner only; "" means in the database
	DB         *db.DB
	Clock      clock.Clock

	mu    sync.Mutex
	value string
}

// minSecret is the least length of a secret that is kept: what a cut-off file or row would not have.
const minSecret = 32

// Get gives the secret. What cannot be read is tried again with the next call; the error is
// fault.Unavailable.
func (s *Secret) Get(ctx context.Context) (string, error) {
	if s.Configured != "" {
		return s.Configured, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != "" {
		return s.value, nil
	}
	keep := s.inTable
	if s.File != "" {
		keep = s.inFile
	}
	value, err := keep(ctx)
	if err == nil && len(value) < minSecret {
		err = fmt.Errorf("the secret that is kept is shorter than %d characters", minSecret)
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable, "Tokens cannot be used just now: there is no key to sign them. The operator sets SECRET_KEY, or finds the reason in the log.")
	}
	s.value = value
	return value, nil
}

// inFile reads the file or makes it. Of several processes that make it, the first one's stays: a file
// appears whole, by a hard link, which is refused where there is one.
func (s *Secret) inFile(context.Context) (string, error) {
	for try := 0; ; try++ {
		raw, err := os.ReadFile(s.File)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || try > 0 {
			return strings.TrimSpace(string(raw)), err
		}
		if err := s.makeFile(); err != nil {
			return "", err
		}
	}
}

func (s *Secret) makeFile() error {
	dir := filepath.Dir(s.File)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".secret-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(base62(50) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), s.File); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// tokenSecret is the row of imis_secret.
const tokenSecret = "tokens"

const selectSecret = `SELECT s."value" FROM "imis_secret" s WHERE s."name" = ?`

// inTable reads the row or makes it. The key of the table decides between several instances.
func (s *Secret) inTable(ctx context.Context) (string, error) {
	if !s.DB.Offers("imis_secret", "") {
		return "", errors.New("the table imis_secret is missing: run `server migrate`, or set SECRET_KEY")
	}
	var value string
	for try := 0; ; try++ {
		err := s.DB.Write(ctx, "the secret of tokens", func(tx *db.Tx) error { // not from a replica that lags behind
			err := tx.Get(ctx, &value, selectSecret, tokenSecret)
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			value = base62(50)
			_, err = tx.Insert(ctx, "imis_secret", db.Values{"name": tokenSecret, "value": value, "created": s.Clock()})
			return err
		})
		switch {
		case err == nil:
			return value, nil
		case try == 0 && errors.Is(db.Kind(err), db.ErrDuplicate):
			continue
		case fault.Code(err) == fault.Unavailable: // a database that takes no writes may have the row all the same
			if s.DB.Get(ctx, &value, selectSecret, tokenSecret) == nil {
				return value, nil
			}
		}
		return "", err
	}
}
