package seed

import "strings"

// Names of places are made of syllables; none of them is meant to be a real place.
var (
	syllableStarts = strings.Fields("Ka Me Lo Su Ti Na Bo Ri Da Fe Gu Ha Jo Ke Li Mo Nu Pa Ro Sa Te Vo Wa Ya Ze Bi Cho Dre Kwi Mba Ndo She Tha")
	syllableMiddle = strings.Fields("la ri no me ta su ko ba de fi ga lu mo na pe ro se ti va wi ya zo nga mbe ndi")
	syllableEnds   = strings.Fields("ra ni lo ta mo va sha bu ke di wa le so na ma re ti go")
)

// placeName makes a name; number keeps those of one kind apart once the syllables run out.
func (r random) placeName(used map[string]bool) string {
	for {
		name := pick(r, syllableStarts) + pick(r, syllableMiddle)
		if len(used) > 200 || r.chance(0.5) {
			name += pick(r, syllableMiddle)
		}
		if len(used) > 5000 {
			name += pick(r, syllableMiddle)
		}
		name += pick(r, syllableEnds)
		if !used[name] {
			used[name] = true
			return name
		}
	}
}

var (
	femaleNames = strings.Fields("Amina Beatrice Chipo Deborah Esther Fatou Grace Halima Irene Joyce Kavita Lindiwe Maya Naomi Olivia Pema Rose Sarita Teresa Usha Violet Wanjiru Yasmin Zainab Anita Blessing Celine Diana Eunice Farida Gloria Hope Imani Jamila Kabita Leila Marie Nirmala Patience Rachel Salome Tendai Victoria Winnie")
	maleNames   = strings.Fields("Abel Bashir Charles David Emmanuel Felix George Hassan Isaac Jacob Kamal Lameck Moses Nathan Omar Paul Rajesh Samuel Thomas Umar Victor William Yusuf Zakaria Arjun Bikash Claude Dorje Elias Faraji Gopal Henry Ibrahim Juma Kofi Laxman Musa Nabin Otieno Prakash Rashid Simon Tenzin")
	lastNames   = strings.Fields("Abebe Adhikari Banda Bhandari Chanda Chirwa Dahal Diallo Ekwueme Fofana Gautam Gurung Habib Issa Jallow Kamara Karki Khan Lama Lungu Magar Maro Mbewe Moyo Mushi Mwale Ndiaye Ngoma Nyirenda Okello Ouma Phiri Poudel Rai Sakala Sanga Sesay Shrestha Sow Tamang Temba Thapa Traore Ulaya Wangari Yadav Zulu Achieng Barry Coulibaly Dlamini Eze Ganda Hussein Juma Keita Limbu Mensah Njoroge Omondi Rana Sharma Tembo Waweru")
)

// firstName gives a name to a person of a gender.
func (r random) firstName(gender string) string {
	if gender == "F" {
		return pick(r, femaleNames)
	}
	return pick(r, maleNames)
}
