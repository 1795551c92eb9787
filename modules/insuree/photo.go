package insuree

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// photos serves the files that tblPhotos names from the configured folder.
type photos struct {
	root string
	db   *db.DB
}

// Routes implements modules.Routes: /insuree/photo/<folder>/<filename>, as tblPhotos has them (with
// either kind of slash). Only photos of insurees whom the user may see are served.
func (m *Module) Routes(g *echo.Group) { g.GET("/insuree/photo/*", m.photos.serve) }

func (p photos) serve(c echo.Context) error {
	ctx := c.Request().Context()
	who := auth.From(ctx)
	if err := Read.Check(who, "photos"); err != nil {
		status := http.StatusForbidden
		if fault.Code(err) == fault.Unauthenticated {
			status = http.StatusUnauthorized
		}
		return c.JSON(status, map[string]string{"detail": fault.Message(err)})
	}
	missing := func() error {
		return c.JSON(http.StatusNotFound, map[string]string{"detail": "There is no such photo."})
	}
	name := strings.ReplaceAll(c.Param("*"), `\`, "/")
	file := name[strings.LastIndexByte(name, '/')+1:]
	if p.root == "" || file == "" || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return missing()
	}
	known, err := p.known(ctx, file, strings.TrimSuffix(name, file), who.Scope)
	if err != nil {
		return err
	}
	if !known {
		return missing()
	}
	root, err := os.OpenRoot(p.root) // nothing outside of the folder can be opened through it
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(strings.TrimPrefix(name, "/")))
	if err != nil {
		return missing()
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return missing()
	}
	audit.From(ctx).Code(audit.Photo, name)
	http.ServeContent(c.Response(), c.Request(), file, info.ModTime(), f)
	return nil
}

// known says whether tblPhotos has the file in the folder, for an insuree that s may see.
func (p photos) known(ctx context.Context, file, folder string, s auth.Scope) (bool, error) {
	folders, err := PhotoFolders(ctx, p.db, s, file)
	if err != nil {
		return false, err
	}
	for _, f := range folders {
		if strings.EqualFold(strings.Trim(strings.ReplaceAll(f, `\`, "/"), "/"), strings.Trim(folder, "/")) {
			return true, nil
		}
	}
	return false, nil
}
