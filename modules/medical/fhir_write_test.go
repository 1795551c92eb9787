package medical_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/medical"
	"github.com/openimis/openimis-be-go/modules/medical/rules"
)

type object = fhirsession.Object

var (
	now                                    = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	coded, extension, concept              = fhirsession.Coded, fhirsession.Extension, fhirsession.Concept
	addItem, editItem, deleteItem          = 122102, 122103, 122104
	addService, editService, deleteService = 121402, 121403, 121404
	everyRight                             = []int{addItem, editItem, deleteItem, addService, editService, deleteService}
)

// as signs somebody in who has rights, without some of them.
func as(t *testing.T, d *db.DB, rights ...int) *fhirsession.Session {
	t.Helper()
	who := &auth.Principal{Username: "clerk", Rights: map[int]bool{}}
	for _, r := range rights {
		who.Rights[r] = true
	}
	return fhirsession.New(t, d, clock.Fixed(now), who, medical.New(&modules.App{DB: d, Clock: clock.Fixed(now)}).Resources()...)
}

// onEvery runs fn on every engine, and on a database without UUIDs.
func onEvery(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	dbtest.Each(t, fn)
	t.Run("without UUIDs", func(t *testing.T) {
		d := dbtest.SQLite(t)
		dbtest.DropUUIDs(t, d)
		fn(t, d)
	})
}

func price(amount any) object {
	return extension("unit-price", "Money", object{"value": amount, "currency": "USD"})
}

func usage(url, code, system string, values ...string) object {
	var codings []object
	for _, v := range values {
		codings = append(codings, object{"system": system, "code": v})
	}
	return object{"url": url, "valueUsageContext": object{"code": object{"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": code},
		"valueCodeableConcept": object{"coding": codings}}}
}

func medication(code string, extensions ...object) object {
	return object{"resourceType": "Medication", "identifier": []object{coded("Code", code)}, "code": object{"text": "Paracetamol"}, "status": "active",
		"form": object{"text": "Tin 500 TABLETS"}, "extension": append([]object{price(12.345), extension("medication-type", "CodeableConcept", concept("x", "D"))}, extensions...)}
}

func activity(code string, contexts ...object) object {
	return object{"resourceType": "ActivityDefinition", "identifier": []object{coded("Code", code)}, "name": code, "title": "Stitching", "status": "active",
		"topic":     []object{concept("x", "C")},
		"extension": []object{price(7), extension("activity-definition-level", "CodeableConcept", concept("x", "V"))}, "useContext": contexts}
}

