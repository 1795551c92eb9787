package insuree

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
)

// Photograph says where the file of a photo lies below the folder of the photos, and who took it when.
type Photograph struct {
	Folder    string
	FileName  string
	OfficerID int
	Taken     time.Time // day
}

// SetPhoto makes a file the photo of an insuree, in place of the one there was. The file itself is not looked at.
func (s Service) SetPhoto(ctx context.Context, tx *db.Tx, author auth.Author, insureeID int, p Photograph) (photoID int, err error) {
	if err := MayEditInsurees.Check(author.Principal, "the photos of insurees"); err != nil {
		return 0, err
	}
	p.Folder, p.FileName = strings.TrimSpace(p.Folder), strings.TrimSpace(p.FileName)
	if err := p.check(tx, author); err != nil {
		return 0, err
	}
	i, err := findInsuree(ctx, tx, author, insureeID)
	if err != nil {
		return 0, err
	}
	if known, err := officerKnown(ctx, tx, p.OfficerID); err != nil {
		return 0, err
	} else if !known {
		return 0, fault.Input("officerId", "officerId is %d, which is not an enrolment officer.", p.OfficerID)
	}
	if err := closePhotos(ctx, tx, author, insureeID); err != nil {
		return 0, err
	}
	if photoID, err = insertPhoto(ctx, tx, author, *i, p); err != nil {
		return 0, err
	}
	return photoID, table.Change(ctx, tx, author, "tblInsuree", insureeID, db.Values{"PhotoID": photoID, "PhotoDate": p.Taken})
}

// RemovePhoto leaves an insuree without photo.
func (s Service) RemovePhoto(ctx context.Context, tx *db.Tx, author auth.Author, insureeID int) error {
	if err := MayEditInsurees.Check(author.Principal, "the photos of insurees"); err != nil {
		return err
	}
	if _, err := findInsuree(ctx, tx, author, insureeID); err != nil {
		return err
	}
	if err := closePhotos(ctx, tx, author, insureeID); err != nil {
		return err
	}
	return table.Change(ctx, tx, author, "tblInsuree", insureeID, db.Values{"PhotoID": nil, "PhotoDate": nil})
}

func (p Photograph) check(q db.Query, author auth.Author) error {
	switch {
	case p.FileName == "":
		return fault.Input("filename", "filename is empty; give the name of the photo's file.")
	case strings.ContainsAny(p.FileName, `/\`):
		return fault.Input("filename", "filename %s names a folder; give that as folder.", p.FileName)
	case slices.Contains(strings.FieldsFunc(p.Folder, func(r rune) bool { return r == '/' || r == '\\' }), ".."):
		return fault.Input("folder", "folder %s leads out of the folder of the photos.", p.Folder)
	case p.Taken.IsZero():
		return fault.Input("date", "date is missing or 0001-01-01; give the day of the photo.")
	case p.Taken.After(author.Today()):
		return fault.Input("date", "date is %s, which is in the future.", p.Taken.Format(time.DateOnly))
	}
	return table.Fit(q, "tblPhotos", [][3]string{{"folder", "PhotoFolder", p.Folder}, {"filename", "PhotoFileName", p.FileName}})
}
