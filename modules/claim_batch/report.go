package claim_batch

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/xlsx"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

// The rights of account preview and capitation.
var (
	previewAccounts = auth.Needs(111103)
	seeCapitation   = auth.Needs(111103, 131218)
)

// Routes implements modules.Routes: /claim_batch/report, with and without a slash at the end.
func (m *Module) Routes(g *echo.Group) {
	for _, path := range []string{"/claim_batch/report", "/claim_batch/report/"} {
		g.GET(path, m.download)
	}
}

// downloadTime is how long a download may take; requests else end much earlier.
const downloadTime = 30 * time.Minute

// download sends a report as CSV or XLSX while it is read. What goes wrong before the first row is an answer; after
// it the connection is broken, so that half a file is not taken for a whole one.
func (m *Module) download(c echo.Context) error {
	query := c.QueryParams()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), downloadTime)
	defer cancel()
	s, err := m.report(ctx, query)
	var write func(sheet) error
	if err == nil {
		switch format := query.Get("format"); format {
		case "", "xlsx":
			write = func(s sheet) error {
				begin(c, s.name+".xlsx", xlsx.ContentType)
				return writeXLSX(c.Response(), s)
			}
		case "csv":
			write = func(s sheet) error {
				begin(c, s.name+".csv", "text/csv; charset=utf-8")
				return writeCSV(c.Response(), s)
			}
		default:
			err = fault.Input("format", "format is %q; allowed are csv and xlsx.", format)
		}
	}
	if err != nil {
		return refuse(c, err)
	}
	next, stop := iter.Pull2(s.rows)
	defer stop()
	first, err, more := next()
	if err != nil {
		return refuse(c, err)
	}
	s.rows = func(yield func([]any, error) bool) {
		for row, err := first, error(nil); more; row, err, more = next() {
			if !yield(row, err) {
				return
			}
		}
	}
	if err := write(s); err != nil {
		m.app.Log.ErrorContext(ctx, "a report was broken off", "report", s.name, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// begin writes the head of a download and takes the time limits of ordinary answers away.
func begin(c echo.Context, name, kind string) {
	_ = http.NewResponseController(c.Response().Writer).SetWriteDeadline(time.Now().Add(downloadTime)) // a test's writer has none
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, kind)
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(http.StatusOK)
}

func refuse(c echo.Context, err error) error {
	status, ok := map[string]int{fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden, fault.Invalid: http.StatusBadRequest}[fault.Code(err)]
	if !ok {
		return err
	}
	return c.JSON(status, map[string]string{"detail": fault.Message(err)})
}

// report finds the sheet that a request asks for: report=accounts (the default) or report=capitation.
func (m *Module) report(ctx context.Context, query url.Values) (sheet, error) {
	p := parameters{query: query}
	who := auth.From(ctx)
	switch name := query.Get("report"); name {
	case "", "accounts":
		if err := previewAccounts.Check(who, "the account preview"); err != nil {
			return sheet{}, err
		}
		a := AccountQuestion{LocationID: p.number("locationId"), ProductID: p.number("prodId"), RunID: p.number("runId"), FacilityID: p.number("hfId"),
			Level: query.Get("hfLevel"), From: p.date("dateFrom"), To: p.date("dateTo"), ByProduct: p.choice("group", "H", "P") == "P"}
		claims := p.flag("showClaims")
		if p.err == nil {
			p.err = a.check()
		}
		if p.err != nil {
			return sheet{}, p.err
		}
		if claims {
			return claimSheet(m.service.AccountClaims(ctx, who.Scope, a)), nil
		}
		return accountSheet(m.service.Accounts(ctx, who.Scope, a), a.ByProduct), nil
	case "capitation":
		if err := seeCapitation.Check(who, "the capitation report"); err != nil {
			return sheet{}, err
		}
		q := CapitationQuestion{RegionID: p.number("regionId"), DistrictID: p.number("districtId"), ProductID: p.must("prodId"), Year: p.must("year"), Month: p.must("month")}
		if levels := query.Get("hfLevel"); levels != "" {
			q.Levels = strings.Split(levels, ",")
		}
		if p.err != nil {
			return sheet{}, p.err
		}
		found, err := m.service.Capitation(ctx, who.Scope, q)
		if err != nil {
			return sheet{}, err
		}
		return capitationSheet(found), nil
	default:
		return sheet{}, fault.Input("report", "report is %q; allowed are accounts and capitation.", name)
	}
}

func accountSheet(rows iter.Seq2[AccountRow, error], byProduct bool) sheet {
	s := sheet{name: "Accounts", columns: []string{"Region", "District", "Health facility code", "Health facility", "Health facility account",
		"Product code", "Product", "Product account", "Claims", "Remunerated"}}
	order := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	if byProduct {
		order = []int{5, 6, 7, 0, 1, 2, 3, 4, 8, 9}
	}
	s.columns = pick(s.columns, order)
	s.rows = each(rows, func(r AccountRow) []any {
		return pick([]any{r.Region, r.District, r.FacilityCode, r.FacilityName, r.FacilityAccount, r.ProductCode, r.ProductName, r.ProductAccount, r.Claims, r.Remunerated}, order)
	})
	return s
}

func claimSheet(rows iter.Seq2[AccountClaim, error]) sheet {
	return sheet{name: "Claims", columns: []string{"Claim code", "Claimed on", "From", "To", "Administrator code", "Administrator last name", "Administrator other names",
		"Insurance number", "Last name", "Other names", "Region", "District", "Health facility code", "Health facility", "Health facility account",
		"Product code", "Product", "Product account", "Run year", "Run month", "Asked", "Adjusted", "Valuated", "Remunerated"},
		rows: each(rows, func(r AccountClaim) []any {
			return []any{r.Code, r.Claimed, r.From, r.To, r.AdminCode, r.AdminLast, r.AdminOther, r.CHFID, r.LastName, r.OtherNames, r.Region, r.District,
				r.FacilityCode, r.FacilityName, r.FacilityAccount, r.ProductCode, r.ProductName, r.ProductAccount, optional(r.RunYear), optional(r.RunMonth), r.Asked, r.Adjusted, r.Valuated, r.Remunerated}
		})}
}

func capitationSheet(c *Capitation) sheet {
	s := sheet{name: "Capitation", columns: []string{"Region", "District", "Health facility code", "Health facility", "Health facility account", "Level", "Sublevel",
		"Population", "Families", "Insured population", "Insured families", "Claims", "Valuated",
		"For population", "For families", "For insured population", "For insured families", "For claims", "For valuated", "Payment"}}
	s.rows = func(yield func([]any, error) bool) {
		for _, r := range c.Rows {
			cells := []any{r.Region, r.District, r.FacilityCode, r.FacilityName, r.FacilityAccount, r.Level, r.Sublevel}
			for _, figures := range []rules.Figures{r.Has, r.Gets} {
				for _, x := range figures {
					cells = append(cells, x)
				}
			}
			if !yield(append(cells, r.Payment), nil) {
				return
			}
		}
	}
	return s
}

// each turns values into rows of cells.
func each[T any](values iter.Seq2[T, error], cells func(T) []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for v, err := range values {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(cells(v), nil) {
				return
			}
		}
	}
}