func TestItemsAreWritten(t *testing.T) {
	onEvery(t, func(t *testing.T, d *db.DB) {
		c := as(t, d, everyRight...)
		only := object{"url": apifhir.StructureDefinition("medication-usage-context"), "extension": []object{
			usage("Gender", "gender", "g", "female"), usage("Age", "age", "a", "adult", "child"), usage("CareType", "venue", "v", "IMP")}}
		every := extension("medication-frequency", "Timing", object{"repeat": object{"frequency": 1, "period": 30, "periodUnit": "d"}})
		m := c.Send("POST", "r4/Medication/", medication("PARA", only, every), http.StatusCreated)
		told := map[string]string{
			"code.text": "Paracetamol", "form.text": "Tin 500 TABLETS", "amount.numerator.value": "500", "extension.~unit-price.valueMoney.value": "12.35", "status": "active",
			"extension.~medication-type.valueCodeableConcept.coding.0.code": "D", "extension.~medication-frequency.valueTiming.repeat.period": "30",
			"extension.~medication-usage-context.extension.~Gender.valueUsageContext.valueCodeableConcept.coding.0.code":   "female",
			"extension.~medication-usage-context.extension.~Gender.valueUsageContext.valueCodeableConcept.coding.1":        "",
			"extension.~medication-usage-context.extension.~Age.valueUsageContext.valueCodeableConcept.coding.1.code":      "child",
			"extension.~medication-usage-context.extension.~CareType.valueUsageContext.valueCodeableConcept.coding.0.code": "IMP",
		}
		m.Want(told)
		c.Get("r4/Medication/PARA").Want(told)
		if at := c.Send("POST", "r4/Medication", medication("PARA2"), http.StatusCreated).Text("id"); !strings.Contains(c.Last.Header().Get("Location"), "/Medication/"+at+"/_history/") {
			t.Errorf("Location: %s", c.Last.Header().Get("Location"))
		}
		// What upstream wrote for the price, and a resource that says nothing of patients and care.
		sic := medication("SIC")
		sic["extension"].([]object)[0]["url"] = apifhir.Base + "CodeSystem/unit-price"
		c.Send("POST", "r4/Medication", sic, http.StatusCreated).Want(map[string]string{"extension.~unit-price.valueMoney.value": "12.35",
			"extension.~medication-usage-context.extension.~Age.valueUsageContext.valueCodeableConcept.coding.1.code":      "child",
			"extension.~medication-usage-context.extension.~CareType.valueUsageContext.valueCodeableConcept.coding.1.code": "AMB"})

		// Sending back what was read writes nothing; a change is a version.
		id := "r4/Medication/" + m.Text("id")
		c.Send("PUT", id, c.Get(id).V, http.StatusOK).Want(told)
		c.Get(id + "/_history").Want(map[string]string{"total": "1"})
		c.Send("PATCH", id, object{"code": object{"text": "Paracetamol 500"}}, http.StatusOK).Want(map[string]string{"code.text": "Paracetamol 500", "form.text": "Tin 500 TABLETS"})
		c.Send("PATCH", id, `[{"op":"remove","path":"/form"}]`, http.StatusOK, "Content-Type", "application/json-patch+json").Want(map[string]string{"form": "", "code.text": "Paracetamol 500"})
		history := c.Get(id + "/_history")
		history.Want(map[string]string{"total": "3", "entry.2.resource.code.text": "Paracetamol", "entry.0.resource.form": ""})
		c.Send("PUT", id, medication("PARA"), http.StatusPreconditionFailed, "If-Match", `W/"1"`)
		moved := medication("PARA3")
		c.Send("PUT", id, moved, http.StatusOK).Want(map[string]string{"extension.~medication-frequency": "",
			"extension.~medication-usage-context.extension.~Gender.valueUsageContext.valueCodeableConcept.coding.0.code": "female"}) // not said: as it was
		c.Send("GET", "r4/Medication/PARA", nil, http.StatusNotFound)
		c.Send("POST", "r4/Medication", medication("PARA3"), http.StatusOK, "If-None-Exist", "identifier=PARA3").Want(map[string]string{"id": m.Text("id")})
		c.Send("POST", "r4/Medication", medication("para3"), http.StatusBadRequest)

		c.Send("DELETE", id, nil, http.StatusNoContent)
		c.Send("GET", id, nil, http.StatusNotFound)
		c.Send("POST", "r4/Medication", medication("PARA3"), http.StatusCreated) // the code is free again
		c.Send("DELETE", "r4/Medication/none", nil, http.StatusNotFound)
	})
}

func TestServicesAreWritten(t *testing.T) {
	onEvery(t, func(t *testing.T, d *db.DB) {
		c := as(t, d, everyRight...)
		context := func(code, value string) object {
			return object{"code": object{"system": "s", "code": code}, "valueCodeableConcept": concept("x", value)}
		}
		body := activity("ST1", context("gender", "male"), context("age", "child"), context("venue", "AMB"), context("workflow", "S"))
		body["timingTiming"] = object{"repeat": object{"frequency": 1, "period": 7, "periodUnit": "d"}}
		a := c.Send("POST", "r4/ActivityDefinition", body, http.StatusCreated)
		told := map[string]string{"name": "ST1", "title": "Stitching", "topic.0.coding.0.code": "C", "extension.~unit-price.valueMoney.value": "7",
			"extension.~activity-definition-level.valueCodeableConcept.coding.0.code": "V", "timingTiming.repeat.period": "7", "useContext.3.valueCodeableConcept.coding.0.code": "S",
			"useContext.0.valueCodeableConcept.coding.0.code": "male", "useContext.1.valueCodeableConcept.coding.0.code": "child", "useContext.2.valueCodeableConcept.coding.0.code": "AMB"}
		a.Want(told)
		id := "r4/ActivityDefinition/" + a.Text("id")
		c.Send("PUT", id, c.Get(id).V, http.StatusOK).Want(told)
		c.Get(id + "/_history").Want(map[string]string{"total": "1"})
		c.Send("PATCH", id, object{"title": "Sewing"}, http.StatusOK).Want(map[string]string{"title": "Sewing", "name": "ST1"})
		c.Send("PUT", id, activity("ST1"), http.StatusOK).Want(map[string]string{"title": "Stitching", "useContext.3": "", "timingTiming": ""})
		c.Send("DELETE", id, nil, http.StatusNoContent)
		c.Send("GET", "r4/ActivityDefinition/ST1", nil, http.StatusNotFound)
	})
}

