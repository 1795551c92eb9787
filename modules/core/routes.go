package core

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
)

// currentUser is what the React application asks for at its start.
type currentUser struct {
	ID        string     `json:"id"`
	Username  string     `json:"username"`
	Person    *person    `json:"i_user"`
	Technical *technical `json:"t_user"`
}

type person struct {
	ID             int    `json:"id"`
	Language       string `json:"language"`
	LastName       string `json:"last_name"`
	OtherNames     string `json:"other_names"`
	HealthFacility *int   `json:"health_facility_id"`
}

type technical struct {
	ID       string `json:"id"`
	Language string `json:"language"`
	Username string `json:"username"`
	Email    string `json:"email"`
}

// Routes implements modules.Routes: /core/users/current_user, with and without a slash at the end.
func (m *Module) Routes(g *echo.Group) {
	for _, path := range []string{"/core/users/current_user", "/core/users/current_user/"} {
		g.GET(path, m.currentUser)
	}
}

func (m *Module) currentUser(c echo.Context) error {
	p := auth.From(c.Request().Context())
	if p == nil {
		return c.JSON(http.StatusForbidden, map[string]string{"detail": "Authentication credentials were not provided."})
	}
	out := currentUser{ID: p.ID, Username: p.Username}
	if u := p.Person; u != nil {
		out.Person = &person{u.ID, u.Language, u.LastName, u.OtherNames, u.HealthFacility}
	}
	if u := p.Technical; u != nil {
		out.Technical = &technical{u.ID, "en", p.Username, u.Email}
	}
	return c.JSON(http.StatusOK, out)
}