func pick[T any](list []T, order []int) []T {
	out := make([]T, len(order))
	for i, n := range order {
		out[i] = list[n]
	}
	return out
}

func optional(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

// parameters reads query parameters; err is the first thing that is wrong with them.
type parameters struct {
	query url.Values
	err   error
}

func (p *parameters) wrong(name, allowed string) {
	if p.err == nil {
		p.err = fault.Input(name, "%s is %q; allowed is %s.", name, p.query.Get(name), allowed)
	}
}

// number reads a whole number; one that is not given is nil.
func (p *parameters) number(name string) *int {
	text := p.query.Get(name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		p.wrong(name, "a whole number")
		return nil
	}
	v := int(n)
	return &v
}

func (p *parameters) must(name string) int {
	n := p.number(name)
	if n == nil {
		p.wrong(name, "a whole number, which must be given")
		return 0
	}
	return *n
}

func (p *parameters) date(name string) *time.Time {
	text := p.query.Get(name)
	if text == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		p.wrong(name, "a date such as 2019-03-31")
		return nil
	}
	return &day
}

func (p *parameters) choice(name string, allowed ...string) string {
	text := p.query.Get(name)
	if text == "" {
		return allowed[0]
	}
	for _, a := range allowed {
		if text == a {
			return a
		}
	}
	p.wrong(name, strings.Join(allowed, " or "))
	return allowed[0]
}

func (p *parameters) flag(name string) bool { return p.choice(name, "false", "true") == "true" }