// What is removed from the register is on no price list any more.
func TestPriceListsLoseWhatIsDeleted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := as(t, d, everyRight...)
		c.Send("POST", "r4/Medication", medication("M"), http.StatusCreated)
		c.Send("POST", "r4/ActivityDefinition", activity("A"), http.StatusCreated)
		for _, x := range []struct{ list, details, register, key, code, value, path string }{
			{"tblPLItems", "tblPLItemsDetail", "tblItems", "ItemID", "ItemCode", "M", "Medication"},
			{"tblPLServices", "tblPLServicesDetail", "tblServices", "ServiceID", "ServCode", "A", "ActivityDefinition"},
		} {
			var key int
			if err := d.Get(t.Context(), &key, fmt.Sprintf(`SELECT r."%s" FROM "%s" AS r WHERE r."%s" = ?`, x.key, x.register, x.code), x.value); err != nil {
				t.Fatal(err)
			}
			named := map[string]string{"tblPLItems": "PLItemName", "tblPLServices": "PLServName"}[x.list]
			listKey := map[string]string{"tblPLItems": "PLItemID", "tblPLServices": "PLServiceID"}[x.list]
			if err := d.Write(t.Context(), "list", func(tx *db.Tx) error {
				list, err := tx.Insert(t.Context(), x.list, db.Values{named: "National", "DatePL": now, "AuditUserID": 1, "ValidityFrom": now})
				if err != nil {
					return err
				}
				_, err = tx.Insert(t.Context(), x.details, db.Values{listKey: list, x.key: key, "AuditUserID": 1, "ValidityFrom": now})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			c.Send("DELETE", "r4/"+x.path+"/"+x.value, nil, http.StatusNoContent)
			var current, kept int
			for n, where := range map[*int]string{&current: `d."ValidityTo" IS NULL`, &kept: `d."ValidityTo" IS NOT NULL`} {
				if err := d.Get(t.Context(), n, fmt.Sprintf(`SELECT COUNT(*) FROM "%s" AS d WHERE d."%s" = ? AND %s`, x.details, x.key, where), key); err != nil {
					t.Fatal(err)
				}
			}
			if current != 0 || kept != 2 {
				t.Errorf("%s: %d current rows and %d of history", x.details, current, kept)
			}
		}
	})
}

// What is wrong is named with its place, everything at once, and nothing is written.
func TestRegisterEntriesThatAreRefused(t *testing.T) {
	onEvery(t, func(t *testing.T, d *db.DB) {
		c := as(t, d, everyRight...)
		c.Send("POST", "r4/Medication", medication("TAKEN"), http.StatusCreated)
		c.Send("POST", "r4/ActivityDefinition", activity("TAKEN"), http.StatusCreated)
		with := func(base object, member string, value any) object { base[member] = value; return base }
		priced := func(base object, amount any) object { base["extension"].([]object)[0] = price(amount); return base }
		context := func(kind, code string) object {
			return object{"code": object{"code": kind}, "valueCodeableConcept": concept("x", code)}
		}
		const m, a = "Medication.", "ActivityDefinition."
		for name, x := range map[string]struct {
			body       object
			path, text string
		}{
			"taken":     {medication("taken"), m + "identifier", "another item with the code taken"},
			"long code": {medication("TOOLONG"), m + "identifier", "at most 6"},
			"long name": {with(medication("1"), "code", object{"text": strings.Repeat("x", 101)}), m + "code.text", "at most 100"},
			"long form": {with(medication("1"), "form", object{"text": strings.Repeat("x", 256)}), m + "form.text", "at most 255"},
			"negative":  {priced(medication("1"), -1), m + "extension('unit-price')", "out of range"},
			"too much":  {priced(medication("1"), 1e16), m + "extension('unit-price')", "out of range"},
			"currency": {with(medication("1"), "extension", []object{extension("unit-price", "Money", object{"value": 1, "currency": "NPR"}), extension("medication-type", "CodeableConcept", concept("", "D"))}),
				m + "extension('unit-price')", "NPR"},
			"type":     {with(medication("1"), "extension", []object{price(1), extension("medication-type", "CodeableConcept", concept("", "Z"))}), m + "extension('medication-type')", "allowed: D, M"},
			"inactive": {with(medication("1"), "status", "inactive"), m + "status", "inactive"},
			"weekly": {medication("1", extension("medication-frequency", "Timing", object{"repeat": object{"period": 1, "periodUnit": "wk"}})),
				m + "extension('medication-frequency')", "whole number of days"},
			"seldom": {medication("1", extension("medication-frequency", "Timing", object{"repeat": object{"period": 40000, "periodUnit": "d"}})),
				m + "extension('medication-frequency')", "32767"},
			"who": {medication("1", object{"url": apifhir.StructureDefinition("medication-usage-context"), "extension": []object{usage("Gender", "gender", "g", "adult")}}),
				m + "extension('medication-usage-context')", "adult"},
			"nothing": {object{"resourceType": "Medication"}, m + "identifier", "The request cannot be processed due to the following issues:\nMissing medication `item_code` attribute,\n" +
				"Missing medication `item_name` attribute,\nMissing `unit-price` extension"},
			"taken service": {activity("TAKEN"), a + "identifier", "another service"},
			"two codes":     {with(activity("1"), "name", "2"), a + "name", "both are the code"},
			"retired":       {with(activity("1"), "status", "retired"), a + "status", "active"},
			"topic":         {with(activity("1"), "topic", []object{concept("", "Q")}), a + "topic", "allowed: P, C"},
			"venue":         {activity("1", context("venue", "HH")), a + "useContext[0]", "allowed: IMP, AMB"},
			"workflow":      {activity("1", context("workflow", "Z")), a + "useContext", "allowed: S"},
			"long title":    {with(activity("1"), "title", strings.Repeat("é", 101)), a + "title", "at most 100"},
			"level":         {with(activity("1"), "extension", []object{price(1)}), a + "extension('activity-definition-level')", "activity-definition-level"},
			"no number":     {priced(activity("1"), "x"), a + "extension[0].valueMoney.value", "number"},
		} {
			t.Run(name, func(t *testing.T) {
				c.T = t
				c.Refused("POST", "r4/"+fmt.Sprint(x.body["resourceType"]), x.body, http.StatusBadRequest, x.path, x.text)
			})
		}
		c.T = t
		for _, kind := range []string{"Medication", "ActivityDefinition"} {
			if got := c.Get("r4/" + kind).Codes("Code"); got != "TAKEN" {
				t.Errorf("written: %s", got)
			}
		}
	})
}

