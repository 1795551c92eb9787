package seed

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// entry is a medical item or service.
type entry struct {
	id       int
	price    int
	care     string
	patients int
	from     int    // least level of a facility
	category string // of services
	often    int    // days that must lie between two provisions; 0: none
}

// fits says whether a facility may provide an entry to a patient: rejection reasons 10 and 4.
func (e entry) fits(care string, days bool, mask int) bool {
	if e.care == "I" && (care == "O" || !days) || e.care == "O" && (care == "I" || days) {
		return false
	}
	return e.patients&mask == mask
}

// facilityRanks orders the levels of facilities.
var facilityRanks = map[string]int{"D": 0, "C": 1, "H": 2}

// priceList is a pair of price lists with what they hold: indexes of entries.
type priceList struct {
	items, services int // identities
	itemSet         []int
	serviceSet      map[string][]int // by category
	overruled       [2]map[int]int   // items, services: price by index
}

// price is what a facility with the list asks.
func (l priceList) price(kind int, index int, e entry) int {
	if p, ok := l.overruled[kind][index]; ok {
		return p
	}
	return e.price
}

const (
	ofItems = iota
	ofServices
)

// medical writes registers, price lists and facilities.
func (g *generator) medical() {
	g.writeItems()
	g.writeServices()
	g.writeDiagnoses()
	g.lists = map[listKey]priceList{}
	for i := range g.regions {
		for _, level := range []string{"D", "C", "H"} {
			g.priceList(listKey{i, level})
		}
	}
	g.writeFacilities()
	g.facilityUsers()
}

// patients is who a register entry is for: mostly everybody.
func (g *generator) patients() int {
	return weighted[int]{{94, everybody}, {2, women + adults + minors}, {2, men + women + minors}, {2, men + women + adults}}.pick(g.random)
}

func (g *generator) writeItems() {
	drugs := g.plan.Items * 9 / 10
	for i := range g.plan.Items {
		r := row{"ItemCode": fmt.Sprintf("D%04d", i+1), "ItemType": "D"}
		e := entry{price: g.between(1, 60) * g.between(1, 40), patients: g.patients(), care: weighted[string]{{80, "B"}, {15, "O"}, {5, "I"}}.pick(g.random), from: weighted[int]{{50, 0}, {30, 1}, {20, 2}}.pick(g.random)}
		if i < drugs {
			n := i / len(substances)
			form := n % len(forms)
			r["ItemName"] = strings.Join([]string{substances[i%len(substances)], strengths[n/len(forms)%len(strengths)], forms[form]}, " ")
			if round := n / (len(forms) * len(strengths)); round > 0 {
				r["ItemName"] = fmt.Sprintf("%s, brand %d", r["ItemName"], round)
			}
			r["ItemPackage"] = packages[form%len(packages)]
		} else {
			n := i - drugs
			r["ItemCode"], r["ItemType"], r["ItemPackage"] = fmt.Sprintf("M%04d", n+1), "M", "piece"
			r["ItemName"] = consumables[n%len(consumables)] + ", " + sizes[n/len(consumables)%len(sizes)]
		}
		if g.chance(0.03) {
			e.often = g.between(7, 90)
		}
		r["ItemPrice"], r["ItemCareType"], r["ItemPatCat"], r["ItemFrequency"] = money(e.price), e.care, e.patients, e.often
		e.id = g.putChanged("tblItems", g.ago(5*365), r, row{"ItemPrice": money(e.price*9/10 + 1)})
		g.items = append(g.items, e)
	}
}

func (g *generator) writeServices() {
	var kinds []int // ten slots
	for i, k := range serviceKinds {
		for range k.share {
			kinds = append(kinds, i)
		}
	}
	made := map[int]int{}
	for i := range g.plan.Services {
		n := kinds[i%len(kinds)]
		k := serviceKinds[n]
		name := k.names[made[n]%len(k.names)]
		if v := made[n] / len(k.names); v > 0 {
			name += ", " + variants[v%len(variants)]
			if again := v / len(variants); again > 0 {
				name += fmt.Sprintf(" %d", again+1)
			}
		}
		made[n]++
		e := entry{price: g.between(k.low/50, k.high/50) * 50, care: k.care, patients: k.patients, from: k.from, category: k.category}
		if k.category == "" && g.chance(0.05) {
			e.often = g.between(7, 60)
		}
		var category any
		if k.category != "" {
			category = k.category
		}
		e.id = g.putChanged("tblServices", g.ago(5*365), row{"ServCode": fmt.Sprintf("S%04d", i+1), "ServName": name, "ServType": k.kind, "ServLevel": k.level, "ServPrice": money(e.price),
			"ServCareType": e.care, "ServFrequency": e.often, "ServPatCat": e.patients, "ServCategory": category}, row{"ServPrice": money(e.price * 9 / 10)})
		g.services = append(g.services, e)
	}
}

// writeDiagnoses writes codes of ICD-10's form: first the categories, then their first decimals.
func (g *generator) writeDiagnoses() {
	n := 0
	for decimals := -1; ; decimals++ {
		for letter := byte('A'); letter <= 'Z'; letter++ {
			for number := 0; number < 100 && letter != 'U'; number++ {
				if n == g.plan.Diagnoses {
					return
				}
				category := fmt.Sprintf("%c%02d", letter, number)
				c, name := category, common[category]
				if name == "" {
					name = fmt.Sprintf("%s, group %s", chapters[letter], category)
				}
				if decimals >= 0 {
					c, name = fmt.Sprintf("%s.%d", category, decimals), fmt.Sprintf("%s, form %d", name, decimals)
				}
				g.diagnoses = append(g.diagnoses, g.put("tblICDCodes", g.ago(5*365), row{"ICDCode": c, "ICDName": name}))
				n++
			}
		}
	}
}

// priceList writes the lists of a kind of facilities. Some prices differ from the registers'.
func (g *generator) priceList(key listKey) {
	since := g.ago(4 * 365)
	region := g.regions[key.region]
	kind := map[string]string{"D": "dispensaries", "C": "health centres", "H": "hospitals"}[key.level]
	l := priceList{serviceSet: map[string][]int{}, overruled: [2]map[int]int{{}, {}}}
	l.items = g.putChanged("tblPLItems", since, row{"PLItemName": fmt.Sprintf("Items, %s of %s", kind, region.name), "DatePL": since, "LocationId": region.id}, row{"PLItemName": "Items"})
	l.services = g.putChanged("tblPLServices", since, row{"PLServName": fmt.Sprintf("Services, %s of %s", kind, region.name), "DatePL": since, "LocationId": region.id}, row{"PLServName": "Services"})
	overrule := func(kind, i, price int) any {
		if !g.chance(0.15) {
			return nil
		}
		p := price * g.between(8, 12) / 10
		l.overruled[kind][i] = p
		return money(p)
	}
	for i, e := range g.items {
		if e.from <= facilityRanks[key.level] {
			l.itemSet = append(l.itemSet, i)
			g.put("tblPLItemsDetail", since, row{"PLItemID": l.items, "ItemID": e.id, "PriceOverule": overrule(ofItems, i, e.price)})
		}
	}
	for i, e := range g.services {
		if e.from <= facilityRanks[key.level] {
			l.serviceSet[e.category] = append(l.serviceSet[e.category], i)
			g.put("tblPLServicesDetail", since, row{"PLServiceID": l.services, "ServiceID": e.id, "PriceOverule": overrule(ofServices, i, e.price)})
		}
	}
	g.lists[key] = l
}

// percent is p hundredths.
func percent(p int) decimal.Decimal { return decimal.New(int64(p), -2) }
