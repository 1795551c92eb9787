package modules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// FHIRModule is the name that switches the FHIR server on. It is not a Module: it knows none of them.
const FHIRModule = "api_fhir"

// fhirR4Module is the name that the Python distribution has for FHIR R4.
const fhirR4Module = "api_fhir_r4"

// unused are the modules of the Python distribution that this program has no use for: what they serve
// belongs to contracts that it does not speak, or is part of other modules here.
var unused = []string{
	"calculation", "calcrule_", "claim_ai_quality", "claim_sampling", "contract", "contribution_plan", "controls", "dashboard_etl",
	"deduplication", "dhis2_etl", "grievance_social_protection", "im_export", "individual", "insuree_batch", "invoice", "msystems",
	"opensearch_reports", "payer", "payment", "payment_cycle", "payroll", "policy_notification", "policyholder", "report",
	"service_management", "social_protection", "tasks_management", "tools", "worker_voucher", "workflow",
}

// isUnused says whether the distribution has a module of that name, or a family of them (calcrule_…).
func isUnused(name string) bool {
	return slices.ContainsFunc(unused, func(u string) bool {
		return name == u || strings.HasSuffix(u, "_") && strings.HasPrefix(name, u)
	})
}

// Choice is a module as the operator lists it.
type Choice struct {
	Name    string
	Version string // "" pins none
	Where   string // the place in the operator's list, for errors; may be empty
}

// fail is an error about the entry.
func (c Choice) fail(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if c.Where != "" {
		text = c.Where + ": " + text
	}
	return errors.New(text)
}

// Chosen is what a list of modules comes to.
type Chosen struct {
	Pins     Pins
	Contract Contract
	Skipped  []string // modules of the distribution that this program has no use for
}

// Choose reads the operator's list: which modules are enabled, in which contract. compiled are the names
// of the modules that there are, contracts those that are spoken, the one of a list without versions
// first. It refuses unknown names and lists that mix contracts.
func Choose(choices []Choice, compiled []string, contracts []Contract) (Chosen, error) {
	c := Chosen{Pins: Pins{}}
	var first Choice // the first with a version
	var speaks *Contract
	for _, m := range choices {
		if m.Name == fhirR4Module {
			m.Name, m.Version = FHIRModule, ""
			if _, listed := c.Pins[FHIRModule]; listed || slices.ContainsFunc(choices, func(o Choice) bool { return o.Name == FHIRModule }) {
				continue // R4 is served beside whatever api_fhir is pinned to
			}
		}
		switch _, twice := c.Pins[m.Name]; {
		case twice:
			return c, m.fail("module %s is listed twice", m.Name)
		case m.Name == FHIRModule, slices.Contains(compiled, m.Name):
			c.Pins[m.Name] = m.Version
		case isUnused(m.Name):
			c.Skipped = append(c.Skipped, m.Name)
			continue
		default:
			return c, m.fail("unknown module %q; there are: %s", m.Name, strings.Join(append(slices.Clone(compiled), FHIRModule), ", "))
		}
		if m.Version == "" || m.Name == FHIRModule { // FHIR has releases of its own
			continue
		}
		k := slices.IndexFunc(contracts, func(k Contract) bool { return k.Of(m.Version) })
		var of *Contract
		if k >= 0 {
			of = &contracts[k]
		}
		if first.Name == "" {
			first, speaks = m, of
		} else if of != speaks {
			return c, m.fail("module %s is pinned to version %s and module %s to version %s, which speak different contracts with clients; all modules of an instance speak one (two instances can run beside each other)", first.Name, first.Version, m.Name, m.Version)
		}
	}
	switch {
	case len(c.Pins) == 0:
		return c, errors.New("no module is enabled")
	case first.Name != "" && speaks == nil:
		var spoken []string
		for _, k := range contracts {
			spoken = append(spoken, k.Releases)
		}
		return c, first.fail("module %s is pinned to version %s, whose contract with clients this program does not speak; versions that it speaks: %s", first.Name, first.Version, strings.Join(spoken, ", "))
	case speaks == nil:
		speaks = &contracts[0]
	}
	c.Contract = *speaks
	return c, nil
}

// Pins are the enabled modules with their versions, "" where none is pinned.
type Pins map[string]string

// Has says whether a module is enabled.
func (p Pins) Has(module string) bool { _, ok := p[module]; return ok }

// Before says whether a module is enabled and pinned to an earlier release than version.
func (p Pins) Before(module, version string) bool {
	pinned := p[module]
	return pinned != "" && compareVersions(pinned, version) < 0
}

// compareVersions compares the numbers of two versions; what follows them does not count.
func compareVersions(a, b string) int {
	numbers := func(s string) (list [4]int) {
		for i, part := range strings.SplitN(s, ".", len(list)) {
			end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
			if end >= 0 {
				part = part[:end]
			}
			list[i], _ = strconv.Atoi(part)
		}
		return list
	}
	x, y := numbers(a), numbers(b)
	for i := range x {
		if c := cmp.Compare(x[i], y[i]); c != 0 {
			return c
		}
	}
	return 0
}