// A transaction is all or nothing, and a batch tells of each.
func TestRegistersInBundles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := as(t, d, everyRight...)
		entry := func(body object) object {
			return object{"resource": body, "request": object{"method": "POST", "url": body["resourceType"]}}
		}
		bundle := func(kind string, entries ...object) object {
			return object{"resourceType": "Bundle", "type": kind, "entry": entries}
		}
		c.Send("POST", "r4", bundle("transaction", entry(medication("1")), entry(activity("1")), entry(medication("1"))), http.StatusBadRequest)
		c.Get("r4/Medication").Want(map[string]string{"total": "0"})
		c.Send("POST", "r4", bundle("transaction", entry(medication("1")), entry(activity("1"))), http.StatusOK)
		c.Send("POST", "r4", bundle("batch", entry(medication("2")), entry(medication("2"))), http.StatusOK).Want(map[string]string{"entry.0.response.status": "201 Created", "entry.1.response.status": "400 Bad Request"})
		c.Get("r4/Medication").Want(map[string]string{"total": "2"})
	})
}

func TestWhoWritesRegisters(t *testing.T) {
	d := dbtest.SQLite(t)
	all := as(t, d, everyRight...)
	all.Send("POST", "r4/Medication", medication("M"), http.StatusCreated)
	all.Send("POST", "r4/ActivityDefinition", activity("A"), http.StatusCreated)
	for _, x := range []struct {
		method, path string
		body         any
		right, ok    int
	}{
		{"POST", "r4/Medication", medication("M2"), addItem, 201}, {"PUT", "r4/Medication/M", medication("M"), editItem, 200}, {"PATCH", "r4/Medication/M", object{}, editItem, 200},
		{"DELETE", "r4/Medication/M", nil, deleteItem, 204}, {"POST", "r4/ActivityDefinition", activity("A2"), addService, 201},
		{"PUT", "r4/ActivityDefinition/A", activity("A"), editService, 200}, {"DELETE", "r4/ActivityDefinition/A", nil, deleteService, 204},
	} {
		var others []int
		for _, r := range everyRight {
			if r != x.right {
				others = append(others, r)
			}
		}
		as(t, d, others...).Send(x.method, x.path, x.body, http.StatusForbidden)
		as(t, d, x.right).Send(x.method, x.path, x.body, x.ok)
	}
}

// Two senders that enter the same code at once do not both succeed.
func TestCodesAreGivenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := as(t, d, everyRight...)
		c.Send("POST", "r4/Medication", medication("FIRST"), http.StatusCreated)
		const senders = 4
		done := make(chan int, senders)
		for range senders {
			go func() {
				err := d.Write(context.Background(), "enter", func(tx *db.Tx) error {
					_, err := medical.Registers{}.EnterItem(context.Background(), tx, auth.Author{Principal: &auth.Principal{Admin: true}, At: now}, someItem("SAME"))
					return err
				})
				if err != nil {
					done <- 0
					return
				}
				done <- 1
			}()
		}
		n := 0
		for range senders {
			n += <-done
		}
		if n != 1 {
			t.Errorf("the code was given %d times", n)
		}
	})
}

func someItem(code string) rules.Item {
	return rules.Item{Entry: rules.Entry{Code: code, Name: "x", CareType: "B", Category: rules.Everybody}, Type: "D"}
}
